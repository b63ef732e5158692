"""Standard input and output of one process in a container, and the clients attached to them.

    process ─pipe or pty─▸ Output ─▸ Log
                                  └▸ Attachment ─▸ client   (framed by stream, or raw)
    client ─▸ Attachment ─▸ Input ─pipe or pty─▸ process

Nothing grows: when a client is behind with what it asked for, the process is not read until it is
not, so that a client that is only slow misses nothing; one that takes nothing at all for
STALL_LIMIT_S is dropped, so that the process and the other clients go on. When the process does not
take its input, its clients are not read.
"""

import fcntl
import os
import socket
from collections.abc import Callable
from typing import Final

from seacan import errors
from seacan.kernel import terminals
from seacan.supervisor.attachment import Attachment
from seacan.supervisor.logs.log import Log
from seacan.supervisor.loop import READABLE, WRITABLE, Loop
from seacan.supervisor.protocol import AttachRequest

_CHUNK: Final = 64 * 1024
_TERMINAL_BYTES: Final = 1 << 20  # more than one holds

# How long a client that holds the process up may take nothing.
STALL_LIMIT_S: Final = 10.0


class Stdio:
    """The streams of one process. `terminal` is the master of its pty, if it has one."""

    def __init__(
        self,
        loop: Loop,
        *,
        stdin: int | None,
        stdout: int | None = None,
        stderr: int | None = None,
        terminal: int | None = None,
        close_stdin_with_client: bool,
        log: Log | None,
        on_detach: Callable[[], None] = lambda: None,
        stall_limit_s: float | None = STALL_LIMIT_S,
    ) -> None:
        """`stall_limit_s` of None: the client is all that the process is for, and may pause."""
        self._loop = loop
        self.on_detach = on_detach
        self._log = log
        self._closed_log: Log | None = None
        self.stall_limit_s = stall_limit_s
        self._terminal = terminal
        self._close_stdin_with_client = close_stdin_with_client and terminal is None
        self._input = None if stdin is None else Input(loop, stdin, self._pace_clients)
        outputs = {"stdout": stdout if terminal is None else terminal, "stderr": stderr}
        self._outputs = [
            Output(loop, name, fd, self._deliver, ends_early=terminal is None)
            for name, fd in outputs.items()
            if fd is not None
        ]
        self._attachments: list[Attachment] = []

    def resize(self, rows: int, columns: int) -> None:
        """Set the terminal's size, if there is one. Raises InvalidArgument if it is closed."""
        if self._terminal is None:
            return  # as with Docker: clients that follow a window's size ask in any case
        if not self._outputs:
            raise errors.InvalidArgument("resize: the terminal is closed")
        terminals.set_size(self._terminal, rows, columns)

    @property
    def is_flushed(self) -> bool:
        """True when no client, nor the log's receiver, has anything left to take."""
        is_logged = self._closed_log is None or self._closed_log.is_flushed
        return not self._attachments and is_logged

    def attach(self, client: socket.socket, request: AttachRequest) -> Attachment:
        """Serve a client until it, or the process, is done."""
        attachment = Attachment(self._loop, client, request, self)
        self._attachments.append(attachment)
        attachment.begin(request["early"].encode("latin-1"))
        return attachment

    def attach_held(self, client: socket.socket, request: AttachRequest) -> tuple[Attachment, int]:
        """Attach a client that is sent nothing before it is released; return a time, too.

        Somebody else sends it the log before that: all entries up to that time, in ns since 1970.
        """
        attachment = Attachment(self._loop, client, request, self, is_held=True)
        if self._log is not None:
            for stream, data in self._log.unfinished.items():
                attachment.deliver(stream, data)
        self._attachments.append(attachment)
        attachment.begin(request["early"].encode("latin-1"))
        return attachment, 0 if self._log is None else self._log.position_ns

    def clear_log(self) -> None:
        """Forget what was logged so far. Raises Conflict once nothing more is; OSError."""
        if self._log is None:
            raise errors.Conflict("clear log: it is closed")
        self._log.clear()

    def finish(self) -> None:
        """Deliver what the ended process left in its pipes, and let the clients go."""
        for output in self._outputs:
            output.drain()
        self._outputs.clear()
        if self._input is not None:
            self._input.abandon()
        for attachment in list(self._attachments):
            attachment.finish()
        if self._log is not None:
            self._log.close()
            self._log, self._closed_log = None, self._log

    def _deliver(self, stream: str, data: bytes) -> None:
        if self._log is not None:
            self._log.write(stream, data)
        for attachment in list(self._attachments):
            attachment.deliver(stream, data)
        self.pace_process()

    def pace_process(self) -> None:
        is_behind = any(a.is_behind for a in self._attachments)
        is_behind = is_behind or (self._log is not None and self._log.is_behind)
        for output in self._outputs:
            output.pause() if is_behind else output.resume()

    def _pace_clients(self) -> None:
        for attachment in self._attachments:
            attachment.resume_reading()

    def accept_input(self, data: bytes) -> bool:
        """Pass on a client's input; False if no more can be taken for now."""
        return self._input is None or self._input.write(data)

    def end_input(self) -> bool:
        """Note that a client has said that its input is over; False if the process's own goes on.

        Such a client has nothing to wait for, and is let go, as by Docker.
        """
        if self._input is None or not self._close_stdin_with_client:
            return False
        self._input.close()
        return True

    def forget(self, attachment: Attachment) -> None:
        self._attachments.remove(attachment)
        self.pace_process()


class Output:
    """What the process writes: read as it comes, passed to `deliver`.

    A pipe that nobody writes to any more is closed. A pty's master, not `ends_early`, is kept to
    the end of the process: it would hang up on one that has only closed its standard streams.
    """

    def __init__(
        self,
        loop: Loop,
        name: str,
        fd: int,
        deliver: Callable[[str, bytes], None],
        *,
        ends_early: bool,
    ) -> None:
        os.set_blocking(fd, False)
        self._loop = loop
        self._name = name
        self._fd = fd
        self._deliver = deliver
        self._is_open = True
        self._ends_early = ends_early
        self._has_ended = False
        self.resume()

    def resume(self) -> None:
        if self._is_open and not self._has_ended:
            self._loop.watch(self._fd, READABLE, self._pass_on)

    def pause(self) -> None:
        self._loop.ignore(self._fd, READABLE)

    def _pass_on(self) -> None:
        self._read()

    def _read(self) -> int:
        """Pass on one chunk; return its size, 0 when there is nothing to read now or any more."""
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return 0
        except OSError:  # EIO: the last descriptor of a pty's other side was closed
            data = b""
        if data:
            self._deliver(self._name, data)
            return len(data)
        self._has_ended = True
        self.pause()
        if self._ends_early:
            self._close()
        return 0

    def drain(self) -> None:
        """Pass on what is there, and close.

        Others may hold the pipe open for ever, and write to it faster than it is read here: what
        the process has left is no more than fits in.
        """
        left = self._capacity() if self._is_open else 0
        while left > 0 and self._is_open and (size := self._read()):
            left -= size
        self._close()

    def _capacity(self) -> int:
        try:
            return fcntl.fcntl(self._fd, fcntl.F_GETPIPE_SZ)
        except OSError:  # a terminal
            return _TERMINAL_BYTES

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            self.pause()
            os.close(self._fd)


class Input:
    """What the process reads."""

    def __init__(self, loop: Loop, fd: int, on_room: Callable[[], None]) -> None:
        os.set_blocking(fd, False)
        self._loop = loop
        self._fd: int | None = fd
        self._backlog = bytearray()
        self._is_ending = False
        self._on_room = on_room

    def write(self, data: bytes) -> bool:
        """Write or keep `data`; False if some is kept."""
        if self._fd is None or self._is_ending:
            return True  # nobody will read it: dropped, as a closed pipe drops it
        self._backlog += data
        self._flush()
        return not self._backlog

    def close(self) -> None:
        """Let the process see the end of its input once it has read what was kept."""
        self._is_ending = True
        self._flush()

    def abandon(self) -> None:
        """Close now."""
        if self._fd is not None:
            self._loop.ignore(self._fd, WRITABLE)
            os.close(self._fd)
            self._fd = None
            self._backlog.clear()

    def _flush(self) -> None:
        if self._fd is None:
            return
        try:
            while self._backlog:
                del self._backlog[: os.write(self._fd, self._backlog)]
        except BlockingIOError:
            self._loop.watch(self._fd, WRITABLE, self._flush)
            return
        except OSError:  # EPIPE, EIO: the process has closed its side
            self.abandon()
            self._on_room()
            return
        self._loop.ignore(self._fd, WRITABLE)
        if self._is_ending:
            self.abandon()
        self._on_room()
