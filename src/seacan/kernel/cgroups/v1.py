"""A cgroup of version 1: the same path in every hierarchy that is mounted.

    /sys/fs/cgroup/memory/PARENT/ID     /sys/fs/cgroup/cpu,cpuacct/PARENT/ID     …

The hierarchy of version 2 in systemd's hybrid layout is left alone: its cgroup.kill would be
welcome, but to enter it costs a start some 10 ms (see `join`), and the freezer does the same.

Source: the kernel's cgroup-v1/*.rst; cgroups(7).
"""

from __future__ import annotations

import errno
import os
from itertools import count

from seacan.kernel import signals
from seacan.kernel.cgroups import devices, files, limits, limits_v1
from seacan.kernel.cgroups.waiting import wait_until
from seacan.lean import cast, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from seacan.kernel.cgroups.oom import OomWatch
    from seacan.kernel.cgroups.stats import Stats
    from seacan.spec.runtime import LinuxCPU, LinuxResources

_FREEZE_ATTEMPTS: Final = 30
_NO_BASES: Final[Mapping[str, str]] = {}
_CPUSET_FILES: Final = ("cpuset.cpus", "cpuset.mems")


class CgroupV1:
    """Meets the Protocol `Cgroup`."""

    def __init__(
        self, mounts: dict[str, str], parts: list[str], bases: Mapping[str, str] = _NO_BASES
    ) -> None:
        """`mounts` by controller, `parts` the path, from the root or from one of `bases`."""
        self._mounts = mounts
        self._parts = parts
        self._bases = bases
        path = "/".join(parts)
        self._of_controller = {
            name: f"{mount}{bases.get(name, '')}/{path}" for name, mount in mounts.items()
        }
        # Controllers mounted together share a directory.
        self._directories = list(dict.fromkeys(self._of_controller.values()))

    def create(self) -> None:
        for directory in self._directories:
            files.make(directory)
        if cpuset := self._of_controller.get("cpuset"):
            for name in _CPUSET_FILES:
                self._inherit(name, cpuset)

    def _inherit(self, name: str, directory: str) -> str:
        """Return a cpuset's processors or memory nodes; one that is empty gets its parent's.

        A new one is empty, and no process can enter it.
        """
        path = f"{directory}/{name}"
        value = files.read(path).strip()
        if not value and directory != self._mounts["cpuset"]:
            value = self._inherit(name, os.path.dirname(directory))
            files.write(path, value)
        return value

    def apply(self, resources: LinuxResources) -> None:
        self._check_usage(resources)
        limits.write_all(limits_v1.writes(resources), self._directory)
        if rules := resources.get("devices"):
            for file, line in devices.lines_v1(devices.read_rules(rules)):
                files.write(f"{self._directory('devices')}/{file}", line)

    def complete(self, resources: LinuxResources) -> LinuxResources:
        """Return `resources` with the one of quota and period that they leave as it is.

        Raises EBUSY for a limit below the usage, if they ask for that.
        """
        self._check_usage(resources)
        cpu = resources.get("cpu", {})
        if bool(cpu.get("quota")) != bool(cpu.get("period")):
            with suppress(FileNotFoundError):
                directory = self._directory("cpu")
                quota = int(files.read(f"{directory}/cpu.cfs_quota_us"))
                period = int(files.read(f"{directory}/cpu.cfs_period_us"))
                present: LinuxCPU = {"quota": quota, "period": period}
                given = {key: value for key, value in cpu.items() if value or key not in present}
                return {**resources, "cpu": cast("LinuxCPU", {**present, **given})}
        return resources

    def _check_usage(self, resources: LinuxResources) -> None:
        if memory := resources.get("memory"):
            limits.check_usage(memory, self._memory_usage)

    def _memory_usage(self) -> int:
        return int(files.read(f"{self._directory('memory')}/memory.usage_in_bytes"))

    def _directory(self, controller: str) -> str:
        directory = self._of_controller.get(controller)
        if directory is None:
            raise OSError(errno.ENOENT, f"no cgroup v1 hierarchy with {controller} is mounted")
        return directory

    def join(self, pid: int) -> None:
        # A thread that moves itself, by `tasks`, does not take the lock against forks, which waits
        # some 10 ms for an RCU grace period; a caller has one thread only. Source: kernel 5.16,
        # cgroup_procs_write_start().
        name = "cgroup.procs" if pid else "tasks"
        for directory in self._directories:
            files.write(f"{directory}/{name}", str(pid))

    def pids(self) -> list[int]:
        return files.pids(self._register)

    @property
    def _register(self) -> str:
        """The directory to look in for processes: they are in all of them."""
        return self._of_controller.get("freezer") or self._directories[0]

    def kill(self) -> None:
        wait_until(self._is_killed, "processes are left after SIGKILL", self._register)

    def _is_killed(self) -> bool:
        """Send SIGKILL to all; return whether there were none.

        What is frozen neither forks nor gives its number back, nor ends; what froze too late is met
        in the next round.
        """
        if not self.pids():
            return True
        freezer = self._of_controller.get("freezer")
        if freezer:
            with suppress(FileNotFoundError):
                files.write(f"{freezer}/freezer.state", "FROZEN")
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signals.SIGKILL)
        if freezer:
            # Below as well: a container may have frozen cgroups that it made itself.
            for directory in files.below(freezer):
                with suppress(FileNotFoundError):
                    files.write("freezer.state", "THAWED", directory)
        return False

    def freeze(self) -> None:
        """Freeze, asking again and again: processes that are forked meanwhile may miss it.

        When that does not help, letting all go on for a moment does; but mostly they only need
        their turn on a processor to stop.
        """
        file = f"{self._directory('freezer')}/freezer.state"
        attempts = count(1)

        def is_frozen() -> bool:
            if next(attempts) % _FREEZE_ATTEMPTS == 0:
                files.write(file, "THAWED")
            files.write(file, "FROZEN")
            return files.read(file).strip() == "FROZEN"

        try:
            wait_until(is_frozen, "processes do not freeze", file)
        except OSError:
            with suppress(FileNotFoundError):
                files.write(file, "THAWED")
            raise

    @property
    def freezer(self) -> str:
        return self._directory("freezer")

    def is_frozen(self) -> bool:
        directory = self._of_controller.get("freezer")
        state = files.read_if_any(f"{directory}/freezer.state") if directory else None
        return state is not None and state.strip() != "THAWED"

    def thaw(self) -> None:
        files.write(f"{self._directory('freezer')}/freezer.state", "THAWED")

    def remove(self) -> None:
        for directory in self._directories:
            files.remove(directory)

    def oom_kills(self) -> int:
        with suppress(FileNotFoundError):
            return files.value_of(f"{self._directory('memory')}/memory.oom_control", "oom_kill")
        return 0

    def watch_oom(self) -> OomWatch:
        from seacan.kernel.cgroups.oom import OomWatchV1  # for few commands alone

        return OomWatchV1(self._directory("memory"))

    def stats(self) -> Stats:
        from seacan.kernel.cgroups import stats, stats_v1  # for few commands alone

        def read(controller: str, name: str) -> str | None:
            directory = self._of_controller.get(controller)
            return files.read_if_any(f"{directory}/{name}") if directory else None

        huge = self._of_controller.get("hugetlb")
        names = os.listdir(huge) if huge and os.path.isdir(huge) else []
        return stats_v1.stats(read, stats.page_sizes(names, "usage_in_bytes"))

    def below(self, paths: Mapping[str, str]) -> CgroupV1:
        other = CgroupV1(self._mounts, self._parts, self._bases)
        for controller, path in paths.items():
            other._of_controller[controller] = f"{self._directory(controller)}/{path}"
        other._directories = list(dict.fromkeys(other._of_controller.values()))
        return other
