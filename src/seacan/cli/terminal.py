"""The user's terminal: raw while a container has it, as it was afterwards."""

from __future__ import annotations

import os

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def is_terminal(fd: int) -> bool:
    """Whether `fd` is a terminal; false if it is closed."""
    try:
        return os.isatty(fd)
    except OSError:
        return False


def require_terminal(*, stdin: bool, tty: bool) -> None:
    """Raise InvalidArgument if a terminal is asked for and standard input is none."""
    if stdin and tty and not is_terminal(0):
        raise InvalidArgument("the input device is not a TTY")


def size(fd: int = 1) -> tuple[int, int]:
    """Return rows and columns of the terminal at `fd`; (0, 0) if it is none or does not know."""
    try:
        columns, rows = os.get_terminal_size(fd)
    except OSError:
        return 0, 0
    return rows, columns


class RawMode:
    """While entered, the terminals among `fds` hand on every key and byte untouched.

    `signals`: keys that end or stop a program do that. Leaving puts back what was, also after an
    error; leaving twice is harmless.
    """

    def __init__(self, fds: Iterable[int], *, signals: bool = False) -> None:
        self._fds = [fd for fd in fds if is_terminal(fd)]
        self._signals = signals
        self._before: list[tuple[int, list[int | list[bytes | int]]]] = []

    def __enter__(self) -> RawMode:
        import termios
        import tty

        for fd in self._fds:
            self._before.append((fd, termios.tcgetattr(fd)))
            set_mode = tty.setcbreak if self._signals else tty.setraw
            set_mode(fd, termios.TCSANOW)
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()

    def restore(self) -> None:
        import termios

        while self._before:
            fd, attributes = self._before.pop()
            # A terminal that has hung up meanwhile needs no restoring.
            try:
                termios.tcsetattr(fd, termios.TCSANOW, attributes)
            except termios.error:
                continue
