"""Connections to a port, carried to a target and back by splice(2): nothing is copied here."""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Callable
from typing import Final

from seacan import log
from seacan.supervisor.loop import READABLE, WRITABLE, Loop

_BACKLOG: Final = 4096
_PIECE_BYTES: Final = 1 << 16  # what a pipe holds
_PIECES: Final = 16  # at a time: the others have their turn
_NO_WAIT: Final = os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE
_RESET: Final = struct.pack("ii", 1, 0)  # struct linger
_PAUSE_S: Final = 0.1
_FULL: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class TcpPort:
    """A port that is listened to as soon as it leads somewhere."""

    def __init__(self, loop: Loop, listener: socket.socket) -> None:
        self._loop = loop
        self._listener = listener
        self._target: tuple[str, int] | None = None
        self._listens = False

    def lead_to(self, target: tuple[str, int] | None) -> None:
        """Carry connections to `target` from now on; those that are there stay."""
        self._target = target
        if target is not None and not self._listens:
            self._listener.listen(_BACKLOG)
            self._listener.setblocking(False)
            self._listens = True
            self._watch()

    def close(self) -> None:
        """Let go of the port; connections that are there stay."""
        self._loop.forget_call(self._watch)
        self._loop.ignore(self._listener.fileno(), READABLE)
        self._listener.close()

    def _watch(self) -> None:
        self._loop.watch(self._listener.fileno(), READABLE, self._accept)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
            if self._target is None:
                client.close()
                return
            client.setblocking(False)
            _Connection(self._loop, client, self._target)
        except OSError as err:
            if err.errno in _FULL:  # what waits goes on waiting
                log.warn("connections wait", port=self._listener.getsockname()[1], error=err)
                self._loop.ignore(self._listener.fileno(), READABLE)
                self._loop.call_in(_PAUSE_S, self._watch)


class _Connection:
    """A client, a target, and a flow each way; it goes when both have ended, or one broke off."""

    def __init__(self, loop: Loop, client: socket.socket, target: tuple[str, int]) -> None:
        self._loop = loop
        with contextlib.ExitStack() as undo:
            undo.callback(client.close)
            family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
            self._server = server = socket.socket(family, socket.SOCK_STREAM)
            undo.callback(server.close)
            server.setblocking(False)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                each.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._flows = []
            for source, sink in ((client, server), (server, client)):
                flow = _Flow(loop, source, sink, self._ended, self._broken)
                undo.callback(flow.close)
                self._flows.append(flow)
            if (code := server.connect_ex(target)) not in (0, errno.EINPROGRESS):
                raise OSError(code, os.strerror(code))
            undo.pop_all()
        self._client = client
        loop.watch(server.fileno(), WRITABLE, self._connected)

    def _connected(self) -> None:
        if self._server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._broken()
            return
        try:
            self._server.getpeername()
        except OSError:
            return  # the call was meant for one that had the same descriptor before
        self._loop.ignore(self._server.fileno(), WRITABLE)
        for flow in self._flows:
            flow.begin()

    def _ended(self) -> None:
        if all(flow.has_ended for flow in self._flows):
            self._close()

    def _broken(self) -> None:
        for each in (self._client, self._server):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._close()

    def _close(self) -> None:
        for flow in self._flows:
            flow.close()
        for each in (self._client, self._server):
            for interest in (READABLE, WRITABLE):
                self._loop.ignore(each.fileno(), interest)
            each.close()


class _Flow:
    """One way: source ─▸ pipe ─▸ sink. It waits for the one or for the other, never for both."""

    def __init__(
        self,
        loop: Loop,
        source: socket.socket,
        sink: socket.socket,
        on_end: Callable[[], None],
        on_break: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._source, self._sink = source, sink
        self._on_end, self._on_break = on_end, on_break
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._inside_bytes = 0
        self._source_ended = False
        self.has_ended = False

    def begin(self) -> None:
        self._loop.watch(self._source.fileno(), READABLE, self._pump)

    def _pump(self) -> None:
        try:
            for _ in range(_PIECES):
                if not (self._take() and self._give()):
                    break
        except OSError:
            self._on_break()
            return
        if self._inside_bytes:
            self._loop.ignore(self._source.fileno(), READABLE)
            self._loop.watch(self._sink.fileno(), WRITABLE, self._pump)
            return
        self._loop.ignore(self._sink.fileno(), WRITABLE)
        if self._source_ended:
            self._end()
        else:
            self._loop.watch(self._source.fileno(), READABLE, self._pump)

    def _take(self) -> bool:
        """Fill the pipe, unless there is something in it; False if there is nothing to give."""
        if self._inside_bytes:
            return True
        if self._source_ended:
            return False
        try:
            taken = os.splice(self._source.fileno(), self._writer, _PIECE_BYTES, flags=_NO_WAIT)
        except BlockingIOError:
            return False
        self._source_ended = taken == 0
        self._inside_bytes = taken
        return taken > 0

    def _give(self) -> bool:
        """Empty the pipe; False if the sink does not take all."""
        try:
            self._inside_bytes -= os.splice(
                self._reader, self._sink.fileno(), self._inside_bytes, flags=_NO_WAIT
            )
        except BlockingIOError:
            return False
        return self._inside_bytes == 0

    def _end(self) -> None:
        self._loop.ignore(self._source.fileno(), READABLE)
        self.has_ended = True
        with contextlib.suppress(OSError):  # who was to hear of it is gone
            self._sink.shutdown(socket.SHUT_WR)
        self._on_end()

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)
