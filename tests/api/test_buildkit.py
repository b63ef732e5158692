"""POST /grpc and /session: BuildKit's protocol, with the part of buildx played by a client here."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from tests.api.conftest import Api
from tests.fakes.buildkit_client import (
    BRIDGE,
    CONTROL,
    Served,
    build,
    connected,
    directory,
    file,
    session,
    upgraded,
)
from tests.fakes.engine import IMAGE_ID

from seacan.api.access import parse_access, scoped
from seacan.api.buildkit.messages import (
    Empty,
    InfoResponse,
    ListWorkersResponse,
    SolveRequest,
    SolveResponse,
    Typed,
)
from seacan.api.server import routes
from seacan.build.runs import CommandFailed
from seacan.errors import Forbidden
from seacan.grpc.status import CallFailed, Code
from seacan.version import VERSION

T = TypeVar("T")
DOCKERFILE = b"FROM busybox\nCOPY . /\nRUN --mount=type=secret,id=s true\n"
UPGRADE = b"Host: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n"


def served(dockerfile: bytes = DOCKERFILE, **changes: Any) -> Served:
    files = [file("Dockerfile", dockerfile), directory("d"), file("d/f", b"x" * 5000)]
    return Served({"dockerfile": files, "context": files}, **changes)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def test_a_build(api: Api) -> None:
    has = served(secrets={"s": b"hush"}, credentials={"registry-1.docker.io": ("me", "word")})
    attributes = {"filename": "Dockerfile", "build-arg:A": "b", "label:l": "m", "no-cache": ""}
    exporters = (Typed("moby", {"name": "one:1,two"}),)

    outcome = run(build(api.path, has, attributes, exporters=exporters))

    assert outcome.exporter["containerimage.digest"] == IMAGE_ID
    assert outcome.exporter["image.name"] == "docker.io/library/one:1,docker.io/library/two:latest"
    ((request, names, pulls, credentials),) = api.engine.builds.requests
    assert request.dockerfile == DOCKERFILE
    assert names == ["Dockerfile", "d", "d/f"]
    assert [tag.familiar for tag in request.tags] == ["one:1", "two:latest"]
    assert (request.wanted.build_args, request.labels) == ({"A": "b"}, {"l": "m"})
    assert (request.uses_cache, pulls, request.secrets) == (False, False, {"s": b"hush"})
    assert (credentials["docker.io"].username, credentials["docker.io"].password) == ("me", "word")
    assert "[internal] load build context" in outcome.names()
    assert "exporting to image" in outcome.names()


def test_what_is_left_out_of_the_context(api: Api) -> None:
    has = served(b"FROM scratch\nCOPY d /\n")
    has.directories["context"].append(file(".dockerignore", b"x/*.o\n!x/a.o\n"))
    run(build(api.path, has))
    metadata = has.asked[-1]
    assert metadata["dir-name"] == "context"
    assert metadata["exclude-patterns"] == "!x/a.o"  # the last of two lines
    assert metadata["followpaths"] == "d"


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"attest:sbom": ""}, "not supported: attest:sbom of a build"),
        ({"new": "1"}, "not supported: new of a build (1)"),
        ({"context:x": "oci-layout://y"}, "not supported: build context x=oci-layout://y"),
        ({"context:x::linux/amd64": "local:y"}, "not supported: context x of one platform"),
        ({"requestid": "frontend.new"}, "not supported: frontend.new"),
        ({"force-network-mode": "x"}, "not supported: network mode x of a build"),
        ({"context": "ftp://x"}, "not supported: build context ftp://x"),
    ],
)
def test_what_is_not_supported_is_named(
    api: Api, attributes: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CallFailed, match=sentence.replace("(", r"\(").replace(")", r"\)")) as info:
        run(build(api.path, served(), attributes))
    assert info.value.status.code == Code.UNIMPLEMENTED
    assert api.engine.builds.requests == []


@pytest.mark.parametrize(
    ("exporter", "sentence"),
    [
        (Typed("new"), "not supported: exporter new"),
        (Typed("moby", {"push": "true"}), "not supported: push=true of an exported image"),
    ],
)
def test_exporters_that_are_none(api: Api, exporter: Typed, sentence: str) -> None:
    async def solve() -> None:
        async with connected(api.path) as client:
            request = SolveRequest(ref="r", exporters=(exporter,))
            await client.ask(f"{CONTROL}/Solve", request, SolveResponse)

    with pytest.raises(CallFailed, match=sentence):
        run(solve())


def test_an_error_in_the_dockerfile_has_its_place(api: Api) -> None:
    with pytest.raises(CallFailed, match="unknown instruction: FOO") as info:
        run(build(api.path, served(b"FROM scratch\nFOO\n")))
    (detail,) = info.value.status.details
    assert detail.type_url == "github.com/moby/buildkit/errdefs.Source+json"
    assert b'"ranges": [{"start": {"line": 2}, "end": {"line": 2}}]' in detail.value


def test_a_command_that_fails(api: Api) -> None:
    api.engine.builds.error = CommandFailed(["sh", "-c", "exit 3"], 3)
    sentence = 'process "sh -c exit 3" did not complete successfully: exit code: 3'
    with pytest.raises(CallFailed, match=sentence):
        run(build(api.path, served()))


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (file("../x", b"x"), "outside of the root"),
        (file("a\0b", b"x"), "a path that is none"),
        (file("x", b"", size=1 << 60), "bad size"),
        (file("x", b"", link="nothing"), "is a link to nothing"),
    ],
)
def test_a_context_that_is_none(api: Api, entry: Any, sentence: str) -> None:
    has = served()
    has.directories["context"] = [entry]
    with pytest.raises(CallFailed, match=sentence):
        run(build(api.path, has))
    assert api.engine.builds.requests == []


def test_a_session_that_does_not_come(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seacan.api.buildkit.sessions._COMES_S", 0.0)

    async def solve() -> None:
        async with connected(api.path) as client:
            request = SolveRequest(ref="r", session="nobody", frontend="dockerfile.v0")
            await client.ask(f"{CONTROL}/Solve", request, SolveResponse)

    with pytest.raises(CallFailed, match="no active session for nobody"):
        run(solve())


def test_a_session_of_the_same_id(api: Api) -> None:
    async def twice() -> None:
        async with session(api.path, "one", Served()):
            await upgraded(api.path, "/session", {"X-Docker-Expose-Session-Uuid": "one"})

    with pytest.raises(AssertionError, match=r"HTTP/1\.1 409 "):
        run(twice())


def test_what_the_builder_is(api: Api) -> None:
    async def look() -> tuple[Any, Any]:
        async with connected(api.path) as client:
            info = await client.ask(f"{CONTROL}/Info", Empty(), InfoResponse)
            workers = await client.ask(f"{CONTROL}/ListWorkers", Empty(), ListWorkersResponse)
            return info, workers

    info, workers = run(look())
    assert info.version.version == f"v{VERSION}"
    assert [platform.os for platform in workers.records[0].platforms] == ["linux"]


def test_calls_that_are_none(api: Api) -> None:
    async def call(path: str) -> None:
        async with connected(api.path) as client:
            await client.ask(path, Empty(), Empty)

    for path, sentence in (
        (f"{CONTROL}/New", "not supported: moby.buildkit.v1.Control/New"),
        (f"{BRIDGE}/NewContainer", "not supported: moby.buildkit.v1.frontend.LLBBridge/New"),
        (f"{BRIDGE}/Ping", "a call of a build's client needs"),
    ):
        with pytest.raises(CallFailed, match=sentence):
            run(call(path))


@pytest.mark.parametrize("path", ["/grpc", "/v1.51/grpc", "/session"])
def test_only_upgrades(api: Api, path: str) -> None:
    answer = api.ask("POST", path, described=False)
    assert (answer.status, "an upgrade to h2c is wanted" in answer.message) == (400, True)


def test_what_is_no_http2_ends_the_connection(api: Api) -> None:
    answer = api.exchange(b"POST /grpc HTTP/1.1\r\n" + UPGRADE + b"\r\n", b"GET / HTTP/1.1\r\n\r\n")
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"HTTP/1.1" not in rest


@pytest.mark.parametrize("text", ["access=read", "access=containers:label=a=b"])
def test_sockets_for_a_part_have_neither(api: Api, text: str) -> None:
    found = scoped(routes(api.engine), parse_access(text), api.engine.containers)
    for route in found:
        if route.path in ("/grpc", "/session"):
            with pytest.raises(Forbidden, match="is not served on this socket"):
                run(route.handler(None))  # type: ignore[arg-type]
