"""Messages over TCP: each with its length in front. Source: RFC 1035, section 4.2.2."""

import socket
from typing import Final

import anyio

_LENGTH: Final = 2
_MESSAGE_LIMIT: Final = 0xFFFF


async def receive(connection: socket.socket) -> bytes:
    """Return the next message; empty at the end. Raises OSError."""
    length = int.from_bytes(await _receive_exactly(connection, _LENGTH))
    return await _receive_exactly(connection, length)


async def send(connection: socket.socket, message: bytes) -> None:
    """Send one message. Raises OSError."""
    left = memoryview(len(message).to_bytes(_LENGTH) + message)
    while left:
        try:
            left = left[connection.send(left) :]
        except BlockingIOError:
            await anyio.wait_writable(connection)


async def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    """Return `size` bytes; fewer only if there are no more."""
    received = bytearray()
    while len(received) < size:
        try:
            part = connection.recv(min(size - len(received), _MESSAGE_LIMIT))
        except BlockingIOError:
            await anyio.wait_readable(connection)
            continue
        if not part:
            return b""
        received += part
    return bytes(received)
