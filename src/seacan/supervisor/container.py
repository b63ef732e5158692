"""A container as its shim sees it, whichever runtime makes it."""

from pathlib import Path
from typing import Protocol

from seacan.kernel.cgroups.oom import OomWatch
from seacan.runtime.ahead import Ahead
from seacan.spec.runtime import Process
from seacan.supervisor.foreign import ForeignContainer
from seacan.supervisor.own import OwnContainer
from seacan.supervisor.process import ChildSide
from seacan.supervisor.protocol import RootfsRequest, StartRequest
from seacan.trace import NOT_TRACED


class Beginning(Protocol):
    """A process that is about to be one of the container's, of a child or an orphan of the caller.

    It may take as long as the container likes: whoever is root in there can stop it.
    """

    def fileno(self) -> int:
        """Return a descriptor that is readable once there is a result."""

    def result(self) -> int | None:
        """Return its pid once it runs, None before that. Raises what went wrong."""

    def kill(self) -> None:
        """Have it not run, if there is no result yet."""

    def close(self) -> None: ...


class Container(Protocol):
    def start(
        self, layers: RootfsRequest, side: ChildSide, trace: int = NOT_TRACED
    ) -> tuple[int, int]:
        """Start it on `layers`; return its first process, a child, and its mount namespace.

        They are a pid and a descriptor, the caller's. The caller may get a mount namespace of its
        own, and is to end afterwards. Steps are marked on `trace`.
        """

    def begin_exec(self, process: Process, side: ChildSide, first_pid: int) -> Beginning:
        """Begin to start `process` in it, beside its first one, which was not reaped.

        The caller goes on meanwhile. Raises Conflict if the container has stopped.
        """

    def delete(self) -> None:
        """Remove what there is of it, alive or not."""

    def watch_oom(self) -> OomWatch:
        """Return a watch over its memory. Raises OSError where none is counted."""

    def oom_kills(self) -> int:
        """Return how many of its processes were killed for want of memory."""


def open_container(request: StartRequest, ahead: Ahead | None = None) -> Container:
    """Return the container of `request`, which need not exist yet.

    To be started, it may be given a process that was forked `ahead`.
    """
    bundle, runtime = Path(request["bundle"]), request.get("runtime")
    if runtime is not None:
        return ForeignContainer(runtime, request["id"], bundle, request["cgroup_path"])
    root = Path(request["runtime_root"])
    return OwnContainer(
        root,
        request["id"],
        bundle,
        request["cgroup_path"],
        ahead=ahead,
        has_init=request["has_init"],
    )
