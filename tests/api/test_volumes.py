"""Volumes: what is asked, what is answered, as dockerd does."""

import json
import threading
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import pytest
from tests.api.conftest import Api, read_all

from seacan.engine.containers.filters import Filters
from seacan.volumes.volume import Found

MANAGER = 'This node is not a swarm manager. Use "docker swarm init"'
NO_UPDATE = "volume update only valid for cluster volumes, but swarm is unavailable"


def _filters(**wanted: list[str]) -> str:
    return f"filters={quote(json.dumps(wanted))}"


@pytest.fixture
def volume(api: Api) -> dict[str, Any]:
    answer = api.ask("POST", "/volumes/create", {"Name": "data", "Labels": {"a": "b"}})
    assert answer.status == 201
    found: dict[str, Any] = answer.json
    return found


def test_a_volume(api: Api, volume: dict[str, Any]) -> None:
    assert volume == {
        "CreatedAt": "2026-11-24T01:33:18Z",
        "Driver": "local",
        "Labels": {"a": "b"},
        "Mountpoint": "/volumes/data/_data",
        "Name": "data",
        "Options": None,
        "Scope": "local",
    }
    assert api.ask("GET", "/volumes/data").json == volume
    assert api.ask("GET", "/volumes").json == {"Volumes": [volume], "Warnings": None}
    assert api.ask("DELETE", "/volumes/data").status == 204
    assert api.ask("GET", "/volumes").json == {"Volumes": [], "Warnings": None}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "/volumes/x", None, 404, "get x: no such volume"),
        ("DELETE", "/volumes/x", None, 404, "get x: no such volume"),
        ("PUT", "/volumes/data?version=1", {}, 503, NO_UPDATE),
        ("POST", "/volumes/create", {"Name": "a"}, 400, "create a: volume name is too short"),
        ("POST", "/volumes/create", {"Name": 5}, 400, "invalid JSON"),
        ("POST", "/volumes/create", {"Name": "xx", "Labels": {"a": 1}}, 400, "invalid JSON"),
        ("POST", "/volumes/create", {"ClusterVolumeSpec": {}}, 503, MANAGER),
        ("GET", f"/volumes?{_filters(x=['y'])}", None, 400, "invalid filter 'x'"),
        ("GET", f"/volumes?{_filters(dangling=['x'])}", None, 400,
         "invalid filter 'dangling=[x]'"),
        ("POST", f"/volumes/prune?{_filters(until=['1'])}", None, 400, "invalid filter 'until'"),
        ("POST", f"/v1.41/volumes/prune?{_filters(all=['1'])}", None, 400,
         "invalid filter 'all=[1 true]': only one value is expected"),
    ],
)  # fmt: skip
def test_refusals(
    api: Api, method: str, path: str, body: object, status: int, message: str
) -> None:
    answer = api.ask(method, path, body)
    assert answer.status == status
    assert answer.message.startswith(message)


def test_what_is_missing_may_be_removed_by_force(api: Api) -> None:
    assert api.ask("DELETE", "/volumes/x?force=1").status == 204


@pytest.mark.usefixtures("volume")
@pytest.mark.parametrize(
    ("query", "deleted"),
    [
        ("/volumes/prune", []),
        (f"/volumes/prune?{_filters(all=['true'])}", ["data"]),
        (f"/volumes/prune?{_filters(all=['0'])}", []),
        ("/v1.41/volumes/prune", ["data"]),
        (f"/v1.41/volumes/prune?{_filters(label=['x'])}", []),
    ],
)
def test_prune_takes_named_ones_where_the_version_says_so(
    api: Api, query: str, deleted: list[str]
) -> None:
    answer = api.ask("POST", query)
    assert answer.json == {"VolumesDeleted": deleted, "SpaceReclaimed": 7 * len(deleted)}


def test_disk_usage(api: Api, volume: dict[str, Any]) -> None:
    (shown,) = api.ask("GET", "/system/df?type=volume").json["Volumes"]
    assert shown == {**volume, "UsageData": {"RefCount": 0, "Size": 7}}


# --- beyond Docker ----------------------------------------------------------------------------


@pytest.mark.usefixtures("volume")
def test_another_name(api: Api) -> None:
    assert api.ask("POST", "/volumes/data/rename?name=other").status == 204
    assert [one["Name"] for one in api.ask("GET", "/volumes").json["Volumes"]] == ["other"]
    assert api.ask("POST", "/volumes/data/rename?name=other").status == 404


@pytest.mark.usefixtures("volume")
def test_clone(api: Api) -> None:
    answer = api.ask("POST", "/volumes/data/clone?name=copy")
    assert (answer.status, answer.json["Name"], answer.json["Labels"]) == (201, "copy", {"a": "b"})


@pytest.mark.usefixtures("volume")
def test_export(api: Api) -> None:
    answer = api.ask("GET", "/v1.51/volumes/data/export")
    assert (answer.status, answer.headers["content-type"], answer.body) == (
        *(200, "application/x-tar"),
        b"data",
    )
    assert api.ask("GET", "/volumes/none/export").status == 404


def test_import(api: Api) -> None:
    answer = api.ask("POST", "/volumes/data/import?label=a%3Db&label=c", b"archive")
    assert (answer.status, answer.json["Labels"]) == (201, {"a": "b", "c": ""})
    assert api.engine.volume_copies.archives == {"data": b"archive"}


@pytest.mark.parametrize("verb", ["rename", "clone"])
def test_a_name_is_needed(api: Api, verb: str) -> None:
    answer = api.ask("POST", f"/volumes/data/{verb}")
    assert (answer.status, answer.message) == (400, "bad parameter: name cannot be empty")


def test_who_waits_for_a_plugin_holds_nobody_else_up(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty lists, for which a silent plugin was asked, took all threads that others need."""
    answers = threading.Event()

    def wait(wanted: Filters) -> tuple[list[Found], list[str]]:
        answers.wait()
        return [], []

    monkeypatch.setattr(api.engine.volumes, "list", wait)
    request = b"GET /volumes HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
    with ExitStack() as opened:
        opened.callback(answers.set)
        clients = []
        for _ in range(50):
            clients.append(opened.enter_context(api.connect()))
            clients[-1].sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
            assert clients[-1].recv(4096).startswith(b"HTTP/1.1 200 OK")  # it was accepted
            clients[-1].sendall(request)
        assert api.ask("GET", "/images/json").status == 200
        answers.set()
        for client in clients:
            assert b" 200 OK" in read_all(client)
