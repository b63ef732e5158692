"""Pseudo-terminals: a pair made in a given devpts, window sizes, raw mode."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import termios

from seacan.kernel import rooted, syscalls
from seacan.lean import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

DEVPTS_SUPER_MAGIC: Final = 0x1CD1  # linux/magic.h
_TIOCSPTLCK: Final = 0x40045431  # asm-generic/ioctls.h
_TIOCGPTPEER: Final = 0x5441


def open_pair(root_fd: int) -> tuple[int, int]:
    """Return master and slave of a new pty of the devpts at /dev/pts below `root_fd`.

    The slave comes from the master itself (TIOCGPTPEER) and not from a path that the image could
    have made a link (CVE-2025-52565). Raises ENODEV if /dev/pts is no devpts.
    """
    master = rooted.open_in_root(root_fd, "/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY)
    try:
        if syscalls.fstatfs_type(master) != DEVPTS_SUPER_MAGIC:
            raise OSError(errno.ENODEV, "not a devpts", "/dev/pts/ptmx")
        fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
        slave = fcntl.ioctl(master, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        os.close(master)
        raise
    return master, slave


def set_size(fd: int, rows: int, columns: int) -> None:
    """Set the window size; its foreground processes get SIGWINCH. Source: ioctl_tty(2)."""
    with _os_errors():
        termios.tcsetwinsize(fd, (rows, columns))


def get_size(fd: int) -> tuple[int, int]:
    """Return rows and columns of a terminal."""
    with _os_errors():
        return termios.tcgetwinsize(fd)


def set_controlling(fd: int) -> None:
    """Make the terminal `fd` the controlling one of this session leader."""
    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)


@contextmanager
def _os_errors() -> Iterator[None]:
    # termios has an error of its own, which is no OSError.
    try:
        yield
    except termios.error as err:
        raise OSError(*err.args) from err
