"""What systemd is told, and what it passes; a socket of the test's own is the service manager."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from seacan.daemon import sockets
from seacan.daemon.systemd import Notifier, take_sockets
from seacan.errors import InvalidArgument


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        yield listener


def told(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode().splitlines()


def test_how_it_does_is_told(manager: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": manager.getsockname(), "OTHER": "x"}
    notifier = Notifier(environment)
    assert environment == {"OTHER": "x"}  # what it starts is not to speak for it
    assert notifier.is_asked
    notifier.ready("all well")
    assert told(manager) == ["READY=1", "STATUS=all well"]
    notifier.reloading()
    word, when = told(manager)
    assert word == "RELOADING=1"
    assert when.startswith("MONOTONIC_USEC=")
    notifier.alive("1 of 2 containers run")
    assert told(manager) == ["WATCHDOG=1", "STATUS=1 of 2 containers run"]
    notifier.stopping(containers_go_on=True)
    assert told(manager)[0] == "STOPPING=1"


def test_an_abstract_address() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0seacan-test-{os.getpid()}")
        listener.settimeout(60)
        Notifier({"NOTIFY_SOCKET": f"@seacan-test-{os.getpid()}"}).ready("x")
        assert told(listener) == ["READY=1", "STATUS=x"]


def test_nobody_is_told_where_nobody_asks(tmp_path: Path) -> None:
    notifier = Notifier({})
    notifier.ready("x")
    assert not notifier.is_asked
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("x")  # and no harm is done


@pytest.mark.parametrize(
    ("environment", "period_s"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
        ({}, None),
    ],
)
def test_the_watchdog(environment: dict[str, str], period_s: float | None) -> None:
    assert Notifier(environment).watchdog_s == period_s
    assert environment == {}


def test_sockets_for_another_process_are_not_taken() -> None:
    environment = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "x"}
    assert take_sockets(environment) == []
    assert environment == {}


def test_only_unix_streams_are_adopted() -> None:
    with pytest.raises(InvalidArgument, match="no socket was passed"):
        sockets.adopt([])
    with (
        socket.socket(socket.AF_INET) as tcp,
        pytest.raises(InvalidArgument, match="only streams of unix sockets"),
    ):
        sockets.adopt([tcp])
