"""The user's standard streams joined to those of a container or an exec.

    standard input ──▶ detach keys ──▶ pending ──▶ stream        until its end: half-close
    standard output ◀── raw (tty) or frames apart ◀── stream     until its end: done
    signals ──▶ resize, kill

One loop over poll(2), no threads: Python's signal handlers run between its rounds.
"""

from __future__ import annotations

import os
import select
import signal

from seacan.cli.detach_keys import DEFAULT_KEYS, KeyScanner, parse_keys
from seacan.cli.output.stream import write_all
from seacan.cli.signals import Signals, name_of
from seacan.cli.terminal import RawMode, is_terminal, size
from seacan.client.streams import STDERR, Demultiplexer
from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seacan.client.containers import Waiting
    from seacan.client.transport import Upgraded

PIECE_BYTES = 64 * 1024
RESIZE_TRIES = 10
RESIZE_RETRY_MS = 20


class Attachment:
    """One joining, of `stream`. Entered, it has the signals and, for input to a tty, the terminal.

    `stdin`: input goes in; `output`: standard output and error come back, raw if `tty`.
    `detach_keys`: "" for the default. `resize` (rows, columns) and `kill` (a signal's name) ask the
    daemon; without `kill` signals end this process instead.
    """

    def __init__(
        self,
        stream: Upgraded,
        *,
        stdin: bool,
        output: bool = True,
        tty: bool = False,
        detach_keys: str = "",
        resize: Callable[[int, int], None] | None = None,
        kill: Callable[[str], None] | None = None,
    ) -> None:
        self._stream = stream
        self._has_output = output
        self._frames = None if tty else Demultiplexer()
        keys = parse_keys(detach_keys or DEFAULT_KEYS)
        self._scanner = KeyScanner(keys) if stdin and tty else None
        self._resize = resize if tty and is_terminal(1) else None
        self._resizes_left = RESIZE_TRIES if self._resize else 0
        self._kill = kill
        self._signals = Signals(proxied=kill is not None)
        self._raw = RawMode([0] if stdin and tty else [])
        self._pending = b""
        self._input_open = stdin
        self._stream_open = True
        self._is_detached = False

    def __enter__(self) -> Attachment:
        self._signals.__enter__()
        try:
            self._raw.__enter__()
        except BaseException:
            self._signals.__exit__()
            raise
        if not self._input_open:
            self._stream.end_sending()
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.restore()
        self._signals.__exit__()

    def follow(self, until: Waiting | None = None) -> bool:
        """Pass bytes until the output ends; return false if the user has left with the keys.

        Without output it is over when the result of `until` is here.
        """
        while not self._is_over(until):
            self._turn(until)
        self._raw.restore()
        return not self._is_detached

    def _is_over(self, until: Waiting | None) -> bool:
        if self._is_detached:
            return True
        if self._has_output or until is None:
            return not self._stream_open
        return until.is_known

    def _turn(self, until: Waiting | None) -> None:
        """Wait for something to happen, and deal with it."""
        if self._resizes_left:
            self._try_resize()
        ready = self._wait_for_any(until)
        events = ready.get(self._stream.fileno(), 0)
        if self._signals.fileno() in ready:
            self._act_on_signals()
        if self._stream_open and (self._stream.has_early or events & ~select.POLLOUT):
            self._pass_output()
        if self._pending and events & select.POLLOUT:
            self._send_pending()
        if 0 in ready:
            self._take_input()

    def _wait_for_any(self, until: Waiting | None) -> dict[int, int]:
        poll = select.poll()
        poll.register(self._signals, select.POLLIN)
        if self._stream_open:
            poll.register(self._stream, select.POLLIN | (select.POLLOUT if self._pending else 0))
        if until and not self._has_output:
            poll.register(until, select.POLLIN)
        if self._input_open and not self._pending:
            poll.register(0, select.POLLIN)
        if self._stream.has_early:
            return dict(poll.poll(0))
        return dict(poll.poll(RESIZE_RETRY_MS if self._resizes_left else None))

    def _act_on_signals(self) -> None:
        for number in self._signals.take():
            if number == signal.SIGWINCH:
                self._resizes_left = 1 if self._resize else 0
            elif self._kill:
                # A container that has ended meanwhile has no use for it.
                try:
                    self._kill(name_of(number))
                except SeacanError:
                    continue

    def _try_resize(self) -> None:
        """Tell the size of the terminal; a process that is just starting may not have one yet."""
        rows, columns = size()
        self._resizes_left -= 1
        if self._resize and rows and columns:
            try:
                self._resize(rows, columns)
            except SeacanError:
                return
        self._resizes_left = 0

    def _pass_output(self) -> None:
        data = self._stream.receive()
        if not data:
            self._stream_open = self._input_open = False
        elif self._frames is None:
            write_all(1, data)
        else:
            for source, piece in self._frames.feed(data):
                write_all(2 if source == STDERR else 1, piece)

    def _take_input(self) -> None:
        typed = _read(0)
        self._input_open = bool(typed)
        if self._scanner:
            typed, self._is_detached = self._scanner.feed(typed)
        self._pending = typed
        self._send_pending()

    def _send_pending(self) -> None:
        """Send what fits; what a container that is gone would have got is dropped."""
        try:
            self._pending = self._pending[self._stream.send_some(self._pending) :]
        except OSError:
            self._pending = b""
            self._input_open = False
        if not self._input_open and not self._pending:
            self._stream.end_sending()


def _read(fd: int) -> bytes:
    """Return some bytes; nothing at the end, of a terminal that hung up, of a closed descriptor."""
    while True:
        try:
            return os.read(fd, PIECE_BYTES)
        except BlockingIOError:
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            poll.poll()
        except OSError:
            return b""
