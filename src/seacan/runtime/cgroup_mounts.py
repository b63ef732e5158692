"""What a container sees at /sys/fs/cgroup.

With version 1 a tmpfs with a directory for each hierarchy, onto which the container's own cgroup
there is bound: it sees its limits and no other container. With version 2 the one hierarchy, which
the cgroup namespace cuts to the same. Source: config.md#mounts; cgroup_namespaces(7).
"""

import os
from collections.abc import Iterator
from typing import Final

from seacan.kernel import mounts, procfs
from seacan.kernel.mounts import Change, Options

_RDONLY: Final = mounts.ATTR_RDONLY


def mount(target: int, options: Options, own: dict[str, str]) -> None:
    """Mount on the directory `target`; `own` as of own_directories()."""
    if own:
        _mount_v1(target, options, own)
    else:
        _mount_v2(target, options)


def _mount_v2(target: int, options: Options) -> None:
    mount_fd = mounts.new_filesystem("cgroup2", "cgroup", options.data, options.top.set)
    mounts.attach(mount_fd, target)
    os.close(mount_fd)


def _mount_v1(target: int, options: Options, own: dict[str, str]) -> None:
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
    os.close(tmpfs)


def _link_controllers(name: str, dir_fd: int) -> None:
    # `cpu,cpuacct` is one hierarchy of two controllers; each is looked for under its own name.
    if "," in name:
        for controller in name.split(","):
            os.symlink(name, controller, dir_fd=dir_fd)


def own_directories() -> dict[str, str]:
    """Return the path of this process's cgroup in every mounted v1 hierarchy, by name.

    To be asked for before the process has a cgroup namespace: in there all cgroups are called `/`.
    """
    own = dict(_own_cgroups())
    found = {}
    for entry in mounts.read_mountinfo("cgroup"):
        for controllers, path in own.items():
            if set(controllers.split(",")) <= entry.super_options:
                below = path.removeprefix(entry.root.rstrip("/"))
                found[os.path.basename(entry.mount_point)] = entry.mount_point + below
    return found


def _own_cgroups() -> Iterator[tuple[str, str]]:
    # 4:memory:/docker/0123, 1:name=systemd:/, and 0::/ for version 2: cgroups(7)
    for line in os.fsdecode(procfs.read("self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers:
            yield controllers, path
