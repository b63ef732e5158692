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


class Container(Protocol):
    def start(
        self, layers: RootfsRequest, side: ChildSide, trace: int = NOT_TRACED
    ) -> tuple[int, int]:
        """Start it on `layers`; return its first process, a child, and its mount namespace.

        They are a pid and a descriptor, the caller's. The caller may get a mount namespace of its
        own, and is to end afterwards. Steps are marked on `trace`.
        """

    def exec_process(self, process: Process, side: ChildSide) -> int:
        """Start `process` in it; return its pid, of a child or an orphan of the caller.

        That is a process for this alone: it may wait for as long as the container likes.
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
    return OwnContainer(root, request["id"], bundle, request["cgroup_path"], ahead=ahead)
