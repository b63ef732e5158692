"""The container's root file system, mounted where only its shim and its processes see it.

No mount of a container is ever in the host's mount namespace: when the last process that holds the
shim's namespace is gone, the kernel takes the mounts away, however those processes ended.
"""

import os
from typing import Final

from seacan import errors
from seacan.kernel import namespaces, syscalls
from seacan.supervisor.protocol import RootfsRequest

_MS_REC: Final = 0x4000  # linux/mount.h
_MS_SLAVE: Final = 0x80000


def enter_own_mount_namespace() -> None:
    """Mounts made from now on are not seen outside; the host's later ones still arrive."""
    syscalls.unshare(namespaces.CLONE_NEWNS)
    syscalls.mount(None, "/", None, _MS_REC | _MS_SLAVE)


def mount(request: RootfsRequest, target: str) -> None:
    """Mount the overlay of `request` at `target`."""
    options = (
        f"lowerdir={':'.join(request['lower'])},upperdir={request['upper']},"
        f"workdir={request['work']},index=off"
    )
    # Relative paths: the option string has one page for up to some hundred layers.
    os.chdir(request["directory"])
    try:
        syscalls.mount("overlay", target, "overlay", 0, options)
    except OSError as err:
        raise errors.Internal(f"mount root file system: {err.strerror}") from err
    finally:
        os.chdir("/")
