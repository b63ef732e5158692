"""A cgroup that systemd makes, as a transient unit, and takes away: the driver of --systemd-cgroup.

    create()  apply()  join()    remember  remember  StartTransientUnit with the process, then write
                                                     what systemd has no property for
    apply() of one that is there                     SetUnitProperties, then the same
    remove()                                         StopUnit, then what systemd left

A scope cannot be without a process, so the first to join makes it: by itself, before it does
anything else. All the rest happens in the cgroup's files, as without systemd.
Source: systemd.scope(5); org.freedesktop.systemd1(5); runc's docs/systemd.md.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from seacan.kernel.cgroups import hierarchy, limits_v1, limits_v2, unit_properties, units
from seacan.kernel.cgroups.cgroup import Cgroup
from seacan.kernel.cgroups.devices import read_rules
from seacan.kernel.cgroups.v1 import CgroupV1
from seacan.kernel.cgroups.v2 import CgroupV2
from seacan.kernel.dbus import systemd
from seacan.kernel.dbus.systemd import Property, Systemd
from seacan.kernel.dbus.values import Variant
from seacan.spec.runtime import LinuxResources

if TYPE_CHECKING:
    from seacan.kernel.cgroups.oom import OomWatch
    from seacan.kernel.cgroups.stats import Stats

_ACCOUNTING: Final = {
    "v1": ("MemoryAccounting", "CPUAccounting", "BlockIOAccounting", "TasksAccounting"),
    "v2": ("MemoryAccounting", "CPUAccounting", "IOAccounting", "TasksAccounting"),
}


class SystemdCgroup:
    """Meets the Protocol `Cgroup`. `path` is from the root of each hierarchy."""

    def __init__(self, path: str, new: "NewUnit | None" = None) -> None:
        """Of one that is there, or with `new` one to be made by the first process to join."""
        self.path = path
        self._name = os.path.basename(path)
        self._new = new
        self._is_inside = False  # the caller itself
        self._user = systemd.is_user()
        files = hierarchy.open_cgroup(path)
        assert isinstance(files, CgroupV1 | CgroupV2)
        self._files = files
        self._version: Literal["v1", "v2"] = "v2" if isinstance(files, CgroupV2) else "v1"

    def create(self) -> None:
        """Do nothing yet: a scope comes with its first process."""

    def apply(self, resources: LinuxResources) -> None:
        if self._user:
            # A user's systemd may not load programs, and a user's devices are those of the host.
            resources = resources.copy()
            resources.pop("devices", None)
        if self._new is None:
            with systemd.connect(user=self._user) as manager:
                self._change(manager, resources)
        else:
            _check(resources, self._version)
            self._new.resources = resources

    def _change(self, manager: Systemd, resources: LinuxResources) -> None:
        complete = self._files.complete(resources)
        properties = self._properties(manager, complete)
        # systemd's version 1 denies all devices for a moment, and processes are to miss it.
        denies = self._version == "v1" and "devices" in resources
        freezes = denies and not self._is_inside and not self.is_frozen()
        if freezes:
            self.freeze()
        try:
            manager.set_properties(self._name, properties)
        finally:
            if freezes:
                self.thaw()
        self._files.apply(unit_properties.rounded(complete))

    def _properties(self, manager: Systemd, resources: LinuxResources) -> list[Property]:
        return [
            *unit_properties.devices(resources),
            *unit_properties.properties(resources, self._version, manager.version()),
        ]

    def join(self, pid: int) -> None:
        if self._new is None:
            try:
                self._files.join(pid)
            except PermissionError:
                # A user may not move processes out of a session; systemd does that for its users.
                with systemd.connect(user=self._user) as manager:
                    manager.attach(self._name, pid)
            return
        new, self._new, self._is_inside = self._new, None, pid == 0
        with systemd.connect(user=self._user) as manager:
            resources = new.resources
            manager.start_unit(
                self._name,
                [
                    *new.properties(pid, self._version),
                    *unit_properties.oom_policy(resources, manager.version()),
                    *self._properties(manager, resources),
                ],
            )
        self._files.create()  # in hierarchies that systemd does not know, and controllers
        self._files.apply(unit_properties.rounded(resources))
        if self._version == "v1" or new.unit.is_slice:
            self._files.join(pid)

    def remove(self) -> None:
        with systemd.connect(user=self._user) as manager:
            manager.stop_unit(self._name)
        self._files.remove()

    def pids(self) -> list[int]:
        return self._files.pids()

    def kill(self) -> None:
        self._files.kill()

    def freeze(self) -> None:
        self._files.freeze()

    @property
    def freezer(self) -> str:
        return self._files.freezer

    def is_frozen(self) -> bool:
        return self._files.is_frozen()

    def thaw(self) -> None:
        self._files.thaw()

    def oom_kills(self) -> int:
        return self._files.oom_kills()

    def watch_oom(self) -> "OomWatch":
        return self._files.watch_oom()

    def stats(self) -> "Stats":
        return self._files.stats()

    def below(self, paths: Mapping[str, str]) -> Cgroup:
        return self._files.below(paths)


class NewUnit:
    """A unit to be made: `resources` are set with it, and properties of a container's own."""

    def __init__(self, unit: units.Unit, container_id: str, own: list[Property]) -> None:
        self.unit = unit
        self.resources: LinuxResources = {}
        self._container_id = container_id
        self._own = own

    def properties(self, pid: int, version: Literal["v1", "v2"]) -> list[Property]:
        """Return all but the limits; `pid` is the process to start with, 0 the caller."""
        if self.unit.is_slice:
            place = [("Wants", Variant("as", [self.unit.parent]))]
        else:
            place = [
                ("Slice", Variant("s", self.unit.parent)),
                ("Delegate", Variant("b", True)),
                ("PIDs", Variant("au", [pid])),
            ]
        return [
            ("Description", Variant("s", f"seacan container {self._container_id}")),
            *place,
            *((name, Variant("b", True)) for name in _ACCOUNTING[version]),
            ("DefaultDependencies", Variant("b", False)),
            *self._own,
        ]


def new_cgroup(cgroups_path: str, container_id: str, annotations: dict[str, str]) -> SystemdCgroup:
    """Return the cgroup that linux.cgroupsPath asks for as SLICE:PREFIX:NAME.

    Raises OSError: EINVAL for a path or annotations that cannot be, ENOENT without a systemd.
    """
    user = systemd.is_user()
    unit = units.unit_of(cgroups_path, container_id, user=user)
    new = NewUnit(unit, container_id, unit_properties.of_annotations(annotations))
    with systemd.connect(user=user) as manager:
        above = manager.cgroup() if hierarchy.detect() == "v2" else ""
    return SystemdCgroup(above + unit.path, new)


def _check(resources: LinuxResources, version: Literal["v1", "v2"]) -> None:
    """Raise what would be raised later, in the process that is to start."""
    read_rules(resources.get("devices", []))
    for _ in limits_v2.writes(resources) if version == "v2" else limits_v1.writes(resources):
        pass
    unit_properties.properties(resources, version, 0)
