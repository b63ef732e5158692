"""A container's root for a worker: a descriptor, below which every name is resolved.

Of a running container it is a copy of its mounts, as they are at that moment: the worker enters the
container's mount namespace for that one system call and comes back, so that no program, library or
procfs that it uses is ever the container's (CVE-2019-14271). Of a stopped one the root is mounted
in a mount namespace of the worker's own, with the volumes where the container would have them.
Either way nothing is left when the worker ends, however it does, and whoever swaps directories for
links in the container changes where a name leads within that root only (CVE-2018-15664).
"""

import errno
import os
import signal
import stat
from pathlib import Path
from typing import NamedTuple

from seacan import errors
from seacan.contents.words import Bind, Root
from seacan.kernel import idmaps, mounts, namespaces, rooted, syscalls
from seacan.supervisor import rootfs
from seacan.supervisor.protocol import RootfsRequest


class Entered(NamedTuple):
    """Descriptors of a container's namespaces. What they lead to is there while they are open."""

    mounts: int
    users: int


def of_running(entered: Entered, *, with_mounts: bool) -> int:
    """Return the root that is mounted in these namespaces; the caller gets the ids of them."""
    root_fd = _copy_of_running(entered.mounts, with_mounts=with_mounts)
    _join_users(entered.users)
    return root_fd


def _copy_of_running(namespace: int, *, with_mounts: bool) -> int:
    own = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    try:
        syscalls.setns(namespace, namespaces.CLONE_NEWNS)
        try:
            root_fd = mounts.bind_path("/", recursive=with_mounts)
        finally:
            syscalls.setns(own, namespaces.CLONE_NEWNS)
    finally:
        os.close(own)
    mounts.set_propagation(root_fd, mounts.MS_PRIVATE, recursive=True)
    return root_fd


def of_running_to_write(entered: Entered, root: Root) -> int:
    """Return the root in these namespaces, attached in a mount namespace of the caller's own.

    Were it attached nowhere, a mount point in it could be removed like any other name: the kernel
    keeps those of the caller's namespace alone, and would unmount it in the container.
    """
    root_fd = _copy_of_running(entered.mounts, with_mounts=True)
    rootfs.isolate()
    place = os.open(root["scratch"], os.O_PATH | os.O_DIRECTORY)
    mounts.attach(root_fd, place)
    os.close(place)
    _join_users(entered.users)
    return root_fd


def _join_users(namespace: int) -> None:
    """Be root as user namespace `namespace` has it, where that is another one than the host's.

    On disk its ids are others than on the host: one that is not mapped could not be written.
    """
    try:
        syscalls.setns(namespace, namespaces.CLONE_NEWUSER)
    except OSError as err:
        if err.errno != errno.EINVAL:  # it is the caller's own: user_namespaces(7)
            raise
    else:
        namespaces.become_root()


def to_read(root: Root, *, with_mounts: bool) -> int:
    """Return the root of a stopped container; what is written to it is forgotten.

    Its layers lie below one in memory, so that mount points can be made and the container be
    started meanwhile.
    """
    scratch = _scratch(root)
    layers = root["layers"]
    _copy_attributes(os.path.join(layers["directory"], layers["upper"]), scratch / "upper")
    view: RootfsRequest = {
        "directory": layers["directory"],
        "lower": [layers["upper"], *layers["lower"]],
        "upper": str(scratch / "upper"),
        "work": str(scratch / "work"),
        "shares_mounts": False,
    }
    root_fd = _mount(view, scratch)
    if with_mounts:
        _add_binds(root_fd, root["binds"])
    return root_fd


def to_write(root: Root) -> int:
    """Return the root of a stopped container, which nobody may start meanwhile."""
    root_fd = _mount(root["layers"], _scratch(root))
    _add_binds(root_fd, root["binds"])
    if root["is_read_only"]:
        mounts.change(root_fd, mounts.Change(mounts.ATTR_RDONLY))
    return root_fd


def of_image(root: Root) -> int:
    """Return the root that a container's image alone would give."""
    scratch = _scratch(root)
    (scratch / "nothing").mkdir()
    lower = [*root["layers"]["lower"], str(scratch / "nothing")]
    view: RootfsRequest = {**root["layers"], "lower": lower, "upper": "", "work": ""}
    return _mount(view, scratch)


def open_upper(root: Root) -> int:
    """Return a container's writable layer, as it is on disk."""
    path = os.path.join(root["layers"]["directory"], root["layers"]["upper"])
    return os.open(path, os.O_PATH | os.O_DIRECTORY)


def _scratch(root: Root) -> Path:
    """Return a directory in memory that only this process sees."""
    rootfs.isolate()
    path = Path(root["scratch"])
    syscalls.mount("tmpfs", str(path), "tmpfs", 0, "mode=0700,size=16m")
    for name in ("upper", "work", "root"):
        (path / name).mkdir(mode=0o755)
    return path


def _copy_attributes(source: str, target: Path) -> None:
    """Give the root of a view those of the root that it shows."""
    status = os.stat(source)
    os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _mount(layers: RootfsRequest, scratch: Path) -> int:
    rootfs.mount_overlay(layers, scratch / "root")
    return os.open(scratch / "root", os.O_PATH | os.O_DIRECTORY)


def _add_binds(root_fd: int, binds: list[Bind]) -> None:
    # What is mounted below another mount comes after it.
    for bind in sorted(binds, key=lambda bind: bind["destination"].count("/")):
        try:
            _add_bind(root_fd, bind)
        except OSError as err:
            raise errors.Internal(f"mount {bind['source']}: {err.strerror}") from err


def _add_bind(root_fd: int, bind: Bind) -> None:
    mount_fd = _open_bind(bind)
    try:
        mounts.set_propagation(mount_fd, mounts.MS_PRIVATE, recursive=True)
        if bind["uids"]:
            _map_ids(mount_fd, bind)
        if not bind["is_writable"]:
            mounts.change(mount_fd, mounts.Change(mounts.ATTR_RDONLY), recursive=True)
        is_directory = stat.S_ISDIR(os.fstat(mount_fd).st_mode)
        make = rooted.open_directory if is_directory else rooted.open_file
        target_fd = make(root_fd, bind["destination"])
        try:
            mounts.attach(mount_fd, target_fd)
        finally:
            os.close(target_fd)
    finally:
        os.close(mount_fd)


def _map_ids(mount_fd: int, bind: Bind) -> None:
    # The launcher, whose fork this is, has nobody to wait for; here is a child to be reaped.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    namespace = idmaps.user_namespace(bind["uids"], bind["gids"])
    try:
        mounts.set_id_map(mount_fd, namespace)
    finally:
        os.close(namespace)


def _open_bind(bind: Bind) -> int:
    """Return a detached copy of what is to be mounted."""
    if not bind["subpath"]:
        return mounts.bind_path(bind["source"], recursive=bind["is_recursive"])
    source_fd = os.open(bind["source"], os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fd = rooted.open_beneath(source_fd, bind["subpath"])
    finally:
        os.close(source_fd)
    try:
        return mounts.bind(fd, recursive=bind["is_recursive"])
    finally:
        os.close(fd)
