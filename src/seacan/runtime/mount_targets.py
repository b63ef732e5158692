"""Where a mount may go: the destination, judged by its descriptor.

A mount over or inside /proc would be taken for the kernel's word by whoever reads it, and by us
(CVE-2019-16884, CVE-2025-52881).
"""

from __future__ import annotations

import errno
import os
import stat

from seacan.errors import InvalidArgument
from seacan.kernel import procfs, rooted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# What may be mounted over in procfs: files that only inform, and that lxcfs and others replace.
_REPLACEABLE: Final = frozenset(
    (
        "/proc/cpuinfo",
        "/proc/diskstats",
        "/proc/loadavg",
        "/proc/meminfo",
        "/proc/slabinfo",
        "/proc/stat",
        "/proc/swaps",
        "/proc/uptime",
        "/proc/sys/kernel/ns_last_pid",
        "/proc/sys/crypto/fips_enabled",
    )
)


def normal(destination: str) -> str:
    """Return a destination as an absolute path; a relative one is meant from the root."""
    return os.path.normpath("/" + destination.lstrip("/"))


def open_ordinary(root_fd: int, destination: str) -> int:
    """Open a directory for procfs or sysfs, making it if missing; no link may lead to it.

    An image with a link for /proc or /sys would have us work on its look-alike afterwards
    (CVE-2019-19921, CVE-2023-27561).
    """
    try:
        target = rooted.open_in_root(root_fd, destination, symlinks=False)
    except FileNotFoundError:
        return rooted.open_directory(root_fd, destination)
    except OSError as err:
        if err.errno != errno.ELOOP:
            raise
        raise InvalidArgument("must be mounted on an ordinary directory") from err
    if not stat.S_ISDIR(os.fstat(target).st_mode):
        os.close(target)
        raise InvalidArgument("must be mounted on an ordinary directory")
    return target


def check_bind(destination: str, target: int, mount_fd: int) -> None:
    """Raise InvalidArgument if the bind `mount_fd` must not be put on `target`."""
    path = normal(destination)
    if path == "/proc":
        if not procfs.is_procfs(mount_fd):
            raise InvalidArgument("cannot be mounted because it is not of type proc")
    elif procfs.is_procfs(target) and path not in _REPLACEABLE:
        raise InvalidArgument("cannot be mounted because it is inside /proc")


def check_filesystem(destination: str, target: int, kind: str) -> None:
    """Raise InvalidArgument if a file system of type `kind` must not be put on `target`."""
    if normal(destination) == "/proc":
        if kind != "proc":
            raise InvalidArgument("cannot be mounted because it is not of type proc")
    elif procfs.is_procfs(target):
        raise InvalidArgument("cannot be mounted because it is inside /proc")


def is_same_mount(fd: int, other_fd: int) -> bool:
    """Tell whether two descriptors are on one mount, not only on one file system."""
    return _mount_id(fd) == _mount_id(other_fd)


def _mount_id(fd: int) -> bytes:
    lines = procfs.read(f"self/fdinfo/{fd}").splitlines()
    return next(line for line in lines if line.startswith(b"mnt_id:"))
