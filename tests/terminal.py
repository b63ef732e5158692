"""A program in a pseudo-terminal, spoken to as a person would."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self


class Terminal:
    """Run `argv` in a terminal of its own until the `with` block ends."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], *, rows: int = 24, columns: int = 80
    ) -> None:
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            try:
                # The parent sets the size before the program is there to look at it.
                os.read(0, 1)
                os.execvpe(argv[0], list(argv), dict(env))
            finally:
                os._exit(127)
        self.resize(rows, columns)
        os.write(self._master, b"\n")
        self._pending = ""
        self.status: int | None = None
        self.expect("\r\n")  # the echo of that line

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text: str) -> None:
        os.write(self._master, text.encode())

    def expect(self, pattern: str, *, timeout_s: float = 60) -> re.Match[str]:
        """Return the first match in what is printed from here on, and go on behind it."""
        deadline = time.monotonic() + timeout_s
        while (found := re.search(pattern, self._pending)) is None:
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"waited for {pattern!r}, got {self._pending!r}")
        self._pending = self._pending[found.end() :]
        return found

    def wait(self, *, timeout_s: float = 60) -> int:
        """Return the program's exit status, 128+n for signal n; what it prints is discarded."""
        deadline = time.monotonic() + timeout_s
        while self.status is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"does not end; printed {self._pending!r}")
            self._read(0.05)
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self.status = code if code >= 0 else 128 - code
        return self.status

    def _read(self, timeout_s: float) -> bool:
        """Take in what has been printed; false at the end and when the time is up."""
        if not select.select([self._master], [], [], max(timeout_s, 0))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        self._pending += data.decode(errors="replace")
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.status is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._master)
