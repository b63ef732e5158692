"""Which control groups this host has, and where: read from mountinfo, no path is taken for granted.

A host is of version 1 if any controller is mounted that way, also if it has version 2 beside that,
without controllers (systemd's hybrid layout).
"""

import errno
from functools import cache
from typing import Final, Literal, NamedTuple

from seacan.kernel.cgroups.cgroup import Cgroup
from seacan.kernel.cgroups.v1 import CgroupV1
from seacan.kernel.cgroups.v2 import CgroupV2
from seacan.kernel.mounts import MountInfo, read_mountinfo

_CONTROLLERS_V1: Final = frozenset(
    (
        *("blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "hugetlb", "memory"),
        *("misc", "net_cls", "net_prio", "perf_event", "pids", "rdma"),
    )
)


class Layout(NamedTuple):
    """Mount points: of version 1 by controller, or `name=NAME`; of version 2, if it is mounted."""

    v1: dict[str, str]
    v2: str | None


def read_layout(mounts: list[MountInfo]) -> Layout:
    """Find the hierarchies; of several mounts of one, the first that shows its root."""
    v1: dict[str, str] = {}
    v2: str | None = None
    for mount in sorted(mounts, key=lambda mount: mount.root != "/"):
        if mount.fstype == "cgroup2":
            v2 = v2 or mount.mount_point
        elif mount.fstype == "cgroup":
            for option in mount.super_options:
                if option in _CONTROLLERS_V1 or option.startswith("name="):
                    v1.setdefault(option, mount.mount_point)
    return Layout(v1, v2)


@cache
def _layout() -> Layout:
    return read_layout(read_mountinfo())


def detect() -> Literal["v1", "v2"]:
    """Return the version that the host's controllers are mounted with; ENOENT if none is."""
    layout = _layout()
    if _CONTROLLERS_V1 & layout.v1.keys():
        return "v1"
    if layout.v2 is None:
        raise OSError(errno.ENOENT, "no hierarchy of control groups is mounted")
    return "v2"


def open_cgroup(path: str) -> Cgroup:
    """Return the cgroup at `path`, from the root of each hierarchy; it need not exist.

    Raises OSError: EINVAL for the root itself and for a path with `..`; ENOENT as `detect`.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or "\0" in path:
        raise OSError(errno.EINVAL, "not the path of a cgroup", path)
    layout = _layout()
    if detect() == "v1":
        return CgroupV1(layout.v1, parts)
    assert layout.v2 is not None
    return CgroupV2(layout.v2, parts)
