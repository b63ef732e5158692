"""The container's root file system, mounted where only its processes see it.

No mount of a container is ever in the host's mount namespace: when the last process in its own is
gone, the kernel takes the mounts away, however that process ended.
"""

import os
from pathlib import Path
from typing import Final

from seacan import errors
from seacan.kernel import namespaces, syscalls
from seacan.supervisor.protocol import RootfsRequest

_MS_REC: Final = 0x4000  # linux/mount.h
_MS_SLAVE: Final = 0x80000


def mount(request: RootfsRequest, target: Path) -> None:
    """Mount the overlay of `request` at `target`, in a mount namespace that the caller gets.

    What is mounted there is not seen outside; the host's later mounts still arrive. With
    `shares_mounts` only the mount that `target` is on leaves its peers, for the overlay not to be
    seen by them; the runtime does so with the others, but for the binds that are shared.
    """
    if request["shares_mounts"]:
        from seacan.kernel import mounts  # few containers ask for it

        syscalls.unshare(namespaces.CLONE_NEWNS)
        syscalls.mount(None, mounts.mount_point_of(str(target)), None, mounts.MS_PRIVATE)
    else:
        isolate()
    mount_overlay(request, target)


def isolate() -> None:
    """Give the caller a mount namespace of its own, which the host's later mounts still reach."""
    syscalls.unshare(namespaces.CLONE_NEWNS)
    syscalls.mount(None, "/", None, _MS_REC | _MS_SLAVE)


def mount_overlay(request: RootfsRequest, target: Path) -> None:
    """Mount the overlay of `request` at `target`, in the caller's own namespace.

    Renamed directories and changed attributes are copied up whole, whatever the kernel was told as
    its default: the upper directory is to be a layer as it stands.
    """
    options = f"lowerdir={':'.join(request['lower'])},index=off,redirect_dir=off,metacopy=off"
    if request["upper"]:
        options += f",upperdir={request['upper']},workdir={request['work']}"
    # Relative paths: the option string has one page for up to some hundred layers.
    os.chdir(request["directory"])
    try:
        syscalls.mount("overlay", str(target), "overlay", 0, options)
    except OSError as err:
        raise errors.Internal(f"mount root file system: {err.strerror}") from err
    finally:
        os.chdir("/")
