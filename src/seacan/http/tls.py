"""A connection's bytes within TLS.

asyncio's own TLS drops what is still to be sent once the client has said that it will send no
more, and anyio's lets two tasks send at once; so the records pass through memory here.

A connection that is given away stays here, since only this process has its keys:

    client ◀── TLS ──▶ pump ◀── socketpair ──▶ whoever it was given to
"""

import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

import anyio

from seacan import log
from seacan.certificate_chains import check_as_go
from seacan.errors import InvalidArgument
from seacan.http.messages import Certificate
from seacan.http.streams import ClientGone, SocketStream

_RECEIVE_BYTES: Final = 64 << 10
# One record of TLS has 16 KiB at most; more at once only saves calls.
_SEND_BYTES: Final = 256 << 10
# How long a client whose connection ends early is read from, so that it sees what was sent last.
_Subject = tuple[tuple[tuple[str, str], ...], ...]  # as ssl has it
_LINGER_S: Final = 0.5
# What Go's servers say to a client that speaks HTTP to a port of HTTPS; Docker's client shows it.
_NOT_TLS: Final = (
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
)


def server_context(
    certificate: Path, key: Path, *, clients_ca: Path | None = None
) -> ssl.SSLContext:
    """Return what a server proves itself with; clients have to be of `clients_ca`, if there is one.

    Raises InvalidArgument if the files do not fit.
    """
    context = check_as_go(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, certificate, key)
    if clients_ca is not None:
        try:
            # OpenSSL looks at the extended usage of what clients show: it has to be clientAuth.
            context.load_verify_locations(clients_ca)
        except (OSError, ssl.SSLError) as err:
            raise InvalidArgument(f"load CA {clients_ca}: {err}") from err
        context.verify_mode = ssl.CERT_REQUIRED
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
        self._near: SocketStream | None = None  # our end of what was given away

    @property
    def certificate(self) -> Certificate | None:
        if not (der := self._tls.getpeercert(binary_form=True)):
            return None
        # Of one that was not verified there is no subject; the listener takes none such.
        subject = cast(_Subject, (self._tls.getpeercert() or {}).get("subject", ()))
        names = [value for pairs in subject for key, value in pairs if key == "commonName"]
        return Certificate(names[0] if names else "", ssl.DER_cert_to_PEM_cert(der))

    async def shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._receive_records()
            except ssl.SSLError as err:
                why = (err.reason or str(err)).replace("_", " ").lower()
                log.info("TLS handshake failed", client=self._stream.peer, error=why)
                await self._say_why(err)
            else:
                await self._flush()
                return

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
        if err.reason == "HTTP_REQUEST":
            await self._stream.send(_NOT_TLS)
        else:
            await self._flush()  # the alert
        await self._linger()
        raise ClientGone(str(err)) from err

    async def _linger(self) -> None:
        # Closing with bytes unread would reset the connection, and what was sent last be lost.
        self._stream.finish()
        with anyio.move_on_after(_LINGER_S), suppress(ClientGone):
            while await self._stream.receive():
                pass

    def finish(self) -> None:
        # It would wait for the client's last word, which nobody needs.
        with suppress(ssl.SSLError, ValueError):
            self._tls.unwrap()
        if not self._is_broken:
            self._stream.send_now(self._to_send.read())
        self._stream.finish()

    def detach(self) -> socket.socket:
        near, given = socket.socketpair()
        self._near = SocketStream(near)
        given.setblocking(False)
        return given

    async def pump(self) -> None:
        """Pass bytes until the other end was closed, or the client is gone."""
        assert self._near is not None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._pump_in, self._near, group.cancel_scope)
                await self._pump_out(self._near)
                group.cancel_scope.cancel()
        finally:
            self._near.close()
        self.finish()
        await self._linger()

    async def _pump_in(self, near: SocketStream, pumping: anyio.CancelScope) -> None:
        # A client that has ended its input still gets output; one that is gone ends all.
        try:
            while data := await self.receive():
                if not await _sent(near, data):
                    return  # nobody takes input any more; what was said last is still to go out
            near.finish()
        except ClientGone:
            pumping.cancel()

    async def _pump_out(self, near: SocketStream) -> None:
        with suppress(ClientGone):
            while data := await near.receive():
                await self.send(data)

    def close(self) -> None:
        self.finish()
        self._stream.close()


async def _sent(near: SocketStream, data: bytes) -> bool:
    try:
        await near.send(data)
    except ClientGone:
        return False
    return True
