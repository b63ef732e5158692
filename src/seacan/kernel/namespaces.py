"""Namespaces: their flags by OCI name, their files, ways into them, a loopback that is up.

Source: namespaces(7) and the pages by kind.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from seacan.kernel import syscalls
from seacan.lean import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from seacan.spec.runtime import NamespaceType

CLONE_NEWTIME: Final = 0x00000080  # linux/sched.h
CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

FLAGS: Final[dict[NamespaceType, int]] = {
    "mount": CLONE_NEWNS,
    "pid": CLONE_NEWPID,
    "network": CLONE_NEWNET,
    "uts": CLONE_NEWUTS,
    "ipc": CLONE_NEWIPC,
    "user": CLONE_NEWUSER,
    "cgroup": CLONE_NEWCGROUP,
    "time": CLONE_NEWTIME,
}

CLONE_PARENT: Final = 0x00008000

_NS_GET_NSTYPE: Final = 0xB703  # linux/nsfs.h
_AF_INET, _SOCK_DGRAM = 2, 2  # linux/socket.h, linux/net.h
_SIOCGIFFLAGS: Final = 0x8913  # linux/sockios.h
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1
_IFREQ: Final = "16sh22x"  # struct ifreq with ifr_flags


@contextmanager
def children_in_pid_namespace(fd: int) -> Iterator[None]:
    """Inside, children are forked into the pid namespace of `fd`, a namespace file or a pidfd.

    Raises PermissionError at once if the caller could not come back to its own.
    """
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        syscalls.setns(own, CLONE_NEWPID)  # changes nothing, and is refused as the way back would
        syscalls.setns(fd, CLONE_NEWPID)
        try:
            yield
        finally:
            syscalls.setns(own, CLONE_NEWPID)
    finally:
        os.close(own)


def open_namespace(path: str, kind: NamespaceType) -> int:
    """Return a descriptor of the namespace file `path`. Raises EINVAL if it is none of `kind`."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        flag = fcntl.ioctl(fd, _NS_GET_NSTYPE)
    except OSError:
        flag = 0
    if flag != FLAGS[kind]:
        os.close(fd)
        raise OSError(errno.EINVAL, f"not a {kind} namespace", path)
    return fd


def become_root() -> None:
    """Be user and group 0 of the user namespace just entered; only its ids mean anything there."""
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def enter_new_time_namespace() -> None:
    """Enter the time namespace that unshare(2) has made for the children. time_namespaces(7)."""
    fd = os.open("/proc/self/ns/time_for_children", os.O_RDONLY)
    try:
        syscalls.setns(fd, CLONE_NEWTIME)
    finally:
        os.close(fd)


def set_loopback_up() -> None:
    """Bring up `lo` of this network namespace. Source: netdevice(7)."""
    control = syscalls.socket(_AF_INET, _SOCK_DGRAM)
    try:
        request = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack(_IFREQ, b"lo", 0))
        name, flags = struct.unpack(_IFREQ, request)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack(_IFREQ, name, flags | _IFF_UP))
    finally:
        os.close(control)
