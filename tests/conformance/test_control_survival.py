"""What pause, rename and update did is there after kill -9 of the daemon; many streams of stats."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@pytest.fixture
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


def _again(daemon: Daemon) -> None:
    daemon.kill()
    daemon.start()


def test_a_paused_container_stays_paused(daemon: Daemon) -> None:
    container = daemon.run("sleep 600")
    assert daemon.request("POST", f"/containers/{container}/pause")[0] == 204
    _again(daemon)
    state = daemon.state(container)
    assert (state["Status"], state["Running"], state["Paused"]) == ("paused", True, True)
    assert daemon.request("GET", "/info")[1]["ContainersPaused"] == 1
    assert daemon.request("POST", f"/containers/{container}/unpause")[0] == 204
    assert daemon.state(container)["Status"] == "running"


def test_a_pause_or_its_end_that_the_daemon_missed_is_found(daemon: Daemon) -> None:
    first, second = daemon.run("sleep 600"), daemon.run("sleep 600")
    daemon.request("POST", f"/containers/{first}/pause")
    daemon.kill()
    _turn_freezer(daemon, first, is_frozen=False)
    _turn_freezer(daemon, second, is_frozen=True)
    daemon.start()
    assert daemon.state(first)["Status"] == "running"
    assert daemon.state(second)["Status"] == "paused"
    # What is paused can be removed.
    assert daemon.request("DELETE", f"/containers/{second}?force=1")[0] == 204


def _turn_freezer(daemon: Daemon, container: str, *, is_frozen: bool) -> None:
    path = f"{daemon.cgroup_parent}/{container}"
    v1 = Path(f"/sys/fs/cgroup/freezer{path}/freezer.state")
    if v1.exists():
        v1.write_text("FROZEN" if is_frozen else "THAWED")
    else:
        Path(f"/sys/fs/cgroup{path}/cgroup.freeze").write_text("1" if is_frozen else "0")


def test_a_name_and_limits_stay(daemon: Daemon) -> None:
    container = daemon.run("sleep 600")
    other = daemon.run("sleep 600")
    assert daemon.request("POST", f"/containers/{container}/rename?name=new")[0] == 204
    assert daemon.request("POST", f"/containers/{container}/update", {"CpuShares": 77})[0] == 200
    _again(daemon)
    found = daemon.request("GET", "/containers/new/json")[1]
    assert (found["Id"], found["HostConfig"]["CpuShares"]) == (container, 77)
    assert daemon.request("POST", f"/containers/{other}/rename?name=new")[0] == 409


def test_names_that_are_changed_at_once(daemon: Daemon) -> None:
    container = daemon.run("sleep 600")
    with contextlib.ExitStack() as stack:
        path = f"/containers/{container}/rename?name=n"
        asked = [_asked(daemon, f"POST {path}{n}") for n in range(20)]
        for client in [stack.enter_context(one) for one in asked]:
            assert client.recv(100).startswith(b"HTTP/1.1 204")
    name = daemon.request("GET", f"/containers/{container}/json")[1]["Name"]
    others = {f"/n{n}" for n in range(20)} - {name}
    assert len(others) == 19
    for other in others:  # all are free again
        assert daemon.request("GET", f"/containers{other}/json")[0] == 404
    assert daemon.request("GET", f"/containers{name}/json")[1]["Id"] == container


def test_many_streams_of_stats(daemon: Daemon) -> None:
    container = daemon.run("sleep 600")
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        target = f"GET /containers/{container}/stats"
        clients = [stack.enter_context(_asked(daemon, target)) for _ in range(30)]
        readings = []
        for client in clients:
            file = stack.enter_context(client.makefile("rb"))
            readings.append([json.loads(line)["read"] for line in _two_lines(file)])
        # All have heard the same readings: each was taken once, a second after the one before.
        most = time.monotonic() - started + 2
        assert len({moment for pair in readings for moment in pair}) <= most
        before = daemon.request("GET", "/info")[1]["NFd"]
    wait_until(
        lambda: daemon.request("GET", "/info")[1]["NFd"] <= before - 29, "streams to be given up"
    )
    # The end of a container does not end its streams; its removal does.
    with _asked(daemon, f"GET /containers/{container}/stats") as client:
        daemon.request("DELETE", f"/containers/{container}?force=1")
        start = time.monotonic()
        while client.recv(65536):
            assert time.monotonic() - start < 60


def _two_lines(file: BinaryIO) -> list[bytes]:
    lines: list[bytes] = []
    while len(lines) < 2:
        line = file.readline()
        assert line
        if line.startswith(b'{"name"'):
            lines.append(line)
    return lines


@contextlib.contextmanager
def _asked(daemon: Daemon, request: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(daemon.socket))
        head = f"{request} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode())
        yield client
