"""One request and its answer, over h11, which knows the framing of both."""

import email.utils
import functools
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import anyio
import anyio.lowlevel
import h11

from seacan.http.heads import BadRequest, check_head
from seacan.http.incoming import Incoming
from seacan.http.limits import Limits
from seacan.http.messages import HeaderLine, Reply, Request, Stream
from seacan.http.streams import ByteStream, ClientGone
from seacan.pace import Pace

# A client may send each byte in a chunk of its own, ten thousand of them at once.
_CHUNKS_AT_ONCE: Final = 64
# For the head of a chunk, and the trailers: a head is measured before h11 sees it.
_INCOMPLETE_BYTES: Final = 16 << 10


class Exchange:
    """Reads the body of `request`, sends what answers it.

    Raises BadRequest if `head` is none, or the body is broken; ClientGone.
    """

    def __init__(
        self,
        head: bytes,
        stream: ByteStream,
        incoming: Incoming,
        headers: Sequence[HeaderLine],
        limits: Limits,
    ) -> None:
        check_head(head, limits.head_lines)
        self._stream = stream
        self._incoming = incoming
        self._headers = headers
        self._limits = limits
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=_INCOMPLETE_BYTES)
        self._h11.receive_data(head)
        self._pace = Pace(limits.body_turn_bytes, limits.body_turn_s)
        self._body_end = anyio.Event()
        self._has_more = False  # that h11 has received, but that was not asked for yet
        self.request = self._parse()
        # The client sends its body only when it is told to, or never.
        self._is_withheld = self._h11.they_are_waiting_for_100_continue

    def _parse(self) -> Request:
        event = self._next_event()
        assert isinstance(event, h11.Request)  # the head is all there
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
        has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        if not has_body:
            self._next_event()
        return Request(
            method=event.method.decode("ascii"),
            target=event.target.decode("ascii"),
            headers=headers,
            has_body=has_body,
            receive=self.receive,
            certificate=self._stream.certificate,
        )

    @property
    def is_received(self) -> bool:
        """Whether the whole body was read."""
        return self._h11.their_state not in (h11.SEND_BODY, h11.ERROR)

    async def wait_received(self) -> None:
        """Wait until the whole body was read, by whoever reads it."""
        if not self.is_received:
            await self._body_end.wait()

    @property
    def has_begun(self) -> bool:
        """Whether the head of the answer was sent, so that no other can follow."""
        return self._h11.our_state is not h11.SEND_RESPONSE

    @property
    def is_reusable(self) -> bool:
        """Whether the connection may carry another request."""
        return self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE

    async def receive(self) -> bytes:
        """Return the next piece of the body, b"" at its end."""
        if self.is_received:
            return b""
        if self._is_withheld:
            self._is_withheld = False
            await self._stream.send(
                self._encode(h11.InformationalResponse(status_code=100, headers=[]))
            )
        if self._has_more:
            await anyio.lowlevel.checkpoint()
        while not (data := self._received()) and not self.is_received:
            await self._feed()
        return data

    def _received(self) -> bytes:
        """Return what has come of the body: of many chunks some, as there are others to serve."""
        pieces = []
        self._has_more = False
        while isinstance(event := self._next_event(), h11.Data):
            pieces.append(event.data)
            if len(pieces) == _CHUNKS_AT_ONCE:
                self._has_more = True
                break
        if isinstance(event, h11.EndOfMessage):
            self._incoming.put_back(self._h11.trailing_data[0])
            self._body_end.set()
        return b"".join(pieces)

    async def _feed(self) -> None:
        began = anyio.current_time()
        with anyio.move_on_after(self._limits.body_s) as patience:
            data = await self._incoming.receive()
        waited_s = anyio.current_time() - began
        if patience.cancelled_caught or not self._pace.keeps_up(len(data), waited_s):
            raise BadRequest(408, "the request body took too long")
        if not data:
            raise ClientGone("within a request body")
        self._h11.receive_data(data)

    async def drain(self) -> None:
        """Read the rest of the body and forget it, as far as the limits go."""
        if self._is_withheld:
            return
        left = self._limits.drain_bytes
        with anyio.move_on_after(self._limits.drain_s):
            while left > 0 and (piece := await self.receive()):
                left -= len(piece)

    async def reply(self, reply: Reply) -> None:
        """Send an answer that is all there."""
        data = self._encode(self._response(reply))
        if reply.body and self.request.method != "HEAD":
            data += self._encode(h11.Data(data=reply.body))
        await self._stream.send(data + self._encode(h11.EndOfMessage()))

    async def send_piece(self, answer: Stream, piece: bytes) -> None:
        """Send the head, if it was not yet, and a piece of the body; nothing waits in a buffer."""
        data = b""
        if not self.has_begun:
            own = (("Content-Type", answer.content_type), ("Date", _date()))
            headers = [*self._headers, *answer.headers, *own]
            reason = HTTPStatus(answer.status).phrase
            data = self._encode(
                h11.Response(status_code=answer.status, headers=headers, reason=reason)
            )
        for chunk in piece.splitlines(keepends=True) if answer.is_by_line else (piece,):
            if chunk:
                data += self._encode(h11.Data(data=chunk))
        with anyio.move_on_after(self._limits.piece_s) as patience:
            await self._stream.send(data)
        if patience.cancelled_caught:
            raise ClientGone("it takes nothing of its answer")

    async def send_end(self) -> None:
        """End a body that was sent in pieces."""
        await self._stream.send(self._encode(h11.EndOfMessage()))

    def _response(self, reply: Reply) -> h11.Response:
        headers = [*self._headers, *reply.headers, ("Date", _date())]
        if reply.content_type:
            headers.append(("Content-Type", reply.content_type))
        if reply.status not in (204, 304):
            headers.append(("Content-Length", str(len(reply.body))))
        reason = HTTPStatus(reply.status).phrase
        return h11.Response(status_code=reply.status, headers=headers, reason=reason)

    def _encode(self, event: h11.Event) -> bytes:
        return self._h11.send(event) or b""

    def _next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as err:
            raise BadRequest(err.error_status_hint, str(err)) from err


def _date() -> str:
    return _date_of(int(time.time()))


@functools.lru_cache(maxsize=1)
def _date_of(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)
