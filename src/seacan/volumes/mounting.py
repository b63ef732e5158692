"""What a volume's options want mounted, mounted at its directory on the host, and unmounted.

It has to be there for all containers that share the volume, which a mount in the namespace of each
would not be: a tmpfs is another one each time it is mounted. Blocks.
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from seacan.errors import Internal, SeacanError
from seacan.kernel import mounts, old_mount, syscalls
from seacan.kernel.mount_options import Options, parse_options
from seacan.runtime.failures import reason
from seacan.volumes.options import resolved, without_password


def mount(options: Mapping[str, str], directory: Path) -> None:
    """Mount at `directory` what `options` say. Raises Internal, in Docker's words."""
    try:
        kind, device, words = resolved(options)
        _mount(kind, device, parse_options(words, are_whole=True), directory)
    except (OSError, SeacanError) as err:
        why = reason(err) if isinstance(err, OSError) else err
        raise Internal(
            f"error while mounting volume '{directory}': failed to mount local volume: "
            f"mount {options.get('device', '')}:{directory}: {without_password(str(why))}"
        ) from None


def _mount(kind: str, device: str, options: Options, directory: Path) -> None:
    target = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        mount_fd = (
            _bound(device, options) if options.is_bind else _new(kind, device, options, target)
        )
        try:
            mounts.attach(mount_fd, target)
            if options.tree:
                mounts.change(mount_fd, options.tree, recursive=True)
            for propagation, recursive in options.propagation:
                mounts.set_propagation(mount_fd, propagation, recursive=recursive)
        finally:
            os.close(mount_fd)
    finally:
        os.close(target)


def _bound(device: str, options: Options) -> int:
    mount_fd = mounts.bind_path(device, recursive=options.is_recursive)
    if options.top:
        mounts.change(mount_fd, options.top)
    return mount_fd


def _new(kind: str, device: str, options: Options, target: int) -> int:
    data = (*options.superblock, *options.data)
    if options.is_read_only and _is_block_device(device):
        data = ("ro", *data)  # the device may be read-only itself
    attributes = options.top.set
    if not options.has_iversion and mounts.fits_fsconfig(device, data):
        return mounts.new_filesystem(kind, device, data, attributes)
    return old_mount.new_filesystem(
        target, kind, device, data, attributes=attributes, iversion=options.has_iversion
    )


def _is_block_device(path: str) -> bool:
    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except OSError:
        return False


def unmount(directory: Path) -> None:
    """Unmount all that is mounted at `directory`, if there is anything."""
    with contextlib.suppress(OSError):  # EINVAL: nothing any more
        while True:
            syscalls.umount2(str(directory), mounts.MNT_DETACH)


def mounted(directories: Iterable[Path]) -> set[Path]:
    """Return those of `directories` at which something is mounted."""
    points = {entry.mount_point for entry in mounts.read_mountinfo()}
    return {path for path in directories if os.path.realpath(path) in points}
