"""The way of a container's first process into its user namespace.

    parent                         intermediate                  child
    fork() ──────────────────────▸ OOM score; joins by path
                                   clone(NEWUSER, NEWPID) ─────▸ enter(): makes the time namespace
    let_in() ◂─────────────────────────────────────────────────  and says so
      id maps, time offsets, cgroup, owner of stdio
      ─────────────────────────────────────────────────────────▸ becomes root, takes its STEPS

What root on the host may do and root of the container may not, the others do for it. All further
namespaces are made by the child, so that they belong to its user namespace.
Source: user_namespaces(7), time_namespaces(7).
"""

from __future__ import annotations

import socket

from seacan.errors import Internal
from seacan.kernel import idmaps, namespaces, procfs, signals, syscalls, this_process
from seacan.lean import suppress
from seacan.runtime import init, intermediate
from seacan.runtime.init import Init
from seacan.runtime.launch import Launch
from seacan.runtime.namespaces import join, new, time_offsets
from seacan.runtime.process import adjust_oom_score, give_to, join_cgroup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from seacan.spec.runtime import NamespaceType


class Door:
    """Where the child waits until it is let in. Both ends are the parent's until the fork."""

    def __init__(self) -> None:
        self._inside, self._outside = socket.socketpair()

    def close(self) -> None:
        self._inside.close()
        self._outside.close()

    def wait(self) -> None:
        """In the child: say that it is there, and wait to be let in."""
        self._outside.close()
        self._inside.send(b".")
        if not self._inside.recv(1):
            raise Internal("whoever was to write the id maps ended")
        self._inside.close()

    def is_knocked(self) -> bool:
        """In the parent: wait for the child; False if it has ended."""
        self._inside.close()
        return bool(self._outside.recv(1))

    def open(self) -> None:
        """In the parent: let it in. It may have ended since; its end of another pipe tells."""
        with suppress(BrokenPipeError):
            self._outside.send(b".")


def fork(child: Init) -> int:
    """Return the pid of the container's first process, which waits at its door for let_in()."""
    flags = new(child.bundle.linux["namespaces"])
    return intermediate.fork(
        child,
        STEPS,
        prepare=join_namespaces,
        flags=flags & (namespaces.CLONE_NEWUSER | namespaces.CLONE_NEWPID),
    )


def join_namespaces(child: Init) -> None:
    """In the intermediate: join what has a path, with what must come before the user namespace."""
    adjust_oom_score(child)
    if not _is_new("user", child):
        this_process.set_dumpable(False)
    join(child.bundle.linux["namespaces"])


def let_in(child: Init, pid: int) -> None:
    """Do in the parent what the child cannot, and let it in. It may have ended, and have said why.

    Raises OSError.
    """
    assert child.door is not None
    if not child.door.is_knocked():
        return
    linux = child.bundle.linux
    if _is_new("user", child):
        idmaps.write(pid, linux["uidMappings"], linux["gidMappings"])
    if _is_new("time", child) and (offsets := time_offsets(linux)):
        procfs.write(f"{pid}/timens_offsets", offsets)
    child.cgroup.join(pid)
    give_stdio(child, pid, child.stdio)
    child.door.open()


def give_stdio(launch: Launch, pid: int, stdio: Iterable[int]) -> None:
    """Give `stdio` to the user of the process, as the user namespace of `pid` maps it."""
    uid = idmaps.outside(pid, "uid", launch.process.get("user", {}).get("uid", 0))
    if uid is not None and not launch.process.get("terminal", False):
        give_to(uid, stdio)


def enter(child: Init) -> None:
    """In the child: wait at the door, and become root of the user namespace.

    The id change ends what was asked of the kernel about the process (commit_creds()).
    """
    assert child.door is not None
    if _is_new("time", child):
        syscalls.unshare(namespaces.CLONE_NEWTIME)
    child.door.wait()
    namespaces.become_root()
    this_process.set_dumpable(False)
    this_process.set_pdeathsig(signals.SIGKILL)


def _is_new(kind: NamespaceType, child: Init) -> bool:
    namespace = child.bundle.namespace(kind)
    return namespace is not None and not namespace.get("path")


_DONE_BY_OTHERS: Final = (adjust_oom_score, init.await_cgroup, join_cgroup, init.join_namespaces)
STEPS: Final = (enter, *(step for step in init.STEPS if step not in _DONE_BY_OTHERS))
