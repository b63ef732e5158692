"""What a container sees at /sys/fs/cgroup.

With version 1 a tmpfs with a directory for each hierarchy, onto which the container's own cgroup
there is bound: it sees its limits and no other container. With version 2 the one hierarchy, which
the cgroup namespace cuts to the same; without one it is whole, as /proc/self/cgroup has it there.
Source: config.md#mounts; cgroup_namespaces(7).
"""

from __future__ import annotations

import errno
import os

from seacan.errors import InvalidArgument
from seacan.kernel import mounts, procfs
from seacan.kernel.mount_options import Options
from seacan.kernel.mounts import Change
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

_RDONLY: Final = mounts.ATTR_RDONLY


@record
class Places:
    """Where the container's cgroups are on the host.

    `v1` has the directory in each mounted hierarchy of version 1, by name. `v2` is what to show of
    version 2 if the container may not mount it.
    """

    v1: Mapping[str, str]
    v2: str = ""


NOWHERE: Final = Places({})


def mount(target: int, options: Options, places: Places) -> int:
    """Mount on the directory `target`; return a descriptor of the mount."""
    if places.v1:
        return _mount_v1(target, options, places.v1)
    return _mount_v2(target, options, places.v2)


def _mount_v2(target: int, options: Options, instead: str) -> int:
    try:
        data = (*options.superblock, *options.data)
        mount_fd = mounts.new_filesystem("cgroup2", "cgroup", data, options.top.set)
    except OSError as err:
        if err.errno not in (errno.EPERM, errno.EBUSY) or not instead:
            raise
        # In a user namespace, without a cgroup namespace that belongs to it.
        mount_fd = mounts.bind_path(instead)
        mounts.change(mount_fd, options.top)
    mounts.attach(mount_fd, target)
    return mount_fd


def _mount_v1(target: int, options: Options, own: Mapping[str, str]) -> int:
    if refused := options.for_file_system:
        raise InvalidArgument(f"not an option of the cgroup mount of version 1: {refused[0]}")
    tmpfs = mounts.new_filesystem("tmpfs", "tmpfs", ("mode=755",), options.top.set & ~_RDONLY)
    mounts.attach(tmpfs, target)
    for name, directory in own.items():
        os.mkdir(name, 0o755, dir_fd=tmpfs)
        bound = mounts.bind_path(directory)
        mounts.attach_at(bound, tmpfs, name)
        os.close(bound)
        _link_controllers(name, tmpfs)
    # One call for all of them; it makes the tmpfs read-only too, which it is not meant to be.
    mounts.change(tmpfs, options.top, recursive=True)
    if options.top.set & _RDONLY:
        mounts.change(tmpfs, Change(clear=_RDONLY))
    return tmpfs


def _link_controllers(name: str, dir_fd: int) -> None:
    # `cpu,cpuacct` is one hierarchy of two controllers; each is looked for under its own name.
    if "," in name:
        for controller in name.split(","):
            os.symlink(name, controller, dir_fd=dir_fd)


def find(*, has_namespace: bool) -> Places:
    """Return where the cgroups of this process are; it is to have a cgroup namespace or not.

    To be asked for before it has one: in there all cgroups are called `/`.
    """
    own = dict(_own_cgroups())
    unified = own.pop("", "")
    found = {}
    for entry in mounts.read_mountinfo("cgroup"):
        for controllers, path in own.items():
            if set(controllers.split(",")) <= entry.super_options:
                below = path.removeprefix(entry.root.rstrip("/"))
                found[os.path.basename(entry.mount_point)] = entry.mount_point + below
    if found:
        return Places(found)
    for entry in mounts.read_mountinfo("cgroup2"):
        below = unified.removeprefix(entry.root.rstrip("/")) if has_namespace else ""
        return Places({}, entry.mount_point + below)
    return NOWHERE


def _own_cgroups() -> Iterator[tuple[str, str]]:
    # 4:memory:/docker/0123, 1:name=systemd:/, and 0::/ for version 2: cgroups(7)
    for line in os.fsdecode(procfs.read("self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        yield controllers, path
