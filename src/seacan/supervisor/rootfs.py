"""The container's root file system, mounted where only its processes see it.

No mount of a container is ever in the host's mount namespace: when the last process in its own is
gone, the kernel takes the mounts away, however that process ended.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from seacan import errors
from seacan.kernel import namespaces, syscalls
from seacan.spec.runtime import IDMapping
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
    with _mapped(request):
        _mount_overlay(request, target)


def mount_images(request: RootfsRequest) -> None:
    """Mount the images of `request`, to be read, in the caller's own namespace."""
    for place, lower in request.get("images", {}).items():
        view: RootfsRequest = {**request, "lower": lower, "upper": "", "work": ""}
        mount_overlay(view, Path(place))


def _mount_overlay(request: RootfsRequest, target: Path) -> None:
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


def _root_of(mappings: Sequence[IDMapping]) -> int:
    """Return what 0 is mapped to."""
    return next(each["hostID"] for each in mappings if each["containerID"] == 0)


@contextlib.contextmanager
def _mapped(request: RootfsRequest) -> Iterator[None]:
    """Have the layers lie in a mount that maps their ids, if the container wants that.

    It covers the directory of all layers, in the caller's own mount namespace, until they are found
    there; the overlay keeps it then. So nothing on disk is other than without a user namespace.
    Source: mount_setattr(2), MOUNT_ATTR_IDMAP; layers of overlayfs may have it since Linux 5.19.
    """
    if (id_map := request.get("id_map")) is None:
        yield
        return
    from seacan.kernel import idmaps, mounts, this_process  # few containers have one

    directory = request["directory"]
    try:
        user, tree = idmaps.user_namespace(**id_map), mounts.bind_path(directory)
        mounts.set_id_map(tree, user)
        place = os.open(directory, os.O_PATH | os.O_DIRECTORY)
        mounts.attach(tree, place)
    except OSError as err:
        raise errors.Internal(f"map ids of {directory}: {err.strerror}") from err
    for fd in (user, tree, place):
        os.close(fd)
    # What overlayfs makes for itself, it makes as who has mounted it.
    with this_process.as_file_owner(_root_of(id_map["uids"]), _root_of(id_map["gids"])):
        yield
    syscalls.umount2(directory, mounts.MNT_DETACH)
