"""Signals that reach the command line while it shows a container: sent on to it, or an orderly end.

Handlers only note what came; the loop that waits for input and output acts on it.
"""

from __future__ import annotations

import os
import signal

from seacan.cli.session import Exit

_ENDING = (signal.SIGINT, signal.SIGTERM)
_WITHOUT_PROXY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_MOST_ENDINGS = 3
# Not the container's business: what cannot be caught, what this process does to itself (faults,
# children, pipes, reading a terminal from the background), and the size of this terminal, which
# the container's has by other ways (and which makes httpd stop).
_NEVER_SENT = frozenset(
    (
        *(signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGURG),
        *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL),
        *(signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH),
    )
)


class Signals:
    """While entered, `fileno` becomes readable by a signal, and `take` tells which ones came.

    `proxied`: all signals are for the container; three that ask for an end (ctrl-C, SIGTERM) end
    the command line nevertheless, as a container or daemon may not react. Without it they raise
    Exit at once. A changed size of the terminal is told in both cases.
    """

    def __init__(self, *, proxied: bool) -> None:
        self._proxied = proxied
        self._endings = 0
        self._before: dict[int, object] = {}
        self._reader, self._writer = -1, -1
        self._wakeup_before = -1

    def __enter__(self) -> Signals:
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wakeup_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        wanted = signal.valid_signals() - _NEVER_SENT if self._proxied else set(_WITHOUT_PROXY)
        for number in (*wanted, signal.SIGWINCH):
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # As `nohup` wants it, and a shell for what it runs in the background.
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        return self._reader

    def take(self) -> list[int]:
        """Return the numbers of the signals that came since the last call."""
        try:
            return list(os.read(self._reader, 256))
        except BlockingIOError:
            return []

    def _note(self, number: int, _frame: object) -> None:
        if number == signal.SIGWINCH:
            return
        if not self._proxied:
            raise Exit(128 + number)
        self._endings += number in _ENDING
        if self._endings == _MOST_ENDINGS:
            raise Exit(1, f"got {_MOST_ENDINGS} SIGTERM/SIGINTs, forcefully exiting")


def name_of(number: int) -> str:
    """Return `USR1` for 10; a real-time signal, which has no name everywhere, is its number."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return str(number)
    return str(number) if name.startswith("SIGRT") else name.removeprefix("SIG")
