"""Sockets that serve a part of the API: every route there is, asked at each of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import anyio
import anyio.from_thread
import pytest
from tests.api.conftest import Api, bound_socket
from tests.fakes.containers import make_container
from tests.fakes.engine import FakeEngine

from seacan.api import server
from seacan.api.access import ALL, OF_CONTAINERS, READABLE, Access, parse_access, scoped
from seacan.api.door import Call, Route
from seacan.api.listeners import Listener
from seacan.api.query import Query
from seacan.errors import Forbidden, InvalidArgument
from seacan.http.messages import Reply

LABEL = "team=a"
ROUTES = [(route.method, route.path) for route in server.routes(FakeEngine())]
# What a handler gets; one that refuses looks at none of it.
CALL = Call(None, (1, 51), "first", Query(""))  # type: ignore[arg-type]
PING = {("GET", "/_ping"), ("HEAD", "/_ping"), ("GET", "/version")}


def test_what_is_named_is_there() -> None:
    """A route that was renamed would be a hole for a later one of its old name."""
    assert set(ROUTES) >= READABLE | OF_CONTAINERS


def test_what_can_be_read_changes_nothing_and_gives_no_contents() -> None:
    assert {method for method, _ in READABLE} == {"GET", "HEAD"}
    ends = ("/logs", "/archive", "/export", "/get", "/attach/ws", "/places", "/changes", "/top")
    assert not [path for _, path in READABLE if path.endswith(ends)]


def test_nothing_makes_or_enters_a_container() -> None:
    words = ("exec", "attach", "create", "archive", "update", "build", "commit")
    assert not [path for _, path in READABLE | OF_CONTAINERS if any(w in path for w in words)]


@pytest.mark.parametrize("text", ["access=read", f"access=containers:label={LABEL}"])
def test_every_route_is_served_or_refused(text: str) -> None:
    access = parse_access(text)
    engine = FakeEngine()
    routes = server.routes(engine)
    for route, other in zip(routes, scoped(routes, access, engine.containers), strict=True):
        key = (route.method, route.path)
        assert (other.method, other.path) == key
        is_whole = key in PING or (access.kind == "read" and key in READABLE)
        is_part = access.kind != "read" and key in {("GET", "/containers/json"), *OF_CONTAINERS}
        if is_whole:
            assert other.handler == route.handler
        elif not is_part:
            with pytest.raises(Forbidden, match="is not served on this socket"):
                anyio.run(other.handler, CALL)
    assert engine.containers.calls == []


def test_a_route_that_is_yet_to_come_is_refused() -> None:
    async def answer(call: Call) -> Reply:
        return Reply(200)

    for access in (Access("read"), Access("containers", LABEL)):
        (route,) = scoped([Route("GET", "/new/{name}", answer)], access, FakeEngine().containers)
        with pytest.raises(Forbidden):
            anyio.run(route.handler, CALL)
    (route,) = scoped([Route("GET", "/new/{name}", answer)], ALL, FakeEngine().containers)
    assert route.handler is answer


@contextmanager
def running(path: Path, text: str) -> Iterator[Api]:
    """Serve a fake engine as the daemon does, on a socket of `access`."""
    engine = FakeEngine()
    first = engine.containers.records["first"]
    first.config["Labels"] = {"team": "a"}
    engine.containers.records[first.id] = first
    with anyio.from_thread.start_blocking_portal() as portal, bound_socket(path) as listening:
        listener = Listener(listening, access=parse_access(text))
        served = portal.start_task_soon(server.serve, engine, [listener])
        try:
            yield Api(engine, str(path))
        finally:
            served.cancel()
            portal.call(anyio.lowlevel.checkpoint)


def test_reading(tmp_path: Path) -> None:
    with running(tmp_path / "s", "access=read") as api:
        assert api.ask("GET", "/v1.51/containers/first/json", described=False).status == 200
        assert api.ask("GET", "/containers/json?all=1").status == 200
        assert api.ask("GET", "/info").status == 200
        for method, path in (
            ("POST", "/containers/first/start"),
            ("POST", "/v1.51/containers/create"),
            ("GET", "/containers/first/logs?stdout=1"),
            ("GET", "/containers/first/archive?path=/etc/shadow"),
            ("GET", "/containers/first/export"),
            ("DELETE", "/images/busybox"),
            ("GET", "/images/busybox/get"),
            ("POST", "http://x/containers/first/kill"),
            ("POST", "/containers%2Ffirst%2Fkill"),
        ):
            answer = api.ask(method, path, {}, described=False)
            assert (answer.status, method, path) == (403, method, path)
            assert "is not served on this socket" in answer.message
        assert {call[0] for call in api.engine.containers.calls} <= {"list"}


def test_containers_of_a_label(tmp_path: Path) -> None:
    with running(tmp_path / "s", f"access=containers:label={LABEL}") as api:
        containers = api.engine.containers
        other = "second"
        containers.records[other] = make_container("b" * 64, other)
        assert api.ask("GET", "/containers/first/json", described=False).status == 200
        for verb in ("json", "top", "logs?stdout=1"):
            answer = api.ask("GET", f"/containers/{other}/{verb}")
            assert (answer.status, answer.message) == (404, f"No such container: {other}")
        assert api.ask("POST", f"/containers/{other}/kill").status == 404
        assert api.ask("POST", "/containers/first/kill").status != 403
        # By its id, whatever it was called.
        assert containers.calls[-1][:2] == ("kill", containers.records["first"].id)
        assert api.ask("GET", "/images/json", described=False).status == 403


def test_a_list_has_containers_of_the_label_alone(tmp_path: Path) -> None:
    with running(tmp_path / "s", f"access=containers:label={LABEL}") as api:
        containers = api.engine.containers
        api.ask("GET", "/containers/json?all=1")
        assert containers.calls[-1][-1] == LABEL
        wanted = quote(json.dumps({"label": ["x"], "status": ["exited"]}))
        api.ask("GET", f"/containers/json?filters={wanted}")
        assert containers.calls[-1][-3] == {"label": ["x"], "status": ["exited"]}
        assert containers.calls[-1][-1] == LABEL
        for query in ("since=second", "filters=" + quote('{"volume":["v"]}')):
            answer = api.ask("GET", f"/containers/json?{query}", described=False)
            assert answer.status == 403


def test_others_leave_no_trace_in_what_a_reference_means(tmp_path: Path) -> None:
    """An id that begins as another's, a name that is one's beginning, a link that another has."""
    with running(tmp_path / "s", f"access=containers:label={LABEL}") as api:
        records = api.engine.containers.records
        mine = records.pop("first")
        records.clear()
        others = [make_container("a" * 11 + "b" * 53, "other"), make_container("c" * 64, "aaa")]
        for record in (mine, *others):
            records[record.id] = record
        for ref in ("aaa", "a" * 11, "first", "/first", mine.id):
            answer = api.ask("GET", f"/containers/{quote(ref, safe='')}/json", described=False)
            assert (ref, answer.status) == (ref, 200)
            assert answer.json["Id"] == mine.id
        for ref in ("other", "c", "aaaaaaaaaaab", "other/db"):
            answer = api.ask("GET", f"/containers/{ref}/json")
            assert (answer.status, answer.message) == (404, f"No such container: {ref}")


@pytest.mark.parametrize(
    "text",
    ["", "access", "access=", "access=all", "access=write", "access=containers",
     "access=containers:label=", "access=containers:label=a", "access=containers:label==b",
     "access=read&access=all", "other=read", "access=READ"],
)  # fmt: skip
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_access(text)
