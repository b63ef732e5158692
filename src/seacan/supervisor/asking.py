"""How the daemon asks a process of ours: a packet there, a packet back, within a time."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import anyio

from seacan import errors
from seacan.supervisor import protocol
from seacan.supervisor.protocol import Message


async def connect(directory: Path, name: str) -> socket.socket:
    """Return a connection to the socket `name` in `directory`. Raises Unavailable."""
    fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, protocol.SOCKET_TYPE)
    connection.setblocking(False)
    try:
        # A name below a descriptor: an address has room for 107 bytes only.
        connection.connect(f"/proc/self/fd/{fd}/{name}")
    except OSError as err:
        connection.close()
        raise errors.Unavailable(f"connect to {name}: {err.strerror}") from err
    finally:
        os.close(fd)
    return connection


async def ask(
    channel: socket.socket, message: Message, descriptors: Sequence[int], deadline_s: float
) -> Message:
    return (await exchange(channel, message, descriptors, deadline_s))[0]


async def exchange(
    channel: socket.socket, message: Message, descriptors: Sequence[int], deadline_s: float
) -> tuple[Message, list[int]]:
    """Return the answer, with the descriptors that came with it."""
    try:
        protocol.send(channel, message, descriptors)
        with anyio.fail_after(deadline_s):
            await anyio.wait_readable(channel)
        received = protocol.receive(channel)
    except OSError as err:
        raise errors.Unavailable(f"ask for an answer: {err.strerror or err}") from err
    if received is None:
        raise errors.Unavailable("ask for an answer: the other end is closed")
    protocol.raise_error(received[0])
    return received
