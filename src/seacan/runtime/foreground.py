"""A process in the foreground of the caller's terminal: bytes, sizes and signals pass through.

Without a terminal of its own the process has the caller's descriptors, and only signals are left
to pass on.
"""

from __future__ import annotations

import os
import select
import termios
import tty

from seacan.kernel import signals, terminals
from seacan.lean import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket  # slow to import, and few processes have a terminal
    from types import TracebackType
    from typing import Any, Final, Self

    from seacan.spec.runtime import Process

_CHUNK_BYTES: Final = 16384
_NOT_PASSED_ON: Final = frozenset(
    (
        signals.SIGKILL,
        signals.SIGSTOP,
        signals.SIGCHLD,
        signals.SIGPIPE,
        signals.SIGURG,
        signals.SIGWINCH,
    )
)


class Foreground:
    """Enter it, start the process with `console`, then `wait` for its end."""

    def __init__(self, terminal: bool) -> None:
        self.console: socket | None = None
        self._receiver: socket | None = None
        if terminal:
            from socket import socketpair

            self.console, self._receiver = socketpair()
        self._wakeup, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._settings: list[Any] | None = None
        self._master = -1
        self._pending = b""

    def __enter__(self) -> Self:
        signals.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        for number in signals.valid_signals() - {signals.SIGKILL, signals.SIGSTOP}:
            signals.signal(number, _do_nothing)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signals.set_wakeup_fd(-1)
        if self._settings is not None:
            termios.tcsetattr(0, termios.TCSAFLUSH, self._settings)
        for end in (self.console, self._receiver):
            if end is not None:
                end.close()
        for fd in (self._wakeup, self._woken, self._master):
            if fd >= 0:
                os.close(fd)

    def give_size(self, process: Process) -> None:
        """Have the terminal of `process` begin with the size of the caller's, if there are both.

        Given only when its master has come, it may come after the process has asked for it.
        """
        if self.console is not None and os.isatty(0):
            rows, columns = terminals.get_size(0)
            process["consoleSize"] = {"height": rows, "width": columns}

    def wait(self, pid: int) -> int:
        """Pass everything through until the child `pid` ends; return its status.

        That is 128+n for a signal. It waits as long as the process lives: there is no deadline for
        somebody's work.
        """
        if self._receiver is not None:
            self._take_terminal(self._receiver)
        stdin_is_open = self._master >= 0
        while (status := _reap(pid)) is None:
            ready = self._poll(stdin_is_open)
            if self._wakeup in ready:
                self._pass_signals(pid)
            if 0 in ready:
                self._pending = os.read(0, _CHUNK_BYTES)
                stdin_is_open = bool(self._pending)
            if self._master in ready:
                self._copy_out()
            self._copy_in()
        self._drain()
        return status

    def _take_terminal(self, receiver: socket) -> None:
        from socket import recv_fds

        _, (self._master, *_), _, _ = recv_fds(receiver, 16, 1)
        os.set_blocking(self._master, False)
        if os.isatty(0):
            self._settings = termios.tcgetattr(0)
            tty.setraw(0)
            self._resize()

    def _poll(self, stdin_is_open: bool) -> set[int]:
        poll = select.poll()
        poll.register(self._wakeup, select.POLLIN)
        if self._master >= 0:
            wanted = select.POLLOUT if self._pending else 0
            poll.register(self._master, select.POLLIN | wanted)
        if stdin_is_open and not self._pending:
            poll.register(0, select.POLLIN)
        events = dict(poll.poll())
        if events.get(self._master, 0) & select.POLLHUP and not self._pending:
            # Nobody has the slave open: until the process ends there is only that to wait for.
            self._drain()
            os.close(self._master)
            self._master = -1
        return set(events)

    def _pass_signals(self, pid: int) -> None:
        for number in os.read(self._wakeup, 4096):
            if number == signals.SIGWINCH:
                self._resize()
            elif number not in _NOT_PASSED_ON:
                os.kill(pid, number)  # not reaped yet, so the pid is the child's

    def _resize(self) -> None:
        if self._master >= 0 and os.isatty(0):
            terminals.set_size(self._master, *terminals.get_size(0))

    def _copy_in(self) -> None:
        if self._pending and self._master >= 0:
            try:
                self._pending = self._pending[os.write(self._master, self._pending) :]
            except BlockingIOError:
                return

    def _copy_out(self) -> bool:
        try:
            data = os.read(self._master, _CHUNK_BYTES)
        except OSError:  # EIO: the slave was closed; EAGAIN: nothing more for now
            return False
        while data:
            data = data[os.write(1, data) :]
        return True

    def _drain(self) -> None:
        while self._master >= 0 and self._copy_out():
            pass


def _reap(pid: int) -> int | None:
    """Let go of all children that have ended; return the status of `pid` if it is among them."""
    found = None
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == pid:
                code = os.waitstatus_to_exitcode(ended[1])
                found = code if code >= 0 else 128 - code
    return found


def _do_nothing(number: int, frame: object) -> None:
    """Be there: a signal that is caught is written to the wakeup descriptor."""
