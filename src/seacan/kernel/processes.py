"""Processes, named so that a recycled pid is not mistaken for the one meant."""

from __future__ import annotations

import errno
import os
import select

from seacan.kernel import procfs, signals, syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

_MAX_FD: Final = 0xFFFFFFFF
_DEATH_TIMEOUT_S: Final = 10.0
_PF_KTHREAD: Final = 0x00200000  # linux/sched.h


def start_time(pid: int) -> int | None:
    """Return when `pid` was started, in clock ticks since boot; None if it is gone or a zombie.

    Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime).
    """
    fields = stat(pid)
    return None if not fields or fields[0] in (b"Z", b"X") else int(fields[19])


def stat(pid: int) -> list[bytes]:
    """Return the fields of /proc/PID/stat from the third one on, the state; none if it is gone."""
    try:
        text = procfs.read(f"{pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return []
    # The name, in parentheses, may hold anything, also parentheses and spaces.
    return text[text.rindex(b")") + 2 :].split()


def is_kernel_thread(pid: int) -> bool:
    """Source: proc_pid_stat(5), field 9 (flags)."""
    fields = stat(pid)
    return bool(fields) and bool(int(fields[6]) & _PF_KTHREAD)


def open_pidfd(pid: int, started: int) -> int | None:
    """Return a pidfd of the process `pid` that was started at `started`; None if it is gone."""
    try:
        fd = os.pidfd_open(pid)
    except OSError as err:
        # EINVAL: the number is that of a session or a group still, whose leader is gone.
        if err.errno in (errno.ESRCH, errno.EINVAL):
            return None
        raise
    # The descriptor pins the pid: if the start time fits now, it is the process meant.
    if start_time(pid) == started:
        return fd
    os.close(fd)
    return None


def wait_exit(pidfd: int, timeout_s: float) -> bool:
    """Wait until the process has ended, reaped or not; False if it has not in time."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def reap(pid: int) -> None:
    """Wait for the end of a child; the caller's parent has to reap it, if it is a child of that."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pidfd = os.pidfd_open(pid)  # nobody reaps it as long as that one waits for the caller
        try:
            wait_exit(pidfd, _DEATH_TIMEOUT_S)
        finally:
            os.close(pidfd)


def close_all_but(keep: Iterable[int]) -> None:
    """Close every descriptor above 2 that is not in `keep`."""
    first = 3
    for fd in sorted(fd for fd in keep if fd > 2):
        if fd > first:
            syscalls.close_range(first, fd - 1)
        first = fd + 1
    syscalls.close_range(first, _MAX_FD)


def close_on_exec_from(first: int) -> None:
    """Have execve close every descriptor from `first` on."""
    syscalls.close_range(first, _MAX_FD, cloexec=True)


def reset_signals() -> None:
    """Give every signal but SIGPIPE its default action, ignore SIGPIPE, and block none.

    What is ignored and what is blocked would pass through execve; what is caught belongs to the
    parent. Python ignores SIGPIPE and SIGXFSZ from its start.
    """
    signals.set_wakeup_fd(-1)
    for number in _signals_not_default():
        signals.signal(number, signals.SIG_DFL)
    signals.signal(signals.SIGPIPE, signals.SIG_IGN)
    signals.pthread_sigmask(signals.SIG_SETMASK, ())


def default_signals() -> None:
    """Give every signal its default action and block none, whatever /proc may be here."""
    for number in signals.valid_signals() - {signals.SIGKILL, signals.SIGSTOP}:
        signals.signal(number, signals.SIG_DFL)
    signals.pthread_sigmask(signals.SIG_SETMASK, ())


def _signals_not_default() -> list[int]:
    """Return the numbers of the signals ignored or caught: proc_pid_status(5), SigIgn, SigCgt."""
    text = procfs.read("self/status")
    bits = 0
    for name in (b"SigIgn:\t", b"SigCgt:\t"):
        start = text.index(name) + len(name)
        bits |= int(text[start : start + 16], 16)
    # 32 and 33 are the C library's own, and it refuses to change them.
    return [n for n in range(1, signals.NSIG) if bits >> n - 1 & 1 and n not in (32, 33)]
