import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from seacan.network import port_owner

_COMM = Path("/proc/self/comm")


@pytest.fixture
def named() -> Iterator[None]:
    """This process is called what no terminal should be shown, and no text can have."""
    before = _COMM.read_bytes()
    _COMM.write_bytes(b"\x1b[2J\xffx")
    yield
    _COMM.write_bytes(before)


@pytest.mark.usefixtures("named")
def test_who_has_a_port_is_told_without_control_characters() -> None:
    """A container's process chooses its name, and anybody who wants its port is told it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        told = port_owner.describe("tcp", server.getsockname()[1])
    assert told == f" (process ?[2J\ufffdx, pid {os.getpid()}, has it)"
