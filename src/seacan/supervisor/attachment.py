"""One client attached to a process: its own connection, handed down to the shim from the daemon."""

import contextlib
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from seacan import log
from seacan.spec.stdcopy import STREAMS, frame
from seacan.supervisor.loop import READABLE, WRITABLE, Loop
from seacan.supervisor.protocol import AttachRequest

if TYPE_CHECKING:
    from seacan.supervisor.websocket import WebSocket

_CHUNK: Final = 64 * 1024
_BACKLOG_LIMIT: Final = 256 * 1024
# How long a client that was told the end may take to close.
LINGER_S: Final = 10.0


class Stdio(Protocol):
    """What an attachment needs of the streams that it is attached to."""

    on_detach: Callable[[], None]
    stall_limit_s: float | None

    def pace_process(self) -> None: ...

    def accept_input(self, data: bytes) -> bool: ...

    def end_input(self) -> bool: ...

    def forget(self, attachment: "Attachment") -> None: ...


class Attachment:
    def __init__(
        self,
        loop: Loop,
        client: socket.socket,
        request: AttachRequest,
        stdio: Stdio,
        *,
        is_held: bool = False,
    ) -> None:
        client.setblocking(False)
        self._loop = loop
        self._client = client
        self._stdio = stdio
        self._wants_input = request["stdin"]
        self._is_framed = request["framed"]
        self._wants = {name for name in STREAMS if request[name]}  # type: ignore[literal-required]
        self._keys = DetachKeys(request["detach_keys"].encode("latin-1"))
        self._websocket = _websocket(request)
        self._backlog = bytearray()
        self._is_held = is_held
        self._is_ending = False
        self._input_ended = False
        self._is_timed = False

    @property
    def is_behind(self) -> bool:
        return len(self._backlog) > _BACKLOG_LIMIT

    def begin(self, early: bytes) -> None:
        if early:
            self._receive(early)
        self.resume_reading()

    def release(self) -> None:
        """Send from now on: what came before was sent by somebody else."""
        self._is_held = False
        self._flush()

    def abandon(self) -> None:
        """Close now, whatever is owed."""
        self._close()

    def resume_reading(self) -> None:
        if not self._input_ended and not self._is_ending and self._client.fileno() >= 0:
            self._loop.watch(self._client.fileno(), READABLE, self._read)

    def _read(self) -> None:
        try:
            data = self._client.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self._close()
            return
        if data:
            self._receive(data)
        else:
            self._end_input()

    def _receive(self, data: bytes) -> None:
        if self._websocket is None:
            self._take(data)
            return
        data = self._websocket.unwrap(data, self._send)
        if data:
            self._take(data)
        if self._websocket.is_closed:
            self._end_input()
            self.finish()

    def _take(self, data: bytes) -> None:
        if not self._wants_input:
            return
        data, is_detaching = self._keys.pass_through(data)
        if data and not self._stdio.accept_input(data):
            self._loop.ignore(self._client.fileno(), READABLE)
        if is_detaching:
            self._stdio.on_detach()
            self.finish()

    def _end_input(self) -> None:
        # A client that has closed for good looks the same as one that has only ended its input:
        # the next write tells.
        if self._client.fileno() < 0:
            return
        self._input_ended = True
        self._loop.ignore(self._client.fileno(), READABLE)
        if self._wants_input and not self._stdio.end_input():
            self.finish()
        if not self._wants:
            self._close()

    def deliver(self, stream: str, data: bytes) -> None:
        if self._is_ending or stream not in self._wants:
            return
        if self._websocket is not None:
            self._send(self._websocket.wrap(data))
        else:
            self._send(frame(stream, data) if self._is_framed else data)

    def finish(self) -> None:
        """Close once the client has taken everything."""
        if self._client.fileno() < 0 or self._is_ending:
            return
        if self._websocket is not None and not self._websocket.is_closed:
            self._backlog += self._websocket.farewell()
        self._is_ending = True
        if not self._input_ended:
            self._loop.watch(self._client.fileno(), READABLE, self._discard)
        self._flush()

    def _discard(self) -> None:
        try:
            if self._client.recv(_CHUNK):
                return
        except BlockingIOError:
            return
        except OSError:
            self._backlog.clear()
        self._input_ended = True
        self._loop.ignore(self._client.fileno(), READABLE)
        if not self._backlog:
            self._close()

    def _part(self) -> None:
        """Tell the client that this was all, and close once it has.

        Closing with input unread would reset a connection of TCP: the client might lose what it has
        not taken from its own kernel yet.
        """
        if self._input_ended:
            self._close()
            return
        with contextlib.suppress(OSError):  # the client was faster, which the next read tells
            self._client.shutdown(socket.SHUT_WR)
        self._loop.call_in(LINGER_S, self._close)

    def _send(self, data: bytes) -> None:
        self._backlog += data
        self._flush()

    def _flush(self) -> None:
        if not self._is_held and self._client.fileno() >= 0:
            self._flush_now()
        self._time_stall()

    def _flush_now(self) -> None:
        was_behind, owed = self.is_behind, len(self._backlog)
        try:
            while self._backlog:
                del self._backlog[: self._client.send(self._backlog)]
        except BlockingIOError:
            self._loop.watch(self._client.fileno(), WRITABLE, self._flush)
            if len(self._backlog) < owed:
                self._stop_timing()
            if was_behind and not self.is_behind:
                self._stdio.pace_process()
            return
        except OSError:
            self._close()
            return
        self._stop_timing()
        self._loop.ignore(self._client.fileno(), WRITABLE)
        if self._is_ending:
            self._part()
        elif was_behind:
            self._stdio.pace_process()

    def _time_stall(self) -> None:
        """Have a client dropped if it takes nothing from now on, while the process waits for it."""
        limit_s = self._stdio.stall_limit_s
        is_waited_for = self.is_behind and not self._is_ending
        if limit_s is not None and is_waited_for and self._client.fileno() >= 0:
            if not self._is_timed:
                self._is_timed = True
                self._loop.call_in(limit_s, self._drop)
        else:
            self._stop_timing()

    def _stop_timing(self) -> None:
        if self._is_timed:
            self._is_timed = False
            self._loop.forget_call(self._drop)

    def _drop(self) -> None:
        log.warn("attached client dropped: it takes nothing", owed_bytes=len(self._backlog))
        self._close()

    def _close(self) -> None:
        if self._client.fileno() < 0:
            return
        self._stop_timing()
        self._loop.forget_call(self._close)
        for interest in (READABLE, WRITABLE):
            self._loop.ignore(self._client.fileno(), interest)
        self._backlog.clear()
        self._client.close()
        self._stdio.forget(self)


def _websocket(request: AttachRequest) -> "WebSocket | None":
    messages = request.get("websocket")
    if not messages:
        return None
    from seacan.supervisor.websocket import WebSocket  # few ask for one

    return WebSocket(messages)


class DetachKeys:
    """Finds the keys that detach (by default ctrl-P ctrl-Q) in what a client types."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._held = 0  # how many of the keys were typed already, and are held back

    def pass_through(self, data: bytes) -> tuple[bytes, bool]:
        """Return what the process is to get, and whether the keys are complete."""
        if not self._keys:
            return data, False
        passed = bytearray()
        for byte in data:
            if byte == self._keys[self._held]:
                self._held += 1
                if self._held == len(self._keys):
                    self._held = 0
                    return bytes(passed), True
                continue
            passed += self._keys[: self._held]
            self._held = 1 if byte == self._keys[0] else 0
            if not self._held:
                passed.append(byte)
        return bytes(passed), False
