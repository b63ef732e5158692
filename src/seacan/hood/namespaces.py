"""The namespaces of a process, beside those of the host. Source: namespaces(7)."""

import os
from typing import Final

from seacan.spec.explanation import Namespaces

_KINDS: Final = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")
_ENTERED: Final = {"mnt": "-m", "net": "-n", "pid": "-p", "uts": "-u", "ipc": "-i"}


def read(pid: int) -> Namespaces:
    """Return them all. Raises PermissionError for who may not look, FileNotFoundError if gone."""
    found = [(kind, _inode(pid, kind), _hosts(kind)) for kind in _KINDS if _exists(kind)]
    own = [kind for kind, inode, host in found if inode != host]
    enter = " ".join(_ENTERED[kind] for kind in own if kind in _ENTERED)
    return {
        "List": [
            {"Kind": kind, "Inode": inode, "HostInode": host, "IsShared": inode == host}
            for kind, inode, host in found
        ],
        "See": [
            f"ls -l /proc/{pid}/ns /proc/self/ns",
            "lsns",
            *([f"nsenter -t {pid} {enter} sh"] if enter else []),
        ],
    }


def is_shared(pid: int, kind: str) -> bool:
    """Whether the process has the host's own namespace of that kind."""
    return _inode(pid, kind) == _hosts(kind)


def _hosts(kind: str) -> int:
    try:
        return _inode(1, kind)
    except PermissionError:  # it has capabilities that this process has not
        return _inode("self", kind)


def _exists(kind: str) -> bool:
    return os.path.lexists(f"/proc/self/ns/{kind}")  # time: since Linux 5.6


def _inode(pid: int | str, kind: str) -> int:
    # net:[4026531840]
    return int(os.readlink(f"/proc/{pid}/ns/{kind}").partition("[")[2].rstrip("]"))
