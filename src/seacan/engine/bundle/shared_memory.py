"""/dev/shm of a container that lets others join its IPC namespace: mounted on the host.

It is made when the container starts and goes from the host when that ends; to those who have it
still, it lasts.
"""

import errno
import os
from pathlib import Path
from typing import Final

from seacan.kernel import mounts, syscalls

SHAREABLE: Final = "shareable"  # IpcMode


def mount(directory: Path, size_bytes: int) -> None:
    """Mount a tmpfs at `directory`, in place of one left there by a start that was cut short."""
    unmount(directory)
    directory.mkdir(mode=0o755, exist_ok=True)
    attributes = mounts.ATTR_NOSUID | mounts.ATTR_NODEV | mounts.ATTR_NOEXEC
    mount_fd = mounts.new_filesystem(
        "tmpfs", "shm", ("mode=1777", f"size={size_bytes}"), attributes
    )
    try:
        directory_fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            mounts.attach(mount_fd, directory_fd)
        finally:
            os.close(directory_fd)
    finally:
        os.close(mount_fd)


def unmount(directory: Path) -> None:
    """Unmount it if it is mounted."""
    try:
        syscalls.umount2(str(directory), mounts.MNT_DETACH)
    except OSError as err:
        if err.errno not in (errno.ENOENT, errno.EINVAL):
            raise
