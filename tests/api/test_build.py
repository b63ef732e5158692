"""POST /build: its query, what it sends to the builder, and what it answers."""

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.api.conftest import Api
from tests.fakes.engine import IMAGE_ID
from tests.images.archives import member, tar

from seacan.build.runs import CommandFailed
from seacan.errors import InvalidArgument

DOCKERFILE = b"FROM scratch\n"
CONTEXT = tar([member("Dockerfile", DOCKERFILE), member("f", b"x")])


def build(
    api: Api, query: str = "", context: bytes = CONTEXT, headers: Mapping[str, str] = {}
) -> Any:
    sent = {"Content-Type": "application/x-tar", **headers}
    return api.ask("POST", f"/build{query}", context, sent)


def lines(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in io.BytesIO(answer.body)]


def test_a_build(api: Api) -> None:
    answer = build(api, "?t=a:1&t=b&rm=1")
    assert lines(answer) == [
        {"stream": "Step 1/1 : FROM scratch"},
        {"stream": "\n"},
        {"aux": {"ID": IMAGE_ID}},
        {"stream": f"Successfully built {'c' * 12}\n"},
        {"stream": "Successfully tagged a:1\n"},
        {"stream": "Successfully tagged b:latest\n"},
    ]
    ((request, names, pulls, credentials),) = api.engine.builds.requests
    assert request.dockerfile == DOCKERFILE
    assert (names, pulls, credentials) == (["Dockerfile", "f"], False, {})


def test_a_quiet_build_says_its_id(api: Api) -> None:
    assert lines(build(api, "?q=1")) == [{"stream": f"{IMAGE_ID}\n"}]


def test_what_is_asked_for(api: Api) -> None:
    build(
        api,
        "?target=t&nocache=1&pull=1&memory=5&shmsize=7&networkmode=none&cpusetcpus=0"
        "&buildargs=%7B%22A%22%3A%22b%22%2C%22C%22%3Anull%7D&labels=%7B%22l%22%3A%22m%22%7D"
        "&extrahosts=x%3A1.2.3.4&extrahosts=y%3D%3A%3A1&platform=linux/arm64",
    )
    ((request, _, pulls, _),) = api.engine.builds.requests
    assert (request.wanted.target, request.wanted.build_args) == ("t", {"A": "b"})
    assert str(request.wanted.platform) == "linux/arm64"
    assert (request.uses_cache, pulls, request.labels) == (False, True, {"l": "m"})
    assert request.host_config == {
        "Memory": 5,
        "ShmSize": 7,
        "NetworkMode": "none",
        "CpusetCpus": "0",
        "ExtraHosts": ["x:1.2.3.4", "y:::1"],
    }


def test_who_asks(api: Api) -> None:
    configs = {"https://index.docker.io/v1/": {"username": "u", "password": "p"}}
    header = base64.urlsafe_b64encode(json.dumps(configs).encode()).decode()
    build(api, headers={"X-Registry-Config": header})
    ((_, _, _, credentials),) = api.engine.builds.requests
    assert credentials["docker.io"].username == "u"


def test_a_dockerfile_elsewhere_leaves_the_context_if_it_is_ignored(api: Api) -> None:
    context = tar(
        [member("x/D", DOCKERFILE), member("f", b""), member(".dockerignore", b"x\n.docker*\n")]
    )
    build(api, "?dockerfile=x/D", context)
    ((_, names, _, _),) = api.engine.builds.requests
    assert names == ["f", "x"]


def test_a_command_that_fails_is_the_last_line(api: Api) -> None:
    api.engine.builds.error = CommandFailed(["sh", "-c", "exit 3"], 3)
    answer = build(api)
    # Nothing was told before, so that it is the answer.
    assert answer.status == 500
    assert answer.message == "The command 'sh -c exit 3' returned a non-zero code: 3"


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("?version=2", 501, "not supported: BuildKit's protocol (version=2)"),
        ("?version=3", 400, 'invalid version "3"'),
        ("?isolation=hyperv", 400, 'unsupported isolation: "hyperv"'),
        ("?securityopt=x", 400, "security options are not supported on linux"),
        ("?buildargs=x", 400, "error reading build args: "),
        ("?labels=x", 400, "error reading labels: "),
        ("?ulimits=x", 400, "error reading ulimit settings: "),
        ("?cachefrom=x", 400, "error reading cache-from: "),
        ("?t=A:b", 400, "invalid reference format: repository name (library/A) must be lowercase"),
        ("?platform=x/y/z/w", 400, "cannot parse platform specifier"),
        ("?outputs=%5B%7B%22Type%22%3A%22local%22%7D%5D", 501, "not supported: outputs"),
        ("?squash=1", 501, "not supported: squash"),
        ("?remote=http://x/", 501, "not supported: a context from http://x/"),
        ("?dockerfile=nope", 500, "Cannot locate specified Dockerfile: nope"),
    ],
)
def test_what_is_refused(api: Api, query: str, status: int, said: str) -> None:
    answer = build(api, query)
    assert (answer.status, said in answer.message) == (status, True), answer.message


def test_a_context_that_is_no_archive(api: Api) -> None:
    answer = build(api, context=b"x" * 1000)
    assert (answer.status, "malformed tar archive" in answer.message) == (400, True)


def test_what_the_builder_refuses(api: Api) -> None:
    api.engine.builds.error = InvalidArgument("dockerfile parse error")
    answer = build(api)
    assert (answer.status, answer.message) == (400, "dockerfile parse error")


def test_the_cache_is_pruned(api: Api) -> None:
    answer = api.ask(
        "POST", "/build/prune?all=1&keep-storage=5&filters=%7B%22id%22%3A%5B%22a%22%5D%7D"
    )
    assert answer.json == {"CachesDeleted": ["key"], "SpaceReclaimed": 7}
    assert api.engine.builds.pruned == [({"id": ["a"]}, True, 5)]
