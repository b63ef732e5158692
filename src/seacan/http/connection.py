"""A client's connection: one exchange after the other, until somebody closes or takes it over."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

import anyio

from seacan import log
from seacan.http.errors import error_reply
from seacan.http.exchange import Exchange
from seacan.http.heads import BadRequest
from seacan.http.incoming import Incoming
from seacan.http.limits import Limits
from seacan.http.messages import (
    Answer,
    Application,
    HeaderLine,
    Hijack,
    Reply,
    Request,
    Stream,
)
from seacan.http.streams import ByteStream, ClientGone


class Connection:
    def __init__(
        self,
        stream: ByteStream,
        application: Application,
        *,
        headers: Sequence[HeaderLine],
        limits: Limits,
    ) -> None:
        self._stream = stream
        self._application = application
        self._headers = headers
        self._limits = limits
        self._incoming = Incoming(stream, limits)
        self._shaking: anyio.CancelScope | None = None
        self._streaming: anyio.CancelScope | None = None

    async def serve(self) -> None:
        """Answer requests; close at the end, unless the connection was given away."""
        try:
            if not await self._shake_hands():
                return
            while await self._serve_next():
                pass
        except ClientGone:
            return
        except BadRequest as err:
            await self._turn_away(err)
        finally:
            self._stream.close()

    async def _shake_hands(self) -> bool:
        """Return whether both sides have agreed in time."""
        with anyio.move_on_after(self._limits.handshake_s) as self._shaking:
            await self._stream.shake_hands()
        is_agreed = not self._shaking.cancelled_caught
        self._shaking = None
        return is_agreed

    @property
    def is_nobodys(self) -> bool:
        """Whether the client has yet to show who it is."""
        return self._shaking is not None

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request, the first one or a further one."""
        return self._incoming.is_idle

    def hang_up(self) -> None:
        """End once the answer under way, if it is no stream, has been sent."""
        if self._shaking:
            self._shaking.cancel()
        self._incoming.stop_waiting()
        if self._streaming:
            self._streaming.cancel()

    async def _serve_next(self) -> bool:
        head = await self._incoming.read_head()
        if head is None:
            return False
        exchange = Exchange(head, self._stream, self._incoming, self._headers, self._limits)
        try:
            return await self._answer(exchange)
        except BadRequest as err:
            if exchange.has_begun:
                raise ClientGone(str(err)) from err
            raise

    async def _answer(self, exchange: Exchange) -> bool:
        match await self._ask(exchange.request):
            case Reply() as reply:
                await exchange.reply(reply)
            case Stream() as stream:
                await self._send_stream(exchange, stream)
            case Hijack() as hijack:
                await self._give_away(exchange, hijack)
                return False
        if not exchange.is_received:
            await exchange.drain()
        if not exchange.is_received:
            await self._linger()
        return exchange.is_reusable

    async def _ask(self, request: Request) -> Answer:
        try:
            return await self._application(request)
        except (ClientGone, BadRequest):
            raise
        except Exception as err:
            return error_reply(err)

    async def _send_stream(self, exchange: Exchange, answer: Stream) -> None:
        failure: Exception | None = None

        async def send(piece: bytes) -> None:
            await exchange.send_piece(answer, piece)

        async with anyio.create_task_group() as group:
            self._streaming = group.cancel_scope
            # Only one may read from the client: its end is looked for once the body was read.
            group.start_soon(self._cancel_at_end, exchange, group.cancel_scope)
            try:
                if exchange.request.method != "HEAD":
                    await answer.produce(send)
                await send(b"")
                await exchange.send_end()
            except Exception as err:
                failure = err
            group.cancel_scope.cancel()
        self._streaming = None
        if failure is not None:
            await self._fail_stream(exchange, failure)

    async def _fail_stream(self, exchange: Exchange, failure: Exception) -> None:
        if isinstance(failure, ClientGone | BadRequest):
            raise failure
        if exchange.has_begun:
            log.warn("answer cut short", error=str(failure))
        else:
            await exchange.reply(error_reply(failure))

    async def _cancel_at_end(self, exchange: Exchange, scope: anyio.CancelScope) -> None:
        await exchange.wait_received()
        await self._incoming.wait_end()
        scope.cancel()

    async def _give_away(self, exchange: Exchange, hijack: Hijack) -> None:
        with suppress(ClientGone):  # begin() finds that out
            await self._stream.send(self._head(hijack))
            # dockerode puts the options of an attach into a body as well: that is no input.
            if "content-length" in exchange.request.headers:
                await exchange.drain()
        early = self._incoming.take()
        given = self._stream.detach()
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._pump)
            try:
                await hijack.begin(given, early)
            except Exception as err:
                failure = err
        if failure is not None:
            raise failure

    async def _pump(self) -> None:
        with anyio.CancelScope() as self._streaming:
            await self._stream.pump()
        self._streaming = None

    def _head(self, hijack: Hijack) -> bytes:
        if not hijack.has_headers:
            return hijack.head
        lines = "".join(f"{name}: {value}\r\n" for name, value in self._headers)
        return hijack.head.removesuffix(b"\r\n") + lines.encode("latin-1") + b"\r\n"

    async def _turn_away(self, reason: BadRequest) -> None:
        with suppress(ClientGone):
            await self._stream.send(_plain(reason))
            await self._linger()

    async def _linger(self) -> None:
        # Closing with bytes unread would reset the connection, and the answer be lost.
        self._stream.finish()
        with anyio.move_on_after(self._limits.linger_s), suppress(ClientGone):
            while await self._stream.receive():
                pass


def _plain(reason: BadRequest) -> bytes:
    status = f"{reason.status} {HTTPStatus(reason.status).phrase}"
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Connection: close\r\n\r\n{status}: {reason}\n"
    ).encode()
