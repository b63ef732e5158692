"""Namespaces: their flags by OCI name, a pid namespace for the next child, a loopback that is up.

Source: namespaces(7), pid_namespaces(7).
"""

import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from seacan.kernel import syscalls
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

_SIOCGIFFLAGS: Final = 0x8913  # linux/sockios.h
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1
_IFREQ: Final = "16sh22x"  # struct ifreq with ifr_flags


@contextmanager
def children_in_new_pid_namespace() -> Iterator[None]:
    """Inside, the first child forked is pid 1 of a new pid namespace; the caller stays where it is.

    Only for a process of one thread.
    """
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        syscalls.unshare(CLONE_NEWPID)
        try:
            yield
        finally:
            syscalls.setns(own, CLONE_NEWPID)
    finally:
        os.close(own)


@contextmanager
def children_in_pid_namespace(fd: int) -> Iterator[None]:
    """Inside, children are forked into the pid namespace of `fd`, a namespace file or a pidfd."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        syscalls.setns(fd, CLONE_NEWPID)
        try:
            yield
        finally:
            syscalls.setns(own, CLONE_NEWPID)
    finally:
        os.close(own)


def join(path: str, kind: NamespaceType) -> None:
    """Enter the namespace of `kind` whose file is `path`."""
    fd = os.open(path, os.O_RDONLY)
    try:
        syscalls.setns(fd, FLAGS[kind])
    finally:
        os.close(fd)


def set_loopback_up() -> None:
    """Bring up `lo` of this network namespace. Source: netdevice(7)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack(_IFREQ, b"lo", 0))
        name, flags = struct.unpack(_IFREQ, request)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack(_IFREQ, name, flags | _IFF_UP))
