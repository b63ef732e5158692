"""What a container's cgroup can do, whatever the version of the kernel's interface."""

from typing import Protocol

from seacan.spec.runtime import LinuxResources


class Cgroup(Protocol):
    """One path, in the hierarchy of version 2 or in each of version 1. Errors are OSError."""

    def create(self) -> None:
        """Make the directories, and those above; they may be there already."""

    def apply(self, resources: LinuxResources) -> None:
        """Set the limits that `resources` has; others stay. ENOTSUP names what cannot be set."""

    def join(self, pid: int) -> None:
        """Move the process `pid` in, with all its threads; 0 is the caller."""

    def pids(self) -> list[int]:
        """Return the processes in here and in cgroups below; none if it does not exist."""

    def kill(self) -> None:
        """End them all with SIGKILL, also those being forked meanwhile, frozen or not.

        Returns when none is left; ETIMEDOUT after some seconds, for a process stuck in the kernel.
        """

    def freeze(self) -> None:
        """Stop them all, and return once they have stopped."""

    def thaw(self) -> None:
        """Let them go on."""

    def remove(self) -> None:
        """Remove the directories, with those below; there may be none.

        ETIMEDOUT after some seconds, if processes are still in there.
        """

    def oom_kills(self) -> int:
        """Return how many processes the kernel killed in here for want of memory."""
