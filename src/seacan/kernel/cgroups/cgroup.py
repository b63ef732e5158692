"""What a container's cgroup can do, whatever the version of the kernel's interface."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from seacan.spec.runtime import LinuxResources

if TYPE_CHECKING:  # no start of a container needs them
    from seacan.kernel.cgroups.oom import OomWatch
    from seacan.kernel.cgroups.stats import Stats


class Cgroup(Protocol):
    """One path, in the hierarchy of version 2 or in each of version 1. Errors are OSError."""

    def create(self) -> None:
        """Make the directories, and those above; they may be there already."""

    def apply(self, resources: LinuxResources) -> None:
        """Set the limits that `resources` has; others stay. ENOTSUP names what cannot be set.

        Of processes that run as well: for device rules there is no moment in between on version 2,
        on version 1 there is one with less than both.
        """

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

    @property
    def freezer(self) -> str:
        """The directory whose files freeze them. ENOENT without a freezer."""

    def is_frozen(self) -> bool:
        """Tell whether they are to stop, or have; False if it does not exist."""

    def remove(self) -> None:
        """Remove the directories, with those below; there may be none.

        ETIMEDOUT after some seconds, if processes are still in there.
        """

    def oom_kills(self) -> int:
        """Return how many processes the kernel killed in here for want of memory."""

    def watch_oom(self) -> "OomWatch":
        """Return a watch over memory that runs out in here. ENOENT without a memory controller."""

    def stats(self) -> "Stats":
        """Return what the processes have used, and use; zeros where no controller counts."""

    def below(self, paths: Mapping[str, str]) -> "Cgroup":
        """Return the cgroups at `paths` below, by controller, for join() alone.

        Of version 1 other controllers stay with this one, and ENOENT names one that is not there;
        version 2 has one path, of the controller "".
        """
