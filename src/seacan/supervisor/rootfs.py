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

    What is mounted there is not seen outside; the host's later mounts still arrive.
    """
    syscalls.unshare(namespaces.CLONE_NEWNS)
    syscalls.mount(None, "/", None, _MS_REC | _MS_SLAVE)
    options = (
        f"lowerdir={':'.join(request['lower'])},upperdir={request['upper']},"
        f"workdir={request['work']},index=off"
    )
    # Relative paths: the option string has one page for up to some hundred layers.
    os.chdir(request["directory"])
    try:
        syscalls.mount("overlay", str(target), "overlay", 0, options)
    except OSError as err:
        raise errors.Internal(f"mount root file system: {err.strerror}") from err
    finally:
        os.chdir("/")
