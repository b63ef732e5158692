"""Standard input and output of one process in a container, and the clients attached to them.

    process ─pipe or pty─▸ Output ─▸ log file
                                  └▸ Attachment ─▸ client   (framed by stream, or raw of a pty)
    client ─▸ Attachment ─▸ Input ─pipe or pty─▸ process

Nothing is lost and nothing grows: when a client does not take what it asked for, the process is not
read until it does; when the process does not take its input, its clients are not.
"""

import os
import socket
from collections.abc import Callable
from typing import Final

from seacan import errors
from seacan.kernel import terminals
from seacan.spec.stdcopy import STREAMS, frame
from seacan.supervisor.logfile import LogFile
from seacan.supervisor.loop import READABLE, WRITABLE, Loop
from seacan.supervisor.protocol import AttachRequest

_CHUNK: Final = 64 * 1024
_BACKLOG_LIMIT: Final = 256 * 1024


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
        log: LogFile | None,
        on_detach: Callable[[], None] = lambda: None,
    ) -> None:
        self._loop = loop
        self.on_detach = on_detach
        self._log = log
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
        """Set the terminal's size. Raises InvalidArgument if it has none, or none any more."""
        if self._terminal is None or not self._outputs:
            raise errors.InvalidArgument("resize: the process has no terminal")
        terminals.set_size(self._terminal, rows, columns)

    @property
    def is_flushed(self) -> bool:
        """True when no client has anything left to take."""
        return not self._attachments

    def attach(self, client: socket.socket, request: AttachRequest) -> None:
        """Serve a client until it, or the process, is done."""
        attachment = Attachment(self._loop, client, request, self)
        self._attachments.append(attachment)
        attachment.begin(request["early"].encode("latin-1"))

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
            self._log = None

    def _deliver(self, stream: str, data: bytes) -> None:
        if self._log is not None:
            self._log.write(stream, data)
        for attachment in list(self._attachments):
            attachment.deliver(stream, data, framed=self._terminal is None)
        self.pace_process()

    def pace_process(self) -> None:
        is_behind = any(a.is_behind for a in self._attachments)
        for output in self._outputs:
            output.pause() if is_behind else output.resume()

    def _pace_clients(self) -> None:
        for attachment in self._attachments:
            attachment.resume_reading()

    def accept_input(self, data: bytes) -> bool:
        """Pass on a client's input; False if no more can be taken for now."""
        return self._input is None or self._input.write(data)

    def end_input(self) -> None:
        """Note that a client has said that its input is over."""
        if self._input is not None and self._close_stdin_with_client:
            self._input.close()

    def forget(self, attachment: "Attachment") -> None:
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

    def _read(self) -> bool:
        """Pass on one chunk; False when there is nothing to read now or any more."""
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:  # EIO: the last descriptor of a pty's other side was closed
            data = b""
        if data:
            self._deliver(self._name, data)
            return True
        self._has_ended = True
        self.pause()
        if self._ends_early:
            self._close()
        return False

    def drain(self) -> None:
        """Pass on what is there, and close: others may hold the pipe open for ever."""
        while self._is_open and self._read():
            pass
        self._close()

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


class Attachment:
    """One attached client: its own connection, handed down to here from the daemon."""

    def __init__(
        self, loop: Loop, client: socket.socket, request: AttachRequest, stdio: Stdio
    ) -> None:
        client.setblocking(False)
        self._loop = loop
        self._client = client
        self._stdio = stdio
        self._wants_input = request["stdin"]
        self._wants = {name for name in STREAMS if request[name]}  # type: ignore[literal-required]
        self._keys = DetachKeys(request["detach_keys"].encode("latin-1"))
        self._backlog = bytearray()
        self._is_ending = False
        self._input_ended = False

    @property
    def is_behind(self) -> bool:
        return len(self._backlog) > _BACKLOG_LIMIT

    def begin(self, early: bytes) -> None:
        if early:
            self._take(early)
        self.resume_reading()

    def resume_reading(self) -> None:
        if not self._input_ended and not self._is_ending:
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
            self._take(data)
        else:
            self._end_input()

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
        self._input_ended = True
        self._loop.ignore(self._client.fileno(), READABLE)
        if self._wants_input:
            self._stdio.end_input()
        if not self._wants:
            self._close()

    def deliver(self, stream: str, data: bytes, *, framed: bool) -> None:
        if self._is_ending or stream not in self._wants:
            return
        self._backlog += frame(stream, data) if framed else data
        self._flush()

    def finish(self) -> None:
        """Close once the client has taken everything."""
        self._is_ending = True
        self._loop.ignore(self._client.fileno(), READABLE)
        self._flush()

    def _flush(self) -> None:
        was_behind = self.is_behind
        try:
            while self._backlog:
                del self._backlog[: self._client.send(self._backlog)]
        except BlockingIOError:
            self._loop.watch(self._client.fileno(), WRITABLE, self._flush)
            if was_behind and not self.is_behind:
                self._stdio.pace_process()
            return
        except OSError:
            self._close()
            return
        self._loop.ignore(self._client.fileno(), WRITABLE)
        if self._is_ending:
            self._close()
        elif was_behind:
            self._stdio.pace_process()

    def _close(self) -> None:
        if self._client.fileno() < 0:
            return
        for interest in (READABLE, WRITABLE):
            self._loop.ignore(self._client.fileno(), interest)
        self._backlog.clear()
        self._client.close()
        self._stdio.forget(self)


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
