"""`seacan system dial-stdio`: the daemon's socket as standard input and output, for ssh.

The end of the input goes on to the daemon, whose end ends this; so does a reader who is gone.
"""

from __future__ import annotations

import os
import select
import socket

from seacan.client.transport import PIECE_BYTES, holds_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session
    from seacan.client.transport import ByteStream

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    stream = session.client.endpoint.connect()
    try:
        _Dialogue(stream).run()
    finally:
        stream.close()
    return 0


class _Dialogue:
    """Neither direction waits for the other: each has one piece on its way."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._input = b""
        self._output = b""
        self._input_open = True
        self._stream_open = True

    def run(self) -> None:
        while self._stream_open or self._output:
            ready = self._wait_for_any()
            if ready.get(1, 0) & (select.POLLERR | select.POLLHUP):
                return
            events = ready.get(self._stream.fileno(), 0)
            if self._output:
                # A pipe that is ready takes that much without waiting.
                self._output = self._output[os.write(1, self._output[: select.PIPE_BUF]) :]
            elif events & ~select.POLLOUT or holds_bytes(self._stream):
                self._output = self._stream.recv(PIECE_BYTES)
                self._stream_open = bool(self._output)
            if self._input and events & select.POLLOUT:
                self._send()
            elif 0 in ready:
                self._take_input()

    def _wait_for_any(self) -> dict[int, int]:
        poll = select.poll()
        poll.register(1, select.POLLOUT if self._output else 0)
        wanted = 0 if self._output or not self._stream_open else select.POLLIN
        wanted |= select.POLLOUT if self._input else 0
        if wanted:
            poll.register(self._stream, wanted)
        if self._input_open and not self._input:
            poll.register(0, select.POLLIN)
        return dict(poll.poll(0 if holds_bytes(self._stream) and not self._output else None))

    def _take_input(self) -> None:
        self._input = os.read(0, PIECE_BYTES)
        self._input_open = bool(self._input)
        self._send()

    def _send(self) -> None:
        try:
            self._input = self._input[self._stream.send(self._input, socket.MSG_DONTWAIT) :]
        except BlockingIOError:
            return
        except OSError:  # the daemon has ended; what it said before is still to come
            self._input, self._input_open = b"", False
            return
        if not self._input_open:
            self._stream.shutdown(socket.SHUT_WR)
