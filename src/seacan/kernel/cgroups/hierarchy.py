"""Which control groups this host has, and where: read from mountinfo, no path is taken for granted.

A host is of version 1 if any controller is mounted that way, also if it has version 2 beside that,
without controllers (systemd's hybrid layout).
"""

from __future__ import annotations

import errno
import os

from seacan.kernel import procfs
from seacan.kernel.mounts import MountInfo, read_mountinfo
from seacan.lean import cache
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final, Literal

    from seacan.kernel.cgroups.cgroup import Cgroup

_NO_BASES: Final[Mapping[str, str]] = {}
_CONTROLLERS_V1: Final = frozenset(
    (
        *("blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "hugetlb", "memory"),
        *("misc", "net_cls", "net_prio", "perf_event", "pids", "rdma"),
    )
)


@record
class Layout:
    """Mount points: of version 1 by controller, or `name=NAME`; of version 2, if it is mounted.

    `roots` has for a mount point what is mounted there, if that is not the whole hierarchy.
    """

    v1: dict[str, str]
    v2: str | None
    roots: dict[str, str]


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
    chosen = {*v1.values(), v2}
    roots = {
        mount.mount_point: mount.root
        for mount in mounts
        if mount.root != "/" and mount.mount_point in chosen
    }
    return Layout(v1, v2, roots)


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


def open_cgroup(path: str, bases: Mapping[str, str] = _NO_BASES) -> Cgroup:
    """Return the cgroup at `path`, from the root of each hierarchy; it need not exist.

    With `bases`, as of `place`, the path goes on from there. Raises OSError: EINVAL for the root
    itself and for a path with `..`; ENOENT as `detect`.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or "\0" in path:
        raise OSError(errno.EINVAL, "not the path of a cgroup", path)
    return _kind()(parts, bases)


def open_controllers(path: str, controllers: list[str]) -> Cgroup:
    """Return the cgroup at `path` of those hierarchies alone, with version 2 of the one.

    Raises OSError as `open_cgroup`, and ENOENT for a controller that is not mounted.
    """
    if detect() == "v2":
        return open_cgroup(path)
    from seacan.kernel.cgroups.v1 import CgroupV1

    mounts = _layout().v1
    for name in controllers:
        if name not in mounts:
            raise OSError(errno.ENOENT, f"no cgroup v1 hierarchy with {name} is mounted")
    return CgroupV1({name: mounts[name] for name in controllers}, path.strip("/").split("/"))


@cache
def _kind() -> Callable[[list[str], Mapping[str, str]], Cgroup]:
    # A host has one kind, and the import of either takes a millisecond.
    layout = _layout()
    if detect() == "v1":
        from seacan.kernel.cgroups.v1 import CgroupV1

        return lambda parts, bases: CgroupV1(layout.v1, parts, bases)
    from seacan.kernel.cgroups.v2 import CgroupV2

    mount = layout.v2
    assert mount is not None
    return lambda parts, bases: CgroupV2(mount, parts)


def place(path: str) -> tuple[str, dict[str, str]]:
    """Return where `path` is: from the root, and from which cgroups, by controller, if they differ.

    A relative one starts where runc has it: with version 1 in the caller's own cgroup of each
    hierarchy, with version 2 beside it, as below it no memory could be limited.
    """
    if path.startswith("/"):
        return path, {}
    layout = _layout()
    if detect() == "v2":
        assert layout.v2 is not None
        own = _below(layout, layout.v2, _cgroups_of("self").get("", "/"))
        return f"{os.path.dirname(own).rstrip('/')}/{path}", {}
    own_v1 = _cgroups_of("self")
    bases = {
        name: _below(layout, mount, own_v1.get(name, "/")).rstrip("/")
        for name, mount in layout.v1.items()
    }
    if len(set(bases.values())) == 1:
        return f"{next(iter(bases.values()))}/{path}", {}
    return f"/{path}", bases


def open_cgroup_of(pid: int) -> Cgroup:
    """Return the cgroup of version 2 that a process is in. ENOENT with version 1."""
    layout = _layout()
    if layout.v2 is None or detect() == "v1":
        raise OSError(errno.ENOENT, "no cgroup v2")
    return open_cgroup(_below(layout, layout.v2, _cgroups_of(str(pid)).get("", "/")))


def directories_of(pid: int) -> dict[str, str]:
    """Return where the cgroups of a process are mounted, by controller; of version 2 by "".

    Those of hierarchies that are not mounted here are left out. Raises OSError if it is gone.
    """
    layout = _layout()
    mounts = layout.v1 if layout.v2 is None else {**layout.v1, "": layout.v2}
    return {
        name: os.path.normpath(f"{mounts[name]}/{_below(layout, mounts[name], path)}")
        for name, path in _cgroups_of(str(pid)).items()
        if name in mounts
    }


def _cgroups_of(process: str) -> dict[str, str]:
    """Return the cgroups of a process by controller; that of version 2 by the empty name."""
    # 4:memory:/docker/0123, 1:name=systemd:/, and 0::/ for version 2: cgroups(7)
    lines = os.fsdecode(procfs.read(f"{process}/cgroup")).splitlines()
    found = {}
    for _, names, path in (line.split(":", 2) for line in lines):
        found.update(dict.fromkeys(names.split(","), path))
    return found


def _below(layout: Layout, mount: str, path: str) -> str:
    """Return `path`, of a hierarchy, as it is seen from a mount point of it."""
    root = layout.roots.get(mount, "/")
    return path.removeprefix(root) if f"{path}/".startswith(f"{root}/") else path
