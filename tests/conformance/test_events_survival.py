"""Events over the death of the daemon, and with clients that do not listen."""

import contextlib
import json
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from os import kill
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@pytest.fixture
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


def _events(daemon: Daemon) -> list[dict[str, Any]]:
    connection = _ask(daemon, f"since=0&until={time.time():.9f}")
    with connection, connection.makefile("rb") as answer:
        return [json.loads(line) for line in answer if line.startswith(b"{")]


def _ask(daemon: Daemon, query: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(str(daemon.socket))
    request = f"GET /events?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    connection.sendall(request.encode())
    return connection


def _wait_written(daemon: Daemon) -> None:
    """Wait until all that was told is in the database: that is a moment later."""
    last_ns = _events(daemon)[-1]["timeNano"]
    path = daemon.data_root / "seacan.db"

    def is_written() -> bool:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT 1 FROM events WHERE time_ns >= ?", (last_ns,))
            return found.fetchone() is not None

    wait_until(is_written, "the events to be written")


def _of(events: list[dict[str, Any]], container: str) -> list[str]:
    return [
        event["Action"]
        for event in events
        if container in (event["Actor"]["ID"], event["Actor"]["Attributes"].get("container"))
    ]


def _increase(events: list[dict[str, Any]]) -> bool:
    times = [event["timeNano"] for event in events]
    return times == sorted({*times})


@pytest.mark.parametrize("stop", [Daemon.kill, Daemon.stop], ids=["kill -9", "stop"])
def test_they_are_there_after_a_restart(daemon: Daemon, stop: Any) -> None:
    container = daemon.run("exit 5")
    daemon.request("POST", f"/containers/{container}/wait")
    before = _events(daemon)
    if stop is Daemon.kill:
        _wait_written(daemon)
    assert _of(before, container) == ["create", "connect", "start", "disconnect", "die"]
    stop(daemon)
    daemon.start()
    other = daemon.run("true")
    daemon.request("POST", f"/containers/{other}/wait")
    after = _events(daemon)
    assert after[: len(before)] == before
    assert _of(after, other) == ["create", "connect", "start", "disconnect", "die"]
    assert _increase(after)


def test_an_end_without_a_daemon_is_told_by_the_next(daemon: Daemon) -> None:
    container = daemon.run("sleep 1000")
    pid = daemon.state(container)["Pid"]
    _wait_written(daemon)
    daemon.kill()
    away = time.time_ns()
    kill(pid, signal.SIGKILL)
    daemon.wait_for_ends()
    daemon.start()
    events = _events(daemon)
    assert _of(events, container) == ["create", "connect", "start", "disconnect", "die"]
    (die,) = [event for event in events if event["Action"] == "die"]
    assert die["Actor"]["Attributes"]["exitCode"] == "137"
    assert die["timeNano"] > away
    assert _increase(events)


def test_the_network_is_the_same_after_a_restart(daemon: Daemon) -> None:
    before = daemon.request("GET", "/networks")
    daemon.stop()
    daemon.start()
    assert daemon.request("GET", "/networks") == before


def test_clients_that_do_not_read_hold_up_nobody(daemon: Daemon) -> None:
    """Twenty of them; when they read at last, each gets every event."""
    image = "busybox"
    long = "x" * 200
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(_ask(daemon, "since=0")) for _ in range(20)]
        wait_until(lambda: daemon.request("GET", "/info")[1]["NEventsListener"] == 20, "listeners")
        for number in range(400):
            tag = f"repo=seacan/{long}&tag={number}"
            assert daemon.request("POST", f"/images/{image}/tag?{tag}")[0] == 201
        container = daemon.run("true")
        daemon.request("POST", f"/containers/{container}/wait")
        expected = [event["timeNano"] for event in _events(daemon)]
        assert len(expected) > 400
        for client in clients:
            assert _read(client, len(expected)) == expected
    wait_until(lambda: daemon.request("GET", "/info")[1]["NEventsListener"] == 0, "their end")


def _read(client: socket.socket, count: int) -> list[int]:
    with client.makefile("rb") as answer:
        lines = (line for line in answer if line.startswith(b"{"))
        return [json.loads(next(lines))["timeNano"] for _ in range(count)]
