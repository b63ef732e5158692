"""A connection of HTTP/2 on a socket, of a client or a server: its streams, and what they may take.

What a peer sends is kept until it is read, and no more than a window of it comes before. One task
reads the socket and one writes to it, so that who is cancelled leaves no half of a frame; whoever
sends waits for the peer's window, and until the socket took what was sent before.

Source: RFC 9113. The state of the protocol is the library's, h2.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import anyio
import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from seacan.errors import Unavailable

Headers: TypeAlias = Sequence[tuple[str, str]]

_RECEIVE_BYTES: Final = 64 << 10
_STREAM_WINDOW_BYTES: Final = 1 << 20
_WINDOW_BYTES: Final = 8 << 20  # of all streams together: what a peer may have us keep
_DEFAULT_WINDOW_BYTES: Final = 65535
_MOST_STREAMS: Final = 100
_MOST_RESETS: Final = 1000  # streams begun to be given up at once: CVE-2023-44487
# What is taken in at once, while others wait: more if the last had few frames that say nothing.
_LEAST_PART_BYTES: Final = 2 << 10
_FEW_WORDS: Final = 16
# Frames that say nothing: pings, settings, windows, ends, no content (CVE-2019-9512 to 9518). Each
# frame of ours may bring two: Go's client measures by pings how much it can be sent.
_MOST_WORDS: Final = 10_000
_WORDS_FOR_ONE: Final = 2
_LEAST_CONTENT_BYTES: Final = 5  # of a gRPC message
_HEADERS_BYTES: Final = 64 << 10


class ConnectionLost(Unavailable):
    """The peer has closed the connection, or the stream."""


class Stream:
    """One stream. Reading and sending may each be done by one task at a time."""

    def __init__(self, connection: "Connection", stream_id: int) -> None:
        self.id = stream_id
        self.headers: dict[str, str] = {}
        self.trailers: dict[str, str] = {}
        self.is_over = False  # the peer has reset it, or the connection is gone
        self.has_headers = anyio.Event()
        self._connection = connection
        self._data = bytearray()  # one, since each piece may be a byte
        self._counted = 0  # in the windows
        self._has_ended = False
        self._news = anyio.Event()
        self._has_room = anyio.Event()

    async def receive(self) -> bytes:
        """Return what came, b"" at the end. Raises ConnectionLost."""
        while not self._data:
            if self._has_ended:
                return b""
            if self.is_over:
                raise ConnectionLost("the connection was closed")
            self._news = anyio.Event()
            await self._news.wait()
        data = bytes(self._data)
        await self._connection.acknowledge(self, self.drop())
        return data

    def drop(self) -> int:
        """Let go of what came; return what it counts in the windows."""
        counted, self._counted = self._counted, 0
        self._data.clear()
        return counted

    async def wait_headers(self) -> dict[str, str]:
        """Return what the peer answers with. Raises ConnectionLost."""
        await self.has_headers.wait()
        if self.is_over and not self.headers:
            raise ConnectionLost("the connection was closed")
        return self.headers

    async def send_headers(self, headers: Headers, *, ends: bool = False) -> None:
        await self._connection.send_headers(self, headers, ends=ends)

    async def send(self, data: bytes) -> None:
        """Send all of `data`. Raises ConnectionLost."""
        await self._connection.send(self, data)

    async def end(self) -> None:
        """Tell the peer that no more will be sent."""
        await self._connection.end(self)

    def reset(self) -> None:
        """Give the stream up, if it has not ended; the peer is told."""
        self._connection.reset(self)

    async def wait_room(self) -> None:
        self._has_room = anyio.Event()
        await self._has_room.wait()

    # -- told by the connection -------------------------------------------------------------------

    def came(self, data: bytes, counted: int) -> None:
        self._data += data
        self._counted += counted
        self._news.set()

    def ended(self) -> None:
        self._has_ended = True
        self._news.set()

    def room(self) -> None:
        self._has_room.set()

    def lost(self) -> None:
        self.is_over = True
        for event in (self.has_headers, self._news, self._has_room):
            event.set()


class Connection:
    """To be run for as long as it is used; the socket is its own, and closed at the end."""

    def __init__(
        self,
        connection: socket.socket,
        early: bytes = b"",
        *,
        is_client: bool,
        answer: Callable[[Stream], Awaitable[None]] | None = None,
    ) -> None:
        """`early` came on it already. `answer` is called for each stream of a server's.

        Cancelled when the stream is reset, or the connection ends.
        """
        connection.setblocking(False)
        self._socket = connection
        self._early = early
        self._answer = answer
        self._streams: dict[int, Stream] = {}
        self._scopes: dict[int, anyio.CancelScope] = {}
        self._resets = 0
        self._part_bytes = _LEAST_PART_BYTES
        self._words = 0  # of the peer, that nothing of ours was an occasion for
        self._is_over = False
        self._is_waiting_to_be_sent = anyio.Event()
        self._was_sent = anyio.Event()
        config = h2.config.H2Configuration(client_side=is_client, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config)
        self._h2.local_settings = h2.settings.Settings(
            client=is_client,
            initial_values={
                h2.settings.SettingCodes.ENABLE_PUSH: 0,
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: _MOST_STREAMS,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW_BYTES,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: _HEADERS_BYTES,
            },
        )
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_WINDOW_BYTES - _DEFAULT_WINDOW_BYTES)

    async def run(self) -> None:
        """Serve the streams until the peer closes the connection, or this is cancelled."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._write, tasks.cancel_scope)
                with suppress(ConnectionLost, h2.exceptions.ProtocolError):
                    await self._read(tasks.start_soon)
                self._lose_all()
                tasks.cancel_scope.cancel()
        finally:
            self._lose_all()
            self._socket.close()

    def _lose_all(self) -> None:
        self._is_over = True
        self._was_sent.set()
        for stream in self._streams.values():
            stream.lost()

    async def open(self, headers: Headers) -> Stream:
        """Begin a stream, as a client. Raises ConnectionLost."""
        if self._is_over:
            raise ConnectionLost("the connection was closed")
        try:
            stream_id = self._h2.get_next_available_stream_id()
            stream = self._streams[stream_id] = Stream(self, stream_id)
            self._h2.send_headers(stream_id, headers)
        except h2.exceptions.ProtocolError as err:
            raise ConnectionLost(f"HTTP/2: {err}") from err
        await self._flush()
        return stream

    # -- what streams ask for ---------------------------------------------------------------------

    async def send_headers(self, stream: Stream, headers: Headers, *, ends: bool) -> None:
        self._check(stream)
        try:
            self._h2.send_headers(stream.id, headers, end_stream=ends)
            self._said()
        except h2.exceptions.ProtocolError as err:
            raise ConnectionLost(f"HTTP/2: {err}") from err
        await self._flush()

    async def send(self, stream: Stream, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._check(stream)
            try:
                window = self._h2.local_flow_control_window(stream.id)
                size = min(window, self._h2.max_outbound_frame_size, len(rest))
                if size > 0:
                    self._h2.send_data(stream.id, bytes(rest[:size]))
                    self._said()
            except h2.exceptions.ProtocolError as err:
                raise ConnectionLost(f"HTTP/2: {err}") from err
            if size > 0:
                rest = rest[size:]
                await self._flush()
            else:
                await stream.wait_room()

    async def end(self, stream: Stream) -> None:
        self._check(stream)
        try:
            self._h2.end_stream(stream.id)
        except h2.exceptions.ProtocolError as err:
            raise ConnectionLost(f"HTTP/2: {err}") from err
        await self._flush()

    def reset(self, stream: Stream) -> None:
        self._forget(stream)
        if stream.is_over or self._is_over:
            return
        with suppress(h2.exceptions.ProtocolError):  # it has ended both ways
            self._h2.reset_stream(stream.id, h2.errors.ErrorCodes.CANCEL)
            self._is_waiting_to_be_sent.set()

    async def acknowledge(self, stream: Stream, count: int) -> None:
        self._acknowledge(stream.id, count)
        await self._flush()

    def _acknowledge(self, stream_id: int, count: int) -> None:
        with suppress(h2.exceptions.ProtocolError):  # the connection has ended
            self._h2.acknowledge_received_data(count, stream_id)

    def _forget(self, stream: Stream) -> None:
        """Leave what it was sent and did not read out of the window of all."""
        self._streams.pop(stream.id, None)
        self._acknowledge(stream.id, stream.drop())

    def _said(self) -> None:
        self._words = max(self._words - _WORDS_FOR_ONE, 0)

    def _check(self, stream: Stream) -> None:
        if stream.is_over or self._is_over:
            raise ConnectionLost("the connection was closed")

    # -- the socket -------------------------------------------------------------------------------

    async def _read(self, start: Callable[..., object]) -> None:
        loop = asyncio.get_running_loop()
        data = self._early
        await self._flush()
        while data or (data := await _received(loop, self._socket)):
            while data:
                part, data = data[: self._part_bytes], data[self._part_bytes :]
                try:
                    self._take_in(part, start)
                except (h2.exceptions.ProtocolError, ConnectionLost):
                    await self._flush()  # the peer is told what it did wrong
                    raise
                await self._flush()

    def _take_in(self, part: bytes, start: Callable[..., object]) -> None:
        events = self._h2.receive_data(part)
        words = sum(map(_is_word, events))
        has_few = words <= _FEW_WORDS
        self._part_bytes = (
            min(2 * self._part_bytes, _RECEIVE_BYTES) if has_few else _LEAST_PART_BYTES
        )
        self._words += words
        if self._words > _MOST_WORDS:
            self._h2.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
            raise ConnectionLost("too many frames say nothing")
        for event in events:
            self._handle(event, start)

    async def _write(self, scope: anyio.CancelScope) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._is_waiting_to_be_sent.wait()
            self._is_waiting_to_be_sent = anyio.Event()
            try:
                await loop.sock_sendall(self._socket, self._h2.data_to_send())
            except OSError:
                scope.cancel()
                return
            self._was_sent.set()
            self._was_sent = anyio.Event()

    async def _flush(self) -> None:
        """Have sent what there is; wait until what was before it is. Raises ConnectionLost."""
        was_sent = self._was_sent
        self._is_waiting_to_be_sent.set()
        await was_sent.wait()
        if self._is_over:
            raise ConnectionLost("the connection was closed")

    def _handle(self, event: h2.events.Event, start: Callable[..., object]) -> None:
        match event:
            case h2.events.RequestReceived():
                self._begin(event, start)
            case h2.events.ResponseReceived():
                if stream := self._streams.get(event.stream_id):
                    stream.headers = _headers(event.headers)
                    stream.has_headers.set()
            case h2.events.TrailersReceived():
                if stream := self._streams.get(event.stream_id):
                    stream.trailers = _headers(event.headers)
            case h2.events.DataReceived():
                self._take(event)
            case h2.events.StreamEnded():
                if stream := self._streams.get(event.stream_id):
                    stream.ended()
            case h2.events.StreamReset():
                self._lose(event.stream_id)
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                for stream in self._streams.values():
                    stream.room()
            case h2.events.ConnectionTerminated():
                raise ConnectionLost("the peer has ended the connection")

    def _begin(self, event: h2.events.RequestReceived, start: Callable[..., object]) -> None:
        stream = self._streams[event.stream_id] = Stream(self, event.stream_id)
        stream.headers = _headers(event.headers)
        start(self._serve, stream)

    async def _serve(self, stream: Stream) -> None:
        assert self._answer is not None
        try:
            with anyio.CancelScope() as scope, suppress(ConnectionLost):
                self._scopes[stream.id] = scope
                if not stream.is_over:
                    await self._answer(stream)
        finally:
            self._scopes.pop(stream.id, None)
            self._forget(stream)

    def _take(self, event: h2.events.DataReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:  # nobody listens any more; the connection's window is for others
            self._acknowledge(event.stream_id, event.flow_controlled_length)
            return
        stream.came(event.data, event.flow_controlled_length)

    def _lose(self, stream_id: int) -> None:
        if stream := self._streams.get(stream_id):
            stream.lost()
        if self._answer is None:
            return
        self._resets += 1
        if self._resets > _MOST_RESETS:
            self._h2.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
            raise ConnectionLost("too many streams were given up")
        if scope := self._scopes.get(stream_id):
            scope.cancel()


async def _received(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
    try:
        return await loop.sock_recv(connection, _RECEIVE_BYTES)
    except OSError as err:
        raise ConnectionLost(str(err)) from err


def _is_word(event: h2.events.Event) -> bool:
    """Tell whether a frame says nothing, or what does not count as a message's content."""
    if not isinstance(event, h2.events.DataReceived):
        return True
    return len(event.data or b"") < _LEAST_CONTENT_BYTES


def _headers(lines: Sequence[tuple[bytes | str, bytes | str]]) -> dict[str, str]:
    return {str(name): str(value) for name, value in lines}
