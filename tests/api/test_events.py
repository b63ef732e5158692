"""GET /events: what is asked of the engine, how it is told, when it ends."""

import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from tests.api.conftest import Api, chunks_of, read_until

from seacan.engine.events.log import Event

ID = "a" * 64
DIE = Event(
    "container", "die", ID, {"name": "web", "image": "busybox", "exitCode": "3"}, 15 * 10**8
)
TAG = Event("image", "tag", "sha256:" + "c" * 64, {"name": "x:1"}, 2 * 10**9)
MADE = Event("image", "create", "sha256:" + "d" * 64, {"name": "sha256:" + "d" * 64}, 3 * 10**9)
PRUNE = Event("container", "prune", "", {"reclaimed": "0"}, 4 * 10**9)
CONNECT = Event("network", "connect", "e" * 64, {"name": "none"}, 5 * 10**9)


def told(api: Api, path: str, *events: Event) -> list[dict[str, Any]]:
    api.engine.events.told = [*events]
    answer = api.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    return [json.loads(line) for line in answer.body.splitlines()]


def test_shapes(api: Api) -> None:
    assert told(api, "/events?until=1", DIE, TAG, PRUNE, CONNECT) == [
        {
            "status": "die",
            "id": ID,
            "from": "busybox",
            "Type": "container",
            "Action": "die",
            "Actor": {"ID": ID, "Attributes": DIE.attributes},
            "scope": "local",
            "time": 1,
            "timeNano": 1_500_000_000,
        },
        {
            "status": "tag",
            "id": TAG.actor_id,
            "Type": "image",
            "Action": "tag",
            "Actor": {"ID": TAG.actor_id, "Attributes": {"name": "x:1"}},
            "scope": "local",
            "time": 2,
            "timeNano": 2_000_000_000,
        },
        {
            "status": "prune",
            "Type": "container",
            "Action": "prune",
            "Actor": {"ID": "", "Attributes": {"reclaimed": "0"}},
            "scope": "local",
            "time": 4,
            "timeNano": 4_000_000_000,
        },
        {
            "Type": "network",
            "Action": "connect",
            "Actor": {"ID": CONNECT.actor_id, "Attributes": {"name": "none"}},
            "scope": "local",
            "time": 5,
            "timeNano": 5_000_000_000,
        },
    ]


def test_each_event_is_a_chunk(api: Api) -> None:
    """As docker-py hands chunks on to who does not have it decode them."""
    api.engine.events.told = [DIE, TAG]
    answer = api.exchange(b"GET /events?until=1 HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
    assert [json.loads(chunk)["Action"] for chunk in chunks_of(answer)] == ["die", "tag"]


def test_fields_come_in_dockers_order(api: Api) -> None:
    (event,) = told(api, "/events?until=1", DIE)
    assert [*event] == "status id from Type Action Actor scope time timeNano".split()
    assert [*event["Actor"]["Attributes"]] == ["exitCode", "image", "name"]


@pytest.mark.parametrize(("version", "count"), [("1.24", 1), ("1.45", 1), ("1.46", 2), ("1.51", 2)])
def test_made_images_are_of_newer_versions(api: Api, version: str, count: int) -> None:
    assert len(told(api, f"/v{version}/events?until=1", TAG, MADE)) == count


@pytest.mark.parametrize(
    ("query", "since_ns", "until_ns"),
    [
        ("until=1", None, 1_000_000_000),
        ("since=&until=2", None, 2_000_000_000),
        ("since=0&until=1.5", 0, 1_500_000_000),
        ("since=1.000000001&until=1.5", 1_000_000_001, 1_500_000_000),
        ("since=1.0000000019&until=2", 1_000_000_001, 2_000_000_000),
        ("since=-5&until=1", -5_000_000_000, 1_000_000_000),
    ],
)
def test_times(api: Api, query: str, since_ns: int | None, until_ns: int) -> None:
    told(api, f"/events?{query}")
    assert api.engine.events.calls == [(since_ns, until_ns)]


def test_until_the_beginning_means_all_up_to_now(api: Api) -> None:
    before = time.time_ns()
    told(api, "/events?until=0")
    ((_, until_ns),) = api.engine.events.calls
    assert until_ns is not None
    assert before <= until_ns <= time.time_ns()


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("since=abc", 500, 'strconv.ParseInt: parsing "abc": invalid syntax'),
        ("since=10m", 500, 'strconv.ParseInt: parsing "10m": invalid syntax'),
        ("until=1.", 500, 'strconv.ParseInt: parsing "": invalid syntax'),
        ("until=.5", 500, 'strconv.ParseInt: parsing "": invalid syntax'),
        ("since=2026-11-26T15:52:00Z", 500, "invalid syntax"),
        ("since=" + "9" * 20, 500, "value out of range"),
        ("since=2&until=1", 400, "`since` time (2) cannot be after `until` time (1)"),
        ("filters=x", 400, "invalid filter"),
    ],
)
def test_refusals(api: Api, query: str, status: int, message: str) -> None:
    answer = api.ask("GET", f"/events?{query}")
    assert answer.status == status
    assert message in answer.message


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"type": ["container"]}, 1),
        ({"type": {"container": True}}, 1),
        ({"event": ["die", "tag"]}, 2),
        ({"event": ["die"], "type": ["image"]}, 0),
        ({"nosuch": ["x"]}, 2),
    ],
)
def test_filters(api: Api, filters: dict[str, Any], count: int) -> None:
    path = f"/events?until=1&filters={quote(json.dumps(filters))}"
    assert len(told(api, path, DIE, TAG)) == count


def test_the_head_comes_at_once_and_nothing_stays_when_the_client_goes(api: Api) -> None:
    with api.connect() as client:
        client.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        read_until(client, b"\r\n\r\n")
        assert not api.engine.events.closed.is_set()
    assert api.engine.events.closed.wait(60)


def test_a_client_that_is_too_slow_sees_a_cut(api: Api) -> None:
    api.engine.events.told = [DIE]
    api.engine.events.fails_late = True
    answer = api.exchange(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b'"Action":"die"' in answer
    assert not answer.endswith(b"0\r\n\r\n")
