"""POST /build?version=2: BuildKit's builds as SDKs and docker CLIs without buildx ask for them."""

import asyncio
import base64
import io
import json
import threading
from typing import Any
from urllib.parse import urlencode

import anyio
import pytest
from tests.api.conftest import Api
from tests.fakes.buildkit_client import Served, directory, file, session
from tests.fakes.images import IMAGE_ID
from tests.images.archives import member, tar

from seacan.api.buildkit.messages import StatusResponse
from seacan.build.runs import CommandFailed

DOCKERFILE = b"FROM busybox\nCOPY d /d\nRUN --mount=type=secret,id=s true\n"
CONTEXT = tar([member("Dockerfile", DOCKERFILE), member("f", b"x")])


def ask(api: Api, context: bytes = CONTEXT, **query: str) -> Any:
    sent = {"Content-Type": "application/x-tar"}
    return api.ask("POST", f"/build?{urlencode({'version': '2', **query})}", context, sent)


def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status == 200
    return [json.loads(line) for line in io.BytesIO(answer.body)]


def names(told: list[dict[str, Any]]) -> set[str]:
    """Return the names of the vertexes that were told of."""
    traces = [each["aux"] for each in told if each.get("id") == "moby.buildkit.trace"]
    decoded = [StatusResponse.decode(base64.b64decode(each, validate=True)) for each in traces]
    return {vertex.name for each in decoded for vertex in each.vertexes}


def test_an_archive_without_a_session(api: Api) -> None:
    """As SDKs send it."""
    config = base64.urlsafe_b64encode(
        json.dumps({"r.test": {"username": "me", "password": "word"}}).encode()
    )
    path = f"/build?{urlencode({'version': '2', 't': 'a:1', 'labels': json.dumps({'l': 'm'})})}"
    headers = {"Content-Type": "application/x-tar", "X-Registry-Config": config.decode()}
    told = lines(api.ask("POST", path, CONTEXT, headers))
    assert told[-1] == {"id": "moby.image.id", "aux": {"ID": IMAGE_ID}}
    assert {"[internal] load remote build context", "exporting to image"} <= names(told)
    ((request, sent, _, credentials),) = api.engine.builds.requests
    assert (request.dockerfile, sent) == (DOCKERFILE, ["Dockerfile", "f"])
    assert [tag.familiar for tag in request.tags] == ["a:1"]
    assert request.labels == {"l": "m"}
    assert credentials["r.test"].username == "me"


def test_what_is_asked_for(api: Api) -> None:
    arguments = {"A": "b", "C": None, "BUILDKIT_INLINE_CACHE": "1"}
    limits = [{"Name": "nofile", "Soft": 1, "Hard": 2}]
    ask(
        api, buildargs=json.dumps(arguments), nocache="1", pull="1", networkmode="none",
        platform="linux/arm64", extrahosts="x:1.2.3.4", shmsize="7", memory="5",
        ulimits=json.dumps(limits), cachefrom=json.dumps(["one"]),
    )  # fmt: skip
    ((request, _, pulls, _),) = api.engine.builds.requests
    assert request.wanted.build_args == {"A": "b", "BUILDKIT_INLINE_CACHE": "1"}
    assert str(request.wanted.platform) == "linux/arm64"
    assert (request.uses_cache, pulls, request.has_inline_cache) == (False, True, True)
    assert request.host_config == {
        "Memory": 5,
        "ShmSize": 7,
        "NetworkMode": "none",
        "ExtraHosts": ["x:1.2.3.4"],
        "Ulimits": limits,
    }


def test_files_and_secrets_of_a_session(api: Api) -> None:
    files = [file("Dockerfile", DOCKERFILE), directory("d"), file("d/f", b"x" * 5000)]
    has = Served({"dockerfile": files[:1], "context": files}, secrets={"s": b"hush"})

    async def run() -> Any:
        async with session(api.path, "one", has):
            return await anyio.to_thread.run_sync(
                lambda: ask(api, b"", session="one", remote="client-session")
            )

    told = lines(asyncio.run(run()))
    assert told[-1] == {"id": "moby.image.id", "aux": {"ID": IMAGE_ID}}
    assert "[internal] load build context" in names(told)
    ((request, sent, _, _),) = api.engine.builds.requests
    assert request.secrets == {"s": b"hush"}
    assert "d/f" in sent


def test_an_error_is_the_last_line(api: Api) -> None:
    api.engine.builds.error = CommandFailed(["sh", "-c", "exit 3"], 3)
    sentence = 'process "sh -c exit 3" did not complete successfully: exit code: 3'
    for quiet in ("", "1"):
        told = lines(ask(api, CONTEXT, q=quiet))
        assert told[-1] == {"errorDetail": {"message": sentence}, "error": sentence}
        assert "[internal] load remote build context" in names(told)


def test_a_quiet_build_says_its_id(api: Api) -> None:
    assert lines(ask(api, q="1")) == [{"stream": f"{IMAGE_ID}\n"}]


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ({"version": "3"}, 400, "invalid version"),
        ({"squash": "1"}, 501, "not supported: squash"),
        ({"networkmode": "container:x"}, 501, "not supported by buildkit"),
        ({"outputs": '[{"Type":"new"}]'}, 501, "not supported: exporter new"),
        ({"outputs": '[{"Type":"tar"},{"Type":"tar"}]'}, 501, "multiple outputs not supported"),
        ({"outputs": "{}"}, 400, "error reading outputs"),
        ({"cachefrom": '["type=gha"]'}, 501, "not supported: cache import of type gha"),
    ],
)
def test_what_is_refused(api: Api, query: dict[str, str], status: int, sentence: str) -> None:
    answer = ask(api, CONTEXT, **query)
    assert (answer.status, sentence in answer.body.decode()) == (status, True)
    assert api.engine.builds.requests == []


@pytest.mark.parametrize(
    ("context", "query", "sentence"),
    [
        (b"junk", {}, "malformed tar archive"),
        (CONTEXT, {"remote": "client-session"}, "no session"),
        (CONTEXT, {"dockerfile": "../x"}, "x: no such file or directory"),
        (tar([member("Dockerfile", b"FOO\n")]), {}, "unknown instruction: FOO"),
    ],
)
def test_what_ends_a_build(api: Api, context: bytes, query: dict[str, str], sentence: str) -> None:
    told = lines(ask(api, context, **query))
    assert sentence in told[-1]["error"]
    assert api.engine.builds.requests == []


@pytest.mark.parametrize("is_early", [False, True])
def test_a_context_in_a_request_of_its_own(api: Api, is_early: bool) -> None:
    answers: dict[str, Any] = {}

    def upload() -> None:
        answers["upload"] = ask(api, buildid="upload-request:one")

    def build() -> None:
        answers["build"] = ask(api, b"", buildid="one", remote="upload-request")

    order = [upload, build] if is_early else [build, upload]
    threads = [threading.Thread(target=each) for each in order]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers["upload"].status == 200
    assert lines(answers["build"])[-1]["id"] == "moby.image.id"
    ((_, sent, _, _),) = api.engine.builds.requests
    assert sent == ["Dockerfile", "f"]


def test_a_build_that_is_cancelled(api: Api) -> None:
    assert api.ask("POST", "/build/cancel").status == 400
    assert api.ask("POST", "/build/cancel?id=none").status == 200
    answers: list[Any] = []
    # Its client's session does not come: so it waits.
    wait = threading.Thread(
        target=lambda: answers.append(
            ask(api, b"", buildid="two", session="none", remote="client-session")
        )
    )
    wait.start()
    while not answers:
        api.ask("POST", "/build/cancel?id=two")
        wait.join(0.01)
    wait.join()
    assert lines(answers[0])[-1]["error"] in ("context canceled", "no active session for none")
