"""The root of the container: where mounts go while it is built, and the move into it.

All of it happens below `root_fd`, a descriptor of the root file system bound onto itself; the move
comes last, so that host paths stay in reach for as long as they are needed and no longer.
"""

from __future__ import annotations

import errno
import os

from seacan.errors import Internal
from seacan.kernel import mounts, syscalls
from seacan.runtime.failures import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from seacan.spec.runtime import Config

_WITH_PEERS: Final = frozenset(("slave", "rslave", "shared", "rshared"))


def isolation(config: Config) -> tuple[int, bool]:
    """Return what the host's mounts become in the namespace: MS_SHARED, MS_SLAVE, MS_PRIVATE.

    Private without a word; but a mount that asks to be a slave must have a master to follow. Then
    the second is true: of the other mounts each has to be made private.
    """
    if text := config.get("linux", {}).get("rootfsPropagation"):
        kind = _propagation(text)[0]
        return kind if kind in (mounts.MS_SHARED, mounts.MS_SLAVE) else mounts.MS_PRIVATE, False
    for entry in config.get("mounts", []):
        if not _WITH_PEERS.isdisjoint(entry.get("options", ())):
            return mounts.MS_SLAVE, True
    return mounts.MS_PRIVATE, False


def mount_root(rootfs: str, kind: int, copy: int = -1, *, is_private: bool) -> int:
    """Cut the new mount namespace off, bind `rootfs` onto itself, return a descriptor of it.

    `copy` is that bind, if it is made already, and the path out of reach perhaps.

    Mounts of the container must not appear on the host, nor the host's later ones in it, unless
    `linux.rootfsPropagation` says so: `kind` and `is_private` are as of isolation().
    Source: config-linux.md#rootfs-mount-propagation.
    """
    try:
        if kind != mounts.MS_SHARED:
            syscalls.mount(None, "/", None, kind | mounts.MS_REC)
        elif copy < 0:
            # Volumes stay in their peer groups; the place of the root alone leaves its own, which
            # pivot_root(2) asks for as well. In a user namespace none is in the host's groups.
            syscalls.mount(None, mounts.mount_point_of(rootfs), None, mounts.MS_PRIVATE)
        target = _open_place(rootfs, is_needed=copy < 0)
        root_fd = mounts.bind(target, recursive=True) if copy < 0 else copy
        mounts.attach(root_fd, target)
        os.close(target)
        if is_private:
            mounts.set_propagation(root_fd, mounts.MS_PRIVATE, recursive=True)
    except OSError as err:
        raise Internal(f"bind root file system {rootfs}: {reason(err)}") from err
    return root_fd


def _open_place(rootfs: str, *, is_needed: bool) -> int:
    # Any place will do for pivot_root(2), also one on top of the present root.
    try:
        return os.open(rootfs, os.O_PATH | os.O_DIRECTORY)
    except PermissionError:
        if is_needed:
            raise
        return os.open("/", os.O_PATH | os.O_DIRECTORY)


def _propagation(text: str) -> tuple[int, bool]:
    """Return the type (MS_*) and whether it is recursive."""
    if text in mounts.PROPAGATION:
        return mounts.PROPAGATION[text], False
    return mounts.PROPAGATION[text[1:]], True


def protect_root(config: Config, root_fd: int) -> None:
    """Make the root mount itself read-only, if asked; mounts below it are their own."""
    if config["root"].get("readonly", False):
        mounts.change(root_fd, mounts.Change(mounts.ATTR_RDONLY))


def pivot(config: Config, root_fd: int) -> None:
    """Make `root_fd` the root, and let go of the old one with all that is mounted there.

    The old root is stacked on the new one and detached from there: no directory is needed for it.
    Source: pivot_root(2).
    """
    old_root = os.open("/", os.O_PATH | os.O_DIRECTORY)
    os.fchdir(root_fd)
    syscalls.pivot_root(".", ".")
    # Unmounting the old root must not travel to the host. It has to be named here: the current
    # directory is the new root, which keeps its propagation, but for umount(2) what is on top.
    mounts.set_propagation(old_root, mounts.MS_SLAVE, recursive=True)
    os.close(old_root)
    syscalls.umount2(".", mounts.MNT_DETACH)
    os.chdir("/")
    _propagate(config, root_fd)


def _propagate(config: Config, root_fd: int) -> None:
    if text := config.get("linux", {}).get("rootfsPropagation"):
        kind, recursive = _propagation(text)
        # Slave and private it is since mount_root; again, it would undo what mounts asked for.
        if kind in (mounts.MS_SHARED, mounts.MS_UNBINDABLE):
            mounts.set_propagation(root_fd, kind, recursive=recursive)


def move(config: Config, root_fd: int, rootfs: str) -> None:
    """Make `root_fd` the root without pivot_root(2): on top of the old one, by move and chroot(2).

    The old root stays below, out of reach but for who may unmount in the container. Its procfs and
    sysfs go first: whole ones in the mount namespace are what lets a user namespace inside mount
    new ones, without the container's masks.
    """
    _unmount_kernel_filesystems(os.path.realpath(rootfs))
    # Were it shared, the move would be seen on the host.
    syscalls.mount(None, "/", None, mounts.MS_PRIVATE)
    os.fchdir(root_fd)
    try:
        syscalls.mount(".", "/", None, mounts.MS_MOVE)
    except OSError as err:
        if err.errno != errno.ELOOP:  # it is there already: _open_place()
            raise
    os.chroot(".")
    os.chdir("/")
    _propagate(config, root_fd)


def _unmount_kernel_filesystems(rootfs: str) -> None:
    for entry in reversed(mounts.read_mountinfo()):
        place = entry.mount_point
        if entry.fstype not in ("proc", "sysfs") or f"{place}/".startswith(f"{rootfs}/"):
            continue
        try:
            syscalls.mount(None, place, None, mounts.MS_SLAVE | mounts.MS_REC)
        except OSError as err:
            if err.errno not in (errno.EINVAL, errno.ENOENT):
                raise
            continue  # one that is on top of it has been covered
        try:
            syscalls.umount2(place, mounts.MNT_DETACH)
        except OSError as err:
            if err.errno not in (errno.EINVAL, errno.EPERM):
                raise
            # Locked, having come from the outer user namespace: what is covered is not whole.
            syscalls.mount("tmpfs", place, "tmpfs", 0)
