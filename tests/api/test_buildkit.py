"""POST /grpc and /session: BuildKit's protocol, with the part of buildx played by a client here."""

import asyncio
import json
import time
from collections.abc import Coroutine
from pathlib import Path
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
    session_in_a_call,
    upgraded,
)
from tests.fakes.images import IMAGE_ID
from tests.images.archives import directory as directory_entry
from tests.images.archives import member, symlink, tar

from seacan.api.access import parse_access, scoped
from seacan.api.authorization import Authorized
from seacan.api.buildkit.messages import (
    Definition,
    Empty,
    InfoResponse,
    ListWorkersResponse,
    Result,
    SolveRequest,
    SolveResponse,
    Typed,
)
from seacan.api.door import Door
from seacan.api.server import routes
from seacan.build.caches.exported import Packed
from seacan.build.runs import CommandFailed
from seacan.errors import Forbidden
from seacan.grpc.status import CallFailed, Code
from seacan.http.messages import Request
from seacan.images import documents
from seacan.spec.image import Descriptor
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
        (Typed("local", {"platform-split": "false"}), "not supported: platform-split=false"),
        (Typed("oci", {"tar": "false"}), "not supported: tar=false of exporter oci"),
        (Typed("oci", {"compression": "zstd"}), "not supported: compression=zstd of exporter oci"),
        (Typed("tar", {"push": "true"}), "not supported: push=true of exporter tar"),
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


def test_only_what_has_changed_is_sent_again(api: Api, tmp_path: Path) -> None:
    api.engine.builds.kept_directory = tmp_path
    old, now = 10**18, time.time_ns()

    def has(**contents: bytes) -> Served:
        files = [file(name, data, mtime_ns=old) for name, data in contents.items()]
        files += [file("new", b"new", mtime_ns=now), file("none", b"")]
        return Served({"dockerfile": [file("Dockerfile", DOCKERFILE)], "context": files})

    first, again = has(a=b"x" * 5000, b=b"y"), has(a=b"x" * 5000, b=b"yy")
    run(build(api.path, first, key="dir:1"))
    assert first.sent == ["Dockerfile", "a", "b", "new"]
    run(build(api.path, again, key="dir:1"))
    assert again.sent == ["Dockerfile", "b", "new"]
    other = has(a=b"x" * 5000, b=b"yy")
    run(build(api.path, other, key="dir:2"))
    assert other.sent == first.sent


def test_files_for_the_client(api: Api) -> None:
    members = [directory_entry("d"), member("d/f", b"x" * 100_000), symlink("l", "d/f")]
    api.engine.builds.exported = tar(members)
    has = served()
    run(build(api.path, has, exporters=(Typed("tar"),)))
    assert has.archives == {"0": api.engine.builds.exported}
    has = served()
    has.wants_archive = False
    outcome = run(build(api.path, has, exporters=(Typed("moby", {"name": "a"}), Typed("local"))))
    assert [*has.files] == ["d", "d/f", "l"]
    stat, data = has.files["d/f"]
    assert (stat.mode, stat.size, data) == (0o644, 100_000, b"x" * 100_000)
    assert has.files["d"][0].mode >> 31 == 1
    assert has.files["l"][0].link == "d/f"
    assert outcome.exporter["image.name"] == "docker.io/library/a:latest"


def test_a_build_of_the_result_of_another(api: Api) -> None:
    async def outer(result: Result) -> None:
        assert result.ref is not None
        assert result.ref.definition is not None
        await build(
            api.path,
            served(b"FROM basis\n"),
            {"context:basis": "input:basis"},
            ref="second",
            inputs={"basis": result.ref.definition},
        )

    run(build(api.path, served(b"FROM scratch\n"), within=outer))
    requests = [each[0] for each in api.engine.builds.requests]
    assert [each.dockerfile for each in requests] == [
        b"FROM scratch\n",
        b"FROM basis\n",
        b"FROM scratch\n",
    ]
    assert requests[1].wanted.contexts == {"basis": IMAGE_ID}


def test_a_definition_of_others(api: Api) -> None:
    llb = Definition((b"\x1a\x10\x0a\x0edocker-image://",))
    with pytest.raises(CallFailed, match="not supported: builds of LLB"):
        run(build(api.path, served(), {"context:a": "input:a"}, inputs={"a": llb}))


def test_a_session_in_a_call(api: Api) -> None:
    async def solve() -> SolveResponse:
        has = served(b"FROM scratch\n")
        async with (
            connected(api.path) as client,
            session_in_a_call(client, "within", has),
        ):
            request = SolveRequest(ref="r", session="within", frontend="dockerfile.v0")
            return await client.ask(f"{CONTROL}/Solve", request, SolveResponse)

    assert run(solve()) == SolveResponse()
    assert len(api.engine.builds.requests) == 1


def test_what_is_said_of_a_dockerfile(api: Api) -> None:
    dockerfile = b"# one is the first\nFROM scratch AS one\nMAINTAINER x\nFROM one\n"
    found = run(build(api.path, served(dockerfile), {"requestid": "frontend.targets"}))
    told = json.loads(found.result.metadata["result.json"])
    assert told["targets"][0]["name"] == "one"
    assert told["targets"][0]["description"] == "is the first"
    assert told["targets"][1]["default"]
    found = run(build(api.path, served(dockerfile), {"requestid": "frontend.lint"}))
    told = json.loads(found.result.metadata["result.json"])
    assert [each["ruleName"] for each in told["warnings"]] == ["MaintainerDeprecated"]
    assert found.result.metadata["result.statuscode"] == b"1"
    assert api.engine.builds.requests == []
    found = run(build(api.path, served(dockerfile)))
    (warning,) = [each for said in found.told for each in said.warnings]
    assert warning.short.startswith(b"MaintainerDeprecated: ")
    assert warning.ranges[0].start is not None
    assert warning.ranges[0].start.line == 3


def test_caches_that_are_not_there_are_told_of(api: Api) -> None:
    imports = [
        {"Type": "registry", "Attrs": {"ref": "x/y"}},
        {"Type": "local", "Attrs": {"src": "/c", "digest": f"sha256:{'0' * 64}"}},
    ]
    attributes = {"cache-imports": json.dumps(imports)}
    outcome = run(build(api.path, served(b"FROM scratch\n"), attributes))
    failed = {v.name: v.error for said in outcome.told for v in said.vertexes if v.error}
    assert failed == {
        "importing cache manifest from x/y:latest": "docker.io/x/y:latest: no registry for ",
        "importing cache manifest from local cache /c": "unknown store local:/c",
    }


def test_a_cache_of_the_clients(api: Api) -> None:
    manifest = b"m" * 3000
    digest = documents.digest(manifest)
    imports = [{"Type": "local", "Attrs": {"src": "/c", "digest": digest}}]
    attributes = {"cache-imports": json.dumps(imports)}
    has = served(b"FROM scratch\n", stores={"local:/c": {digest: manifest}})
    run(build(api.path, has, attributes))
    assert api.engine.builds.imported == [("/c", manifest)]
    ((request, *_),) = api.engine.builds.requests
    assert [each.name for each in request.cache_imports] == ["/c"]
    has.stores["local:/c"][digest] = b"another"
    outcome = run(build(api.path, has, attributes))
    errors = [v.error for said in outcome.told for v in said.vertexes if v.error]
    assert errors == [f"manifest verification failed for digest {digest}"]


def test_a_cache_for_the_client(api: Api) -> None:
    blobs = {documents.digest(data): data for data in (b"l" * 3_000_000, b"known", b"cc", b"m")}
    layer, known, config, manifest = (
        Descriptor(mediaType="x", digest=digest, size=len(data)) for digest, data in blobs.items()
    )
    api.engine.builds.blobs = blobs
    api.engine.builds.packed = Packed(manifest, [layer, known], config)
    has = served(b"FROM scratch\n", stores={"local:/c": {known["digest"]: b"known"}})
    has.began[f"seacan-{layer['digest']}"] = b"l" * 1_000_000  # an earlier one was cut short
    outcome = run(build(api.path, has, caches=(Typed("local", {"dest": "/c", "mode": "max"}),)))
    assert has.stores["local:/c"] == blobs
    assert json.loads(outcome.exporter["cache.manifest"]) == manifest
    assert "exporting cache to client directory" in outcome.names()
    ((request, *_),) = api.engine.builds.requests
    assert [each.has_all for each in request.cache_exports] == [True]


@pytest.mark.parametrize("kind", ["gha", "s3", "azblob"])
def test_caches_of_services_are_refused(api: Api, kind: str) -> None:
    sentence = f"not supported: cache export of type {kind}; registry, local and inline are"
    with pytest.raises(CallFailed, match=sentence):
        run(build(api.path, served(b"FROM scratch\n"), caches=(Typed(kind),)))
    imports = {"cache-imports": json.dumps([{"Type": kind, "Attrs": {}}])}
    with pytest.raises(CallFailed, match=f"not supported: cache import of type {kind}"):
        run(build(api.path, served(b"FROM scratch\n"), imports))


@pytest.mark.parametrize("kind", ["oci", "docker"])
def test_an_archive_of_the_image(api: Api, kind: str) -> None:
    has = served(b"FROM scratch\n")
    outcome = run(build(api.path, has, exporters=(Typed(kind, {"name": "one,two:2"}),)))
    names = "docker.io/library/one:latest docker.io/library/two:2"
    assert has.archives == {"0": f"archive of {IMAGE_ID} {names}".encode()}
    assert outcome.exporter["containerimage.digest"] == IMAGE_ID


def test_a_build_pushes_what_it_makes(api: Api) -> None:
    digest = f"sha256:{'5' * 64}"
    api.engine.remote.messages = [{"progressDetail": {}, "aux": {"Digest": digest}}]
    has = served(b"FROM scratch\n", credentials={"r.test": ("me", "word")})
    exporter = Typed("moby", {"name": "r.test/a:1", "push": "true"})
    outcome = run(build(api.path, has, exporters=(exporter,)))
    assert api.engine.remote.calls == [("push", "r.test/a:1", "", "me")]
    assert outcome.exporter["containerimage.digest"] == digest
    assert outcome.exporter["containerimage.config.digest"] == IMAGE_ID


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


def test_authorization_plugins_are_asked(api: Api) -> None:
    class Denies:
        names = ("plugin",)

        async def allow_request(self, described: Any) -> None:
            raise Forbidden(f"denied: {described['RequestMethod']} {described['RequestUri']}")

        async def allow_answer(self, described: Any) -> None:
            raise AssertionError

    async def receive() -> bytes:
        return b""

    authorized = Authorized(Door(routes(api.engine)), Denies())
    for path in ("/grpc", "/v1.51/session"):
        request = Request("POST", path, {"connection": "Upgrade", "upgrade": "h2c"}, False, receive)
        with pytest.raises(Forbidden, match=f"denied: POST {path}"):
            run(authorized(request))


@pytest.mark.parametrize("text", ["access=read", "access=containers:label=a=b"])
def test_sockets_for_a_part_have_neither(api: Api, text: str) -> None:
    found = scoped(routes(api.engine), parse_access(text), api.engine.containers)
    for route in found:
        if route.path in ("/grpc", "/session"):
            with pytest.raises(Forbidden, match="is not served on this socket"):
                run(route.handler(None))  # type: ignore[arg-type]
