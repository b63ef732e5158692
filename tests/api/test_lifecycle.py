"""pause, rename, update, top, prune, stats: what is answered, and what the engine was asked."""

import json
import re
from typing import Any

import pytest
from tests.api.conftest import Api, read_until
from tests.fakes.containers import make_container
from tests.fakes.readings import reading

from seacan.engine.containers.container import Status
from seacan.engine.containers.prune import Pruned
from seacan.engine.containers.top import Top
from seacan.errors import Conflict, Internal
from seacan.ids import ContainerId

ASKED: list[tuple[str, str, Any, int, Any, tuple[Any, ...]]] = [
    ("POST", "/containers/x/pause", None, 204, None, ("pause", "x")),
    ("POST", "/containers/x/unpause", None, 204, None, ("unpause", "x")),
    ("POST", "/containers/x/rename?name=y", None, 204, None, ("rename", "x", "y")),
    ("POST", "/containers/x/rename", None, 204, None, ("rename", "x", "")),
    ("POST", "/containers/x/update", {"Memory": 1}, 200, {"Warnings": ["a"]},
     ("update", "x", {"Memory": 1})),
    ("POST", "/containers/x/update", None, 200, {"Warnings": ["a"]}, ("update", "x", {})),
    ("POST", "/v1.39/containers/x/update", {"PidsLimit": 3, "KernelMemory": 4}, 200,
     {"Warnings": ["a"]}, ("update", "x", {"KernelMemory": 4})),
    ("POST", "/v1.42/containers/x/update", {"PidsLimit": 3, "KernelMemory": 4}, 200,
     {"Warnings": ["a"]}, ("update", "x", {"PidsLimit": 3})),
    ("GET", "/containers/x/top", None, 200, {"Titles": ["PID"], "Processes": None},
     ("top", "x", "")),
    ("GET", "/containers/x/top?ps_args=-o%20pid", None, 200,
     {"Titles": ["PID"], "Processes": None}, ("top", "x", "-o pid")),
    ("GET", "/containers/x/places", None, 200, {"Bundle": "/run/x", "DataRoot": "/var/x"},
     ("places", "x")),
    ("POST", "/containers/prune", None, 200,
     {"ContainersDeleted": ["b"], "SpaceReclaimed": 5}, ("prune", {})),
    ("POST", '/containers/prune?filters={"label":["a"]}', None, 200,
     {"ContainersDeleted": ["b"], "SpaceReclaimed": 5}, ("prune", {"label": ["a"]})),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "shape", "asked"), ASKED)
def test_the_engine_is_asked(
    api: Api, method: str, path: str, body: Any, status: int, shape: Any, asked: tuple[Any, ...]
) -> None:
    containers = api.engine.containers
    containers.warnings, containers.processes = ["a"], Top(["PID"], [])
    containers.pruned = Pruned([ContainerId("b")], 5)

    answer = api.ask(method, path.replace('"', "%22"), body)

    assert (answer.status, containers.calls) == (status, [asked])
    assert (answer.json if answer.body else None) == shape


REFUSED = [
    ("POST", "/containers/x/update", b"{", 400, "invalid JSON"),
    ("POST", "/containers/x/update", {"Memory": "1"}, 400, "$.Memory"),
    ("POST", "/containers/prune?filters=x", None, 400, "invalid filter"),
    ("GET", "/containers/nope/stats", None, 404, "No such container: nope"),
    ("GET", "/containers/nope/stats?stream=1&one-shot=1", None, 404, "No such container: nope"),
    ("GET", "/containers/first/stats?one-shot=1", None, 400,
     "cannot have stream=true and one-shot=true"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), REFUSED)
def test_refused(api: Api, method: str, path: str, body: Any, status: int, words: str) -> None:
    answer = api.ask(method, path, body, {"Content-Type": "application/json"} if body else {})

    assert answer.status == status
    assert words in answer.message


@pytest.mark.parametrize("verb", ["pause", "unpause", "rename", "update", "top"])
def test_errors_have_their_status(api: Api, verb: str) -> None:
    method = "GET" if verb == "top" else "POST"
    for failure, status in ((Conflict("it is so"), 409), (Internal("it is so"), 500)):
        api.engine.containers.fails[verb] = failure
        answer = api.ask(method, f"/containers/x/{verb}?name=y", described=False)
        assert (answer.status, answer.json) == (status, {"message": "it is so"})


def test_one_reading(api: Api) -> None:
    api.engine.containers.readings = [reading(usage_ns=7)]

    shown = api.ask("GET", "/containers/first/stats?stream=false&one-shot=1").json

    assert shown["cpu_stats"]["cpu_usage"]["total_usage"] == 7
    assert shown["preread"] == "0001-01-01T00:00:00Z"
    assert "name" not in shown  # dockerd has it so


def test_two_readings(api: Api) -> None:
    api.engine.containers.readings = [reading(usage_ns=7), reading(usage_ns=9)]

    # Before 1.41 there is no one-shot.
    shown = api.ask("GET", "/v1.40/containers/first/stats?stream=0&one-shot=1").json

    assert (shown["name"], shown["id"]) == ("/first", "a" * 64)
    assert shown["cpu_stats"]["cpu_usage"]["total_usage"] == 9
    assert shown["precpu_stats"]["cpu_usage"]["total_usage"] == 7
    assert api.engine.containers.stopped_listening.is_set()


@pytest.mark.parametrize("query", ["stream=0", "stream=0&one-shot=1"])
def test_what_does_not_run_is_answered_at_once(api: Api, query: str) -> None:
    api.engine.containers.records["first"] = make_container(status=Status.EXITED)
    api.engine.containers.readings = [None]

    shown = api.ask("GET", f"/containers/first/stats?{query}").json

    assert (shown["name"], shown["read"]) == ("/first", "0001-01-01T00:00:00Z")
    assert (shown["memory_stats"], shown["pids_stats"]) == ({}, {})


def test_a_stream_ends_with_its_client(api: Api) -> None:
    api.engine.containers.readings = [reading(usage_ns=7), None, reading(usage_ns=9)]
    with api.connect() as client:
        client.sendall(b"GET /containers/first/stats HTTP/1.1\r\nHost: d\r\n\r\n")
        data = read_until(client, b'"total_usage":9')
        assert not api.engine.containers.stopped_listening.is_set()
    assert api.engine.containers.stopped_listening.wait(60)
    lines = [json.loads(line) for line in re.findall(rb'\{"name".*\n', data)]
    assert [line["read"][:4] for line in lines][:2] == ["1970", "0001"]


def test_a_start_tells_what_was_done_when(api: Api) -> None:
    api.engine.containers.records["first"].state.status = Status.CREATED
    answer = api.ask("POST", "/containers/first/start-traced")
    assert answer.status == 200
    marks = answer.json["Trace"]
    assert [(mark["Who"], mark["What"]) for mark in marks] == [
        ("daemon", "asked to start"),
        ("engine", "start first"),
    ]
    assert marks[0]["At"] <= marks[1]["At"]
    assert api.ask("POST", "/containers/nope/start-traced").status == 404
