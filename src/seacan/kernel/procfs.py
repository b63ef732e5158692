"""Files of /proc, through a descriptor that is known to be procfs.

A write that lands in a look-alike is not made: an AppArmor label or a sysctl that went to a tmpfs
file or over a bind mount looked like success (CVE-2019-16884, CVE-2025-52881).
"""

from __future__ import annotations

import errno
import os

from seacan.kernel import rooted, syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

PROC_SUPER_MAGIC: Final = 0x9FA0  # linux/magic.h
_CHUNK_BYTES: Final = 65536
_PROC_ROOT_INO: Final = 1  # linux/proc_ns.h


def open_procfs(path: str = "/proc") -> int:
    """Open the procfs mounted at `path` (O_PATH). Raises ENODEV if it is anything else."""
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    if is_procfs(fd) and os.fstat(fd).st_ino == _PROC_ROOT_INO:
        return fd
    os.close(fd)
    raise OSError(errno.ENODEV, "not the root of a procfs", path)


def is_procfs(fd: int) -> bool:
    """Return whether `fd` is a file of a procfs."""
    return syscalls.fstatfs_type(fd) == PROC_SUPER_MAGIC


def write(path: str, value: str) -> None:
    """Write `value` to `path` below /proc (`self/oom_score_adj`, `sys/kernel/shmmax`).

    A mount over the file, or a magic link, is an error and not followed.
    """
    procfs_fd = open_procfs()
    try:
        resolve = rooted.RESOLVE_BENEATH | rooted.RESOLVE_NO_MAGICLINKS | rooted.RESOLVE_NO_XDEV
        fd = syscalls.openat2(procfs_fd, path, os.O_WRONLY, 0, resolve)
    finally:
        os.close(procfs_fd)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def read(path: str) -> bytes:
    """Return the content of `path` below /proc: one that only informs, all of it.

    Half the system calls that a file object takes, where each start of a container pays.
    """
    fd = os.open(f"/proc/{path}", os.O_RDONLY)
    try:
        return b"".join(iter(lambda: os.read(fd, _CHUNK_BYTES), b""))
    finally:
        os.close(fd)
