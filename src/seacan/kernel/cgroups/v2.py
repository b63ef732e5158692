"""A cgroup of version 2: one path in the one hierarchy.

Source: the kernel's cgroup-v2.rst; cgroups(7).
"""

from __future__ import annotations

import errno
import os

from seacan.kernel import bpf, signals
from seacan.kernel.cgroups import devices, files, limits, limits_v2
from seacan.kernel.cgroups.waiting import wait_until
from seacan.lean import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from seacan.kernel.cgroups.oom import OomWatch
    from seacan.kernel.cgroups.stats import Stats
    from seacan.spec.runtime import LinuxDeviceCgroup, LinuxResources


class CgroupV2:
    """Meets the Protocol `Cgroup`."""

    def __init__(self, mount: str, parts: list[str]) -> None:
        """`mount` is the hierarchy's mount point, `parts` the path."""
        self._mount = mount
        self._parts = parts
        self._path = "/".join((mount, *parts))

    def create(self) -> None:
        """Make the directories, with every controller enabled on the way down.

        Below a cgroup that has processes of its own, no memory or io can be enabled (the root is
        exempt), and nothing is: to have others alone would make it the top of a threaded domain,
        and what is below fit for threads only. A limit that then has no file is refused by `apply`.
        """
        directory = self._mount
        for part in self._parts:
            _enable_controllers(directory, is_root=directory == self._mount)
            directory = f"{directory}/{part}"
            files.make(directory)

    def apply(self, resources: LinuxResources) -> None:
        resources = self.complete(resources)
        limits.write_all(limits_v2.writes(resources), lambda controller: self._path)
        if rules := resources.get("devices"):
            self._attach_device_program(rules)

    def complete(self, resources: LinuxResources) -> LinuxResources:
        """Return `resources` with what they leave as it is, and belongs to what they change.

        Raises EBUSY for a limit below the usage, if they ask for that.
        """
        if memory := resources.get("memory"):
            limits.check_usage(memory, self._memory_usage)
        return limits_v2.completed(resources, self._value)

    def _value(self, file: str) -> str:
        # No file is no limit.
        return (files.read_if_any(f"{self._path}/{file}") or "max").strip()

    def _memory_usage(self) -> int:
        return int(files.read(f"{self._path}/memory.current"))

    def _attach_device_program(self, rules: list[LinuxDeviceCgroup]) -> None:
        program = devices.program_v2(devices.read_rules(rules))
        program_fd = bpf.load(program, bpf.PROG_TYPE_CGROUP_DEVICE)
        try:
            cgroup_fd = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                bpf.attach_only(cgroup_fd, program_fd, bpf.ATTACH_CGROUP_DEVICE)
            finally:
                os.close(cgroup_fd)
        finally:
            os.close(program_fd)

    def join(self, pid: int) -> None:
        try:
            files.write(f"{self._path}/cgroup.procs", str(pid))
        except OSError as err:
            if err.errno == errno.EOPNOTSUPP:
                kind = files.read(f"{self._path}/cgroup.type").strip()
                reason = f"it takes no processes, its type is {kind!r}: a threaded one is above"
                raise OSError(err.errno, reason, self._path) from err
            raise

    def pids(self) -> list[int]:
        return files.pids(self._path)

    def kill(self) -> None:
        wait_until(self._is_killed, "processes are left after SIGKILL", self._path)

    def _is_killed(self) -> bool:
        """Send SIGKILL to all, frozen or not; return whether there were none."""
        try:
            if files.value_of(f"{self._path}/cgroup.events", "populated"):
                self._send_kill()
                return False
        except OSError as err:
            if err.errno not in files.GONE:
                raise
        return True

    def _send_kill(self) -> None:
        try:
            files.write(f"{self._path}/cgroup.kill", "1")
        except FileNotFoundError:  # before Linux 5.14; nothing forks while it is frozen
            files.write(f"{self._path}/cgroup.freeze", "1")
            for pid in self.pids():
                with suppress(ProcessLookupError):
                    os.kill(pid, signals.SIGKILL)
            self.thaw()

    def freeze(self) -> None:
        files.write(f"{self._path}/cgroup.freeze", "1")
        events = f"{self._path}/cgroup.events"
        try:
            wait_until(
                lambda: files.value_of(events, "frozen") == 1, "processes do not freeze", self._path
            )
        except OSError:
            self.thaw()
            raise

    @property
    def freezer(self) -> str:
        return self._path

    def is_frozen(self) -> bool:
        return (files.read_if_any(f"{self._path}/cgroup.freeze") or "0").strip() == "1"

    def thaw(self) -> None:
        files.write(f"{self._path}/cgroup.freeze", "0")

    def remove(self) -> None:
        files.remove(self._path)

    def oom_kills(self) -> int:
        with suppress(FileNotFoundError):
            return files.value_of(f"{self._path}/memory.events", "oom_kill")
        return 0

    def watch_oom(self) -> OomWatch:
        from seacan.kernel.cgroups.oom import OomWatchV2  # for few commands alone

        return OomWatchV2(self._path)

    def stats(self) -> Stats:
        from seacan.kernel.cgroups import stats, stats_v2  # for few commands alone

        def read(name: str) -> str | None:
            return files.read_if_any(f"{self._path}/{name}")

        names = os.listdir(self._path) if os.path.isdir(self._path) else []
        return stats_v2.stats(read, stats.page_sizes(names, "current"))

    def below(self, paths: Mapping[str, str]) -> CgroupV2:
        return CgroupV2(self._mount, [*self._parts, *paths[""].split("/")])


def _enable_controllers(directory: str, *, is_root: bool) -> None:
    """Enable for the children of `directory` all controllers that it has."""
    control = f"{directory}/cgroup.subtree_control"
    enabled = files.read(control).split()
    missing = [
        f"+{name}"
        for name in files.read(f"{directory}/cgroup.controllers").split()
        if name not in enabled
    ]
    if not missing or (not is_root and files.read(f"{directory}/cgroup.procs")):
        return
    try:
        files.write(control, " ".join(missing))
    except OSError:
        # All or nothing: one that is refused (EBUSY, EINVAL) shall not keep the others away.
        for name in missing:
            with suppress(OSError):
                files.write(control, name)
