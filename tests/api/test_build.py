"""POST /build: its query, what it sends to the builder, and what it answers."""

import base64
import hashlib
import io
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.api.conftest import Api, chunks_of, read_all, read_until
from tests.fakes.images import IMAGE_ID
from tests.images.archives import member, tar

from seacan.build.runs import CommandFailed
from seacan.engine.builds.cache_rules import Limits, Space
from seacan.errors import InvalidArgument
from seacan.spec.inventory import KEY_DIGITS, KEY_HEADER, MEDIA_TYPE, Entry

DOCKERFILE = b"FROM scratch\n"
CONTEXT = tar([member("Dockerfile", DOCKERFILE), member("f", b"x")])


def build(
    api: Api, query: str = "", context: bytes = CONTEXT, headers: Mapping[str, str] = {}
) -> Any:
    sent = {"Content-Type": "application/x-tar", **headers}
    return api.ask("POST", f"/build{query}", context, sent)


def build_inventory(api: Api, body: bytes, key: str = "a" * KEY_DIGITS) -> Any:
    headers = {"Content-Type": MEDIA_TYPE, KEY_HEADER: key}
    return api.ask("POST", "/build/inventory", body, headers)


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


def inventory(*sent: int) -> bytes:
    digest = hashlib.sha256(DOCKERFILE).hexdigest()
    entry = Entry("Dockerfile", "file", 0o644, 0, len(DOCKERFILE), digest)
    contents = b"".join(DOCKERFILE for _ in sent)
    return json.dumps({"Entries": [entry], "Sent": sent}).encode() + b"\n" + contents


def test_an_inventory(api: Api) -> None:
    assert {"aux": {"ID": IMAGE_ID}} in lines(build_inventory(api, inventory(0)))
    ((request, names, _, _),) = api.engine.builds.requests
    assert (request.dockerfile, names) == (DOCKERFILE, ["Dockerfile"])
    # What is not kept is asked for with a status, before anything is told of a build.
    answer = build_inventory(api, inventory())
    assert (answer.status, "Dockerfile is not kept" in answer.body.decode()) == (404, True)


@pytest.mark.parametrize("key", ["", "a", "g" * KEY_DIGITS, "../" + "a" * 61])
def test_a_key_that_is_none(api: Api, key: str) -> None:
    answer = build_inventory(api, inventory(0), key)
    assert (answer.status, KEY_HEADER in answer.body.decode()) == (400, True)


def test_what_is_asked_for(api: Api) -> None:
    build(
        api,
        "?target=t&nocache=1&pull=1&squash=1&memory=5&shmsize=7&networkmode=none&cpusetcpus=0"
        "&buildargs=%7B%22A%22%3A%22b%22%2C%22C%22%3Anull%7D&labels=%7B%22l%22%3A%22m%22%7D"
        "&extrahosts=x%3A1.2.3.4&extrahosts=y%3D%3A%3A1&platform=linux/arm64",
    )
    ((request, _, pulls, _),) = api.engine.builds.requests
    assert (request.wanted.target, request.wanted.build_args) == ("t", {"A": "b"})
    assert str(request.wanted.platform) == "linux/arm64"
    assert (request.uses_cache, pulls, request.labels) == (False, True, {"l": "m"})
    assert request.is_squashed
    assert request.host_config == {
        "Memory": 5,
        "ShmSize": 7,
        "NetworkMode": "none",
        "CpusetCpus": "0",
        "ExtraHosts": ["x:1.2.3.4", "y:::1"],
    }


def test_caches_in_registries(api: Api) -> None:
    """What is no image here is asked for, and told of; what cannot be written ends the build."""
    asked = urlencode({"cachefrom": json.dumps(["one", "type=registry,ref=r.test/c"])})
    said = lines(build(api, f"?{asked}&t=a"))
    text = "the cache of r.test/c:latest is not used: r.test/c:latest: no registry for"
    assert any(text in line.get("stream", "") for line in said)
    ((request, _, _, _),) = api.engine.builds.requests
    assert (request.cache_images, request.cache_imports) == ([], [])
    inline = urlencode({"buildargs": json.dumps({"BUILDKIT_INLINE_CACHE": "1"})})
    assert build(api, f"?{inline}").status == 200
    assert api.engine.builds.requests[-1][0].has_inline_cache
    to = urlencode({"cacheto": json.dumps(["type=registry,ref=r.test/c,mode=max"])})
    assert "no registry for" in build(api, f"?{to}").body.decode()
    assert len(api.engine.builds.requests) == 2


@pytest.mark.parametrize("cache", ["type=local,dest=/c", "type=gha", "type=registry", "mode=max"])
def test_caches_that_cannot_be_written(api: Api, cache: str) -> None:
    asked = urlencode({"cacheto": json.dumps([cache])})
    assert build(api, f"?{asked}").status in (400, 501)
    assert api.engine.builds.requests == []


def test_several_platforms(api: Api) -> None:
    assert build(api, "?platform=linux/arm64,linux/arm/v7").status == 200
    ((request, _, _, _),) = api.engine.builds.requests
    assert [str(one) for one in request.platforms] == ["linux/arm64", "linux/arm/v7"]


def test_a_context_at_a_url(api: Api) -> None:
    build(api, "?remote=http://x/&dockerfile=D", b"")
    ((request, names, _, _),) = api.engine.builds.requests
    assert (request.dockerfile, names) == (b"# http://x/\n", ["D"])


def test_a_repository_keeps_what_it_is_told_to(api: Api) -> None:
    arguments = json.dumps({"BUILDKIT_CONTEXT_KEEP_GIT_DIR": "1"})
    build(api, query(remote="https://x/y.git#b", buildargs=arguments), b"")
    ((request, _, _, _),) = api.engine.builds.requests
    assert request.dockerfile == b"# https://x/y.git#b with .git\n"


def test_contexts_elsewhere(api: Api) -> None:
    places = {"a": "https://x/y.git#b", "c": "https://x/z.tar"}
    assert build(api, query(contexts=places)).status == 200
    ((request, _, _, _),) = api.engine.builds.requests
    assert request.wanted.contexts == {"a": "", "c": ""}


def test_agents(api: Api) -> None:
    build(api, "?ssh=default&ssh=other", headers={"X-Seacan-Build": "w"})
    ((request, _, _, _),) = api.engine.builds.requests
    assert request.agents is not None
    assert [each in request.agents for each in ("default", "other", "x")] == [True, True, False]


def test_an_agent_is_offered(api: Api) -> None:
    with api.connect() as client:
        head = b"POST /build/agents?id=default HTTP/1.1\r\nHost: d\r\nX-Seacan-Build: w\r\n"
        client.sendall(head + b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly")
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 101 UPGRADED\r\n")
        assert read_all(client) == b""
    assert api.engine.builds.offered == [("w", "default", b"early")]


@pytest.mark.parametrize(
    ("path", "word"), [("/build/agents?id=default", ""), ("/build/agents", "w")]
)
def test_an_agent_of_nobody(api: Api, path: str, word: str) -> None:
    assert api.ask("POST", path, b"", {"X-Seacan-Build": word}).status == 400


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


def test_what_a_quiet_build_told_is_shown_if_it_fails(api: Api) -> None:
    api.engine.builds.fails_after_steps = CommandFailed(["false"], 1)
    assert lines(build(api, "?q=1")) == [
        {"stream": "Step 1/1 : FROM scratch"},
        {"stream": "\n"},
        {
            "error": "The command 'false' returned a non-zero code: 1",
            "errorDetail": {
                "code": 1,
                "message": "The command 'false' returned a non-zero code: 1",
            },
        },
    ]


def test_each_message_is_a_chunk(api: Api) -> None:
    """As docker-py hands chunks on to who reads a build's output, buildbot's workers among them."""
    head = b"POST /build HTTP/1.1\r\nHost: d\r\nConnection: close\r\n"
    head += b"Content-Type: application/x-tar\r\nContent-Length: %d\r\n\r\n" % len(CONTEXT)
    chunks = chunks_of(api.exchange(head + CONTEXT))
    assert [json.loads(chunk) for chunk in chunks] == lines(build(api))
    assert len(chunks) > 2


def test_lists_that_are_null(api: Api) -> None:
    """The docker CLI up to 20.10 sends ulimits so, where there are none."""
    names = ("buildargs", "cachefrom", "labels", "outputs", "ulimits")
    answer = build(api, "?" + "&".join(f"{name}=null" for name in names))
    assert answer.status == 200, answer.message


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("?version=3", 400, "invalid version"),
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
    assert api.engine.builds.pruned == [({"id": ["a"]}, True, Limits(reserved=Space(bytes=5)))]


def test_the_cache_is_pruned_to_a_size(api: Api) -> None:
    query = "reserved-space=1&max-used-space=2&min-free-space=3"
    assert api.ask("POST", f"/build/prune?{query}").status == 200
    ((_, _, limits),) = api.engine.builds.pruned
    assert limits == Limits(Space(bytes=1), Space(bytes=2), Space(bytes=3))


def query(**values: object) -> str:
    return "?" + urllib.parse.urlencode(
        {name: value if isinstance(value, str) else json.dumps(value)
         for name, value in values.items()}
    )  # fmt: skip


def test_a_build_as_a_graph(api: Api) -> None:
    context = tar([member("Dockerfile", b"FROM scratch AS one\n")])
    assert lines(build(api, query(progress="graph", t="a"), context)) == [
        {
            "began": {
                "id": 1,
                "total": 1,
                "stage": "one",
                "text": "FROM scratch",
                "line": 1,
                "lastLine": 1,
            }
        },
        {"aux": {"ID": IMAGE_ID}},
    ]


@pytest.mark.parametrize(
    ("dockerfile", "error", "detail"),
    [
        (b"FROM scratch\nFOO", None,
         {"message": "dockerfile parse error on line 2: unknown instruction: FOO "
          "(did you mean FROM?)", "line": 2, "lastLine": 2}),
        (DOCKERFILE, CommandFailed(["a"], 3),
         {"message": "The command 'a' returned a non-zero code: 3", "code": 3}),
    ],
)  # fmt: skip
def test_the_end_of_a_graph_says_where(
    api: Api, dockerfile: bytes, error: CommandFailed | None, detail: Mapping[str, Any]
) -> None:
    api.engine.builds.error = error
    answer = build(api, query(progress="graph"), tar([member("Dockerfile", dockerfile)]))
    assert answer.status == 200
    assert lines(answer)[-1] == {"errorDetail": detail, "error": detail["message"]}


def test_a_check(api: Api) -> None:
    files = [("Dockerfile", b"FROM x AS one\nCMD x\nCOPY a.md /\n"), (".dockerignore", b"*.md")]
    context = tar([member(name, content) for name, content in files])
    (found,) = lines(build(api, query(check="1"), context))
    assert [(each["rule"], each["firstLine"]) for each in found["warnings"]] == [
        ("JSONArgsRecommended", 2),
        ("CopyIgnoredFile", 3),
    ]
    assert all(each["hint"] and each["description"] for each in found["warnings"])
    assert found["error"] is None
    assert api.engine.builds.requests == []


@pytest.mark.parametrize(
    ("dockerfile", "error"),
    [
        (b"FROM scratch\nFOO", "dockerfile parse error on line 2: unknown instruction: FOO "
         "(did you mean FROM?)"),
        (b"# check=error=true\nFROM x\nCMD x",
         "lint violation found for rules: JSONArgsRecommended"),
    ],
)  # fmt: skip
def test_a_check_that_fails(api: Api, dockerfile: bytes, error: str) -> None:
    (found,) = lines(build(api, query(check="1"), tar([member("Dockerfile", dockerfile)])))
    assert found["error"]["message"] == error


def test_secrets_and_contexts(api: Api) -> None:
    secrets = {"a": base64.b64encode(b"\0x").decode()}
    header = base64.urlsafe_b64encode(json.dumps(secrets).encode()).decode()
    contexts = {"base": "docker-image://busybox:1"}
    build(api, query(contexts=contexts), headers={"X-Seacan-Secrets": header})
    ((request, _, _, _),) = api.engine.builds.requests
    assert request.secrets == {"a": b"\0x"}
    assert request.wanted.contexts == {"base": "busybox:1"}


@pytest.mark.parametrize("header", ["%", "e30", base64.b64encode(b'{"a": "%"}').decode(), "W10="])
def test_no_secrets(api: Api, header: str) -> None:
    answer = build(api, headers={"X-Seacan-Secrets": header})
    assert (answer.status, json.loads(answer.body)["message"]) == (
        400,
        "error reading secrets: not base64 of JSON",
    )


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("./dir", 501),
        ("docker-image://X:::", 400),
        ("file:///r.git", 501),
        ("ssh://-o/r", 400),
        ("sent://none", 400),
    ],
)
def test_no_contexts(api: Api, place: str, status: int) -> None:
    assert build(api, query(contexts={"a": place})).status == status
