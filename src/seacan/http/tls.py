"""A connection's bytes within TLS.

The handshake takes place when the client's first bytes are waited for, so the same limits hold for
a client that does not finish it as for one that sends no request.
asyncio's own TLS drops what is still to be sent once the client has said that it will send no
more, and anyio's lets two tasks send at once; so the records pass through memory here.
"""

import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio

from seacan.errors import InvalidArgument, Unsupported
from seacan.http.streams import ClientGone, SocketStream

_RECEIVE_BYTES: Final = 64 << 10
# One record of TLS has 16 KiB at most; more at once only saves calls.
_SEND_BYTES: Final = 256 << 10


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what a server proves itself with. Raises InvalidArgument if the files do not fit."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, certificate, key)
    return context


def load_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Have new connections see this certificate. Raises InvalidArgument, and keeps the old one."""
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as err:
        raise InvalidArgument(f"load certificate {certificate} and key {key}: {err}") from err


class TlsStream:
    """A server's end of a TLS connection, on a connected socket, owned."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._stream = SocketStream(connection)
        self._received = ssl.MemoryBIO()
        self._to_send = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_side=True)
        # Records have to leave in the order that they were made in.
        self._sending = anyio.Lock()
        self._is_broken = False  # since whoever sent was cancelled

    async def receive(self) -> bytes:
        while True:
            try:
                data = self._tls.read(_RECEIVE_BYTES)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._receive_records()
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as err:
                await self._say_why(err)
            else:
                # What is to be sent after it, a key update, waits: a reader may be cancelled, and
                # what was received must not be lost with it.
                return data

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._tls.write(rest[:_SEND_BYTES]) :]
            except ssl.SSLWantReadError:
                await self._flush()
                await self._receive_records()
            except ssl.SSLError as err:
                raise ClientGone(str(err)) from err
            await self._flush()

    async def _receive_records(self) -> None:
        data = await self._stream.receive()
        if data:
            self._received.write(data)
        else:
            self._received.write_eof()

    async def _flush(self) -> None:
        if not self._to_send.pending:
            return
        async with self._sending:
            if self._is_broken:
                raise ClientGone("a record was cut short")
            self._is_broken = True
            while data := self._to_send.read():
                await self._stream.send(data)
            self._is_broken = False

    async def _say_why(self, err: ssl.SSLError) -> None:
        await self._flush()  # the alert
        raise ClientGone(str(err)) from err

    def finish(self) -> None:
        # It would wait for the client's last word, which nobody needs.
        with suppress(ssl.SSLError, ValueError):
            self._tls.unwrap()
        if not self._is_broken:
            self._stream.send_now(self._to_send.read())
        self._stream.finish()

    def detach(self) -> socket.socket:
        raise Unsupported("a connection with TLS cannot be given away")

    def close(self) -> None:
        self.finish()
        self._stream.close()
