"""A connection's bytes: a plain socket; tls.py has a class of the same shape."""

import socket
from contextlib import suppress
from typing import Final, Protocol

import anyio
import anyio.lowlevel

from seacan.http.messages import Certificate

_RECEIVE_BYTES: Final = 64 << 10


class ClientGone(Exception):
    """The client closed its connection, or reset it, before it had all of its answer."""


class ByteStream(Protocol):
    @property
    def certificate(self) -> Certificate | None:
        """Return what the client has shown, None without TLS that asks for one."""

    async def shake_hands(self) -> None:
        """Agree with the client on keys, and on who it is. Raises ClientGone."""

    async def receive(self) -> bytes:
        """Return what came, b"" at the end. Raises ClientGone."""

    async def send(self, data: bytes) -> None:
        """Send all of `data`. Raises ClientGone."""

    def finish(self) -> None:
        """Tell the client that no more will be sent."""

    def detach(self) -> socket.socket:
        """Give the connection away as a non-blocking socket; the stream is closed after that.

        A stream that is no plain socket gives one end of a socketpair, and `pump` serves the other.
        """

    async def pump(self) -> None:
        """Pass bytes between the connection and what `detach` gave, until one of them ends."""

    def close(self) -> None:
        """Close, if it was not given away."""


class SocketStream:
    """A connected unix or TCP socket, owned."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection

    @property
    def certificate(self) -> Certificate | None:
        return None

    async def shake_hands(self) -> None:
        """Nothing is to be agreed on."""

    async def receive(self) -> bytes:
        while True:
            try:
                data = self._socket.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                await anyio.wait_readable(self._socket)
            except OSError as err:
                raise ClientGone(str(err)) from err
            else:
                # A client that always has more to say does not starve the others. Shielded, since
                # what was received must not be lost with a cancelled reader.
                await anyio.lowlevel.cancel_shielded_checkpoint()
                return data

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                await anyio.wait_writable(self._socket)
            except OSError as err:
                raise ClientGone(str(err)) from err

    def send_now(self, data: bytes) -> None:
        """Send what fits without waiting; the rest is lost."""
        with suppress(OSError):
            self._socket.send(data)

    def finish(self) -> None:
        with suppress(OSError):  # the client was faster
            self._socket.shutdown(socket.SHUT_WR)

    def detach(self) -> socket.socket:
        given = socket.socket(fileno=self._socket.detach())
        given.setblocking(False)
        return given

    async def pump(self) -> None:
        """Nothing is to be done: what was given is the connection."""

    @property
    def peer(self) -> str:
        """Who is at the other end, in words for the log."""
        try:
            address = self._socket.getpeername()
        except OSError:
            return "gone"
        return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)

    def close(self) -> None:
        self._socket.close()
