"""Relays: what rules do not lead to a container, and ports while there is no daemon."""

import functools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon import Daemon, running_daemon, wait_until
from tests.ports import free_port

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SERVE = "while :; do echo hello | nc -l -p 80 >/dev/null; done"
ECHO = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 53))
while True:
    server.sendto(*server.recvfrom(100))
"""


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture(autouse=True)
def _nothing_left(daemon: Daemon) -> Iterator[None]:
    yield
    daemon.remove_containers()
    daemon.request("POST", "/networks/prune")
    daemon.assert_nothing_left()


def _serve(daemon: Daemon, port: int, network: str = "bridge", address: str = "") -> str:
    binding = [{"HostIp": address, "HostPort": str(port)}]
    bindings = {"80/tcp": binding, "53/udp": binding}
    return daemon.run(SERVE, NetworkMode=network, PortBindings=bindings)


def _said(address: str, port: int) -> str:
    try:
        with socket.create_connection((address, port), timeout=3) as connection:
            connection.shutdown(socket.SHUT_WR)
            return connection.makefile().read().strip()
    except OSError:
        return ""


def _is_echoed(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect((address, port))
        try:
            client.send(b"x")
            return client.recv(10) == b"x"
        except OSError:
            return False


def _wait_said(address: str, port: int) -> None:
    wait_until(lambda: _said(address, port) == "hello", f"an answer of {address}, {port}")


def _relays(daemon: Daemon) -> list[int]:
    return [pid for pid, name in daemon.engine_processes().items() if name == "seacan-relay"]


def _can_be_had(address: str, port: int, kind: int = socket.SOCK_STREAM) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as program:
        if kind == socket.SOCK_STREAM:
            program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            program.bind((address, port))
            if kind == socket.SOCK_STREAM:
                program.listen()
        except OSError:
            return False
        return True


def test_a_network_of_ipv4_is_reached_over_ipv6(daemon: Daemon) -> None:
    port = free_port()
    container = _serve(daemon, port)
    for address in ("127.0.0.1", "::1"):
        _wait_said(address, port)
    ports = daemon.request("GET", f"/containers/{container}/json")[1]["NetworkSettings"]["Ports"]
    assert ports["80/tcp"] == [
        {"HostIp": address, "HostPort": str(port)} for address in ("0.0.0.0", "::")
    ]
    namespace = f"/proc/{daemon.state(container)['Pid']}/ns/net"
    server = subprocess.Popen(["nsenter", f"--net={namespace}", sys.executable, "-c", ECHO])
    try:
        for address in ("127.0.0.1", "::1"):
            wait_until(functools.partial(_is_echoed, address, port), f"an echo by {address}")
    finally:
        server.kill()
        server.wait()


def test_only_the_loopback_of_ipv6(daemon: Daemon) -> None:
    port = free_port()
    _serve(daemon, port, address="::1")
    _wait_said("::1", port)
    assert not _said("127.0.0.1", port)


def test_a_network_of_both_is_reached_from_the_loopback(daemon: Daemon) -> None:
    assert (
        daemon.request("POST", "/networks/create", {"Name": "both", "EnableIPv6": True})[0] == 201
    )
    port = free_port()
    _serve(daemon, port, "both")
    for address in ("127.0.0.1", "::1"):
        _wait_said(address, port)


def test_a_port_is_nobody_elses_while_there_is_no_daemon(daemon: Daemon) -> None:
    port = free_port()
    container = _serve(daemon, port)
    _wait_said("::1", port)
    daemon.kill()
    for address in ("0.0.0.0", "127.0.0.1", "::1"):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            assert not _can_be_had(address, port, kind)
        _wait_said(address, port)
    daemon.start()
    (relay,) = _relays(daemon)
    assert not _can_be_had("127.0.0.1", port)
    # It is the daemon's to give away again, with connections that linger.
    assert daemon.request("POST", f"/containers/{container}/restart?t=0")[0] == 204
    _wait_said("::1", port)
    assert _relays(daemon) != [relay]
    daemon.request("DELETE", f"/containers/{container}?force=1")
    wait_until(lambda: _can_be_had("127.0.0.1", port), "the port to be free")
    wait_until(lambda: not _relays(daemon), "the relay to end")


@pytest.mark.parametrize("is_new", [False, True], ids=["same daemon", "new daemon"])
def test_a_relay_that_is_killed_comes_back(daemon: Daemon, is_new: bool) -> None:
    port = free_port()
    _serve(daemon, port)
    _wait_said("::1", port)
    if is_new:
        daemon.kill()
        daemon.start()
    (relay,) = _relays(daemon)
    os.kill(relay, signal.SIGKILL)
    _wait_said("127.0.0.1", port)
    _wait_said("::1", port)
    assert not _can_be_had("0.0.0.0", port)
    assert _relays(daemon) != [relay]


def test_a_relay_that_dies_with_the_daemon_comes_back(daemon: Daemon) -> None:
    port = free_port()
    _serve(daemon, port)
    _wait_said("::1", port)
    daemon.kill()
    (relay,) = _relays(daemon)
    os.kill(relay, signal.SIGKILL)
    wait_until(lambda: not _relays(daemon), "its end")
    daemon.start()
    _wait_said("::1", port)
    assert not _can_be_had("0.0.0.0", port)


def test_what_rules_do_not_lead_any_more_the_relay_does(daemon: Daemon) -> None:
    port = free_port()
    container = _serve(daemon, port)
    _wait_said("127.0.0.1", port)
    subprocess.run(["nft", "delete", "table", "inet", daemon.table], check=True)
    _wait_said("127.0.0.1", port)
    assert daemon.request("POST", f"/containers/{container}/restart?t=0")[0] == 204
    wait_until(lambda: f". {port} :" in daemon.rules(), "the rules")


def test_connections_follow_the_container_into_another_network(daemon: Daemon) -> None:
    assert daemon.request("POST", "/networks/create", {"Name": "other"})[0] == 201
    port = free_port()
    container = _serve(daemon, port)
    _wait_said("::1", port)
    assert daemon.request("POST", "/networks/other/connect", {"Container": container})[0] == 200
    _wait_said("::1", port)
    body = {"Container": container}
    assert daemon.request("POST", "/networks/bridge/disconnect", body)[0] == 200
    for address in ("127.0.0.1", "::1"):
        _wait_said(address, port)


@pytest.fixture
def daemon_without_rules(daemon: Daemon) -> Iterator[Daemon]:
    """The same daemon, which has made rules before, and will again."""
    before, after = free_port(), free_port()
    container = _serve(daemon, before)
    assert daemon.rules()
    daemon.stop()
    daemon.start("--iptables=false", "--ip6tables=false")
    assert daemon.rules() == ""
    _wait_said("127.0.0.1", before)
    daemon.request("DELETE", f"/containers/{container}?force=1")
    yield daemon
    daemon.stop()
    daemon.start()
    _serve(daemon, after)
    assert daemon.rules()


def test_without_rules_ports_are_relayed(daemon_without_rules: Daemon) -> None:
    daemon, port = daemon_without_rules, free_port()
    assert daemon.request("POST", "/networks/create", {"Name": "inner"})[0] == 201
    for network in ("bridge", "inner"):
        container = _serve(daemon, port, network)
        _wait_said("127.0.0.1", port)
        _wait_said("::1", port)
        assert daemon.rules() == ""
        daemon.request("DELETE", f"/containers/{container}?force=1")
