"""What a forked child needs to become the process of a container: data for the steps."""

from __future__ import annotations

from seacan.records import record
from seacan.runtime.seccomp.load import Filter
from seacan.runtime.settings import NO_SETTINGS, Settings
from seacan.trace import NOT_TRACED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket  # slow to import

    from seacan.kernel.cgroups.cgroup import Cgroup
    from seacan.spec.runtime import Linux, Process

Stdio = tuple[int, int, int]


@record(frozen=False, kw_only=True)
class Launch:
    """One process on its way. The steps of process.py read it; those that open something fill it.

    `linux` is of the container's configuration; for a process that joins, what concerns each one.
    `pipe` is the end for failures.py; `console` gets the pty's master, if a terminal is wanted;
    `preserve_fds` descriptors from 3 on reach the process. `cgroup` is the container's own,
    `filter` the seccomp filter to load; steps are marked on `trace` (trace.py). `root_fd` is the
    container's root, `executable` the path that was found.
    """

    container_id: str
    process: Process
    linux: Linux
    stdio: Stdio
    console: socket | None
    preserve_fds: int
    pipe: int
    cgroup: Cgroup
    settings: Settings = NO_SETTINGS
    filter: Filter | None = None
    trace: int = NOT_TRACED
    root_fd: int = -1
    executable: str = ""

    def descriptors(self) -> set[int]:
        """Return the descriptors above 2 that the steps still need, or the process will."""
        kept = {self.pipe, self.trace, *range(3, 3 + self.preserve_fds)}
        if self.console is not None:
            kept.add(self.console.fileno())
        return kept
