"""Ports added to and removed from a container that runs: `seacan update`, beyond Docker."""

import itertools
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import Daemon, running_daemon, wait_until
from tests.ports import free_port

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SERVE = "for port in 80 81; do (while :; do echo $port | nc -l -p $port; done) & done; wait"


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture
def container(daemon: Daemon) -> Iterator[str]:
    yield daemon.run(SERVE, NetworkMode="bridge")
    daemon.remove_containers()
    daemon.assert_nothing_left()


def _seacan(daemon: Daemon, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _said(port: int) -> str:
    """Return what is said at a port of the host; empty if nobody is there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
            connection.shutdown(socket.SHUT_WR)
            return connection.makefile().read().strip()
    except OSError:
        return ""


def _wait_said(port: int, words: str) -> None:
    wait_until(lambda: _said(port) == words, f"{words} at {port}")


def _inspect(daemon: Daemon, container: str) -> dict[str, Any]:
    found: dict[str, Any] = daemon.request("GET", f"/containers/{container}/json")[1]
    return found


def _ports(daemon: Daemon, container: str) -> dict[str, list[str]]:
    ports = _inspect(daemon, container)["NetworkSettings"]["Ports"]
    return {port: sorted({each["HostPort"] for each in places}) for port, places in ports.items()}


def _binding(port: int) -> dict[str, str]:
    return {"HostIp": "127.0.0.1", "HostPort": str(port)}


def test_a_port_is_added_and_removed(daemon: Daemon, container: str) -> None:
    first, second = free_port(), free_port()
    add = ("update", "--publish-add", f"127.0.0.1:{first}:80", container)
    assert _seacan(daemon, *add) == (0, f"{container}\n")
    _wait_said(first, "80")
    bindings = {"80/tcp": [_binding(first)]}
    assert _inspect(daemon, container)["HostConfig"]["PortBindings"] == bindings
    assert _seacan(daemon, "port", container) == (0, f"80/tcp -> 127.0.0.1:{first}\n")
    # The same port for another one, and one more, in one request.
    words = ("--publish-rm", f"{first}:80", "--publish-add", f"127.0.0.1:{first}:81")
    assert _seacan(daemon, "update", *words, "--publish-add", f"{second}:80", container)[0] == 0
    _wait_said(first, "81")
    _wait_said(second, "80")
    assert _seacan(daemon, "update", "--publish-rm", "81", container)[0] == 0
    assert not _said(first)
    assert _ports(daemon, container) == {"80/tcp": [str(second)]}
    # What remains is what it has at its next start.
    daemon.request("POST", f"/containers/{container}/restart?t=0")
    _wait_said(second, "80")
    assert _ports(daemon, container) == {"80/tcp": [str(second)]}


def test_a_port_without_a_wish_for_one(daemon: Daemon, container: str) -> None:
    assert _seacan(daemon, "update", "--publish-add", "80", container)[0] == 0
    (port,) = _ports(daemon, container)["80/tcp"]
    _wait_said(int(port), "80")
    assert _seacan(daemon, "update", "--publish-rm", f"{port}:80", container)[0] == 0
    assert _ports(daemon, container) == {}


def test_refusals(daemon: Daemon, container: str) -> None:
    taken = free_port()
    other = daemon.run(SERVE, NetworkMode="bridge", PortBindings={"80/tcp": [_binding(taken)]})
    name = _inspect(daemon, other)["Name"].removeprefix("/")
    before = _inspect(daemon, container)
    for words, answer in (
        (
            ("--publish-add", f"127.0.0.1:{taken}:80"),
            f"port is already allocated (container {name}",
        ),
        (("--publish-rm", "80"), "port 80/tcp is not published"),
        (("--publish-add", f"{taken}:80", "--publish-add", "82"), "already allocated"),
        (("--publish-add", "[::1]:80:80/sctp"), "the container has no IPv6 address"),
        # Ports and limits change together, or neither does.
        (("--publish-add", "80", "-m", "1m"), "Minimum memory limit"),
        (("--publish-add", f"{taken}:80", "-m", "64m", "--memory-swap", "64m"), "allocated"),
    ):
        code, text = _seacan(daemon, "update", *words, container)
        assert code != 0
        assert answer in text
    after = _inspect(daemon, container)
    assert json.dumps(after) == json.dumps(before)
    with socket.socket() as program:
        program.bind(("0.0.0.0", 0))
        program.listen()
        port = program.getsockname()[1]
        text = _seacan(daemon, "update", "--publish-add", f"{port}:80", container)[1]
        assert f"address already in use (process {_own_name()}, pid " in text
    isolated = daemon.run("sleep 600")
    text = _seacan(daemon, "update", "--publish-add", "80", isolated)[1]
    assert "port publishing and the network mode none" in text


def _own_name() -> str:
    return Path("/proc/self/comm").read_text().strip()


def test_one_that_does_not_run_has_them_at_its_start(daemon: Daemon, container: str) -> None:
    port = free_port()
    daemon.request("POST", f"/containers/{container}/kill")
    daemon.request("POST", f"/containers/{container}/wait")
    assert _seacan(daemon, "update", "--publish-add", f"{port}:80", container)[0] == 0
    assert _is_free(port)
    daemon.request("POST", f"/containers/{container}/start")
    _wait_said(port, "80")


def test_rules_that_somebody_flushed_come_back(daemon: Daemon, container: str) -> None:
    subprocess.run(["nft", "delete", "table", "inet", daemon.table], check=True)
    subprocess.run(["nft", "add", "table", "inet", daemon.table], check=True)
    port = free_port()
    assert _seacan(daemon, "update", "--publish-add", f"{port}:80", container)[0] == 0
    _wait_said(port, "80")


def test_the_daemon_dies_at_any_step(daemon: Daemon, container: str) -> None:
    old, new = free_port(), free_port()
    url = f"/containers/{container}/update"
    before, after = {"80/tcp": [_binding(old)]}, {"81/tcp": [_binding(new)]}
    deaths = 0
    for step in itertools.count():
        assert daemon.request("POST", url, {"PublishAdd": before})[0] == 200
        change = {"PublishRemove": before, "PublishAdd": after}
        if not daemon.dies_in(step, "POST", url, change):
            break
        deaths += 1
        daemon.start()
        bindings = _inspect(daemon, container)["HostConfig"]["PortBindings"]
        assert bindings in (before, after)
        has, has_not = (old, new) if bindings == before else (new, old)
        _wait_said(has, "80" if has == old else "81")
        assert not _said(has_not)
        assert f". {has_not} :" not in daemon.rules()
        with socket.socket() as program:
            program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as connections linger
            program.bind(("127.0.0.1", has_not))
        assert daemon.request("POST", url, {"PublishRemove": bindings})[0] == 200
    daemon.kill()  # it counts still
    daemon.start()
    assert deaths >= 3  # the new port, network.json, the rules
