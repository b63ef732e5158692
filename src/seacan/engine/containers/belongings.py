"""What a container has on disk, made and removed: its directory, layers, volumes and its row.

The row comes last and goes first: what there is without one is debris of a crash, and is removed at
the next start. Blocks; called in worker threads.
"""

import contextlib
import errno
import os
from pathlib import Path
from typing import Final

from seacan import errors
from seacan.engine.bundle import image_mounts, start
from seacan.engine.containers.container import Container
from seacan.engine.context import Context
from seacan.engine.running.restart import has_policy
from seacan.images.image import Image
from seacan.images.trees import remove_tree
from seacan.paths import ContainerDirectory

_LITTLE_BYTES: Final = 1 << 20
_FEW: Final = 64  # files and directories; a start makes some ten, for its mounts


def make(context: Context, record: Container, image: Image) -> None:
    """Make all that a new container has, or nothing."""
    with contextlib.ExitStack() as undo:
        undo.callback(context.images.snapshots.release, record.id)
        context.images.snapshots.hold(record.id, image)
        if image.layers and not context.images.snapshots.held_directories(record.id):
            raise errors.NotFound(f"No such image: {record.image}")  # removed just now
        directory = context.data_root.container(record.id)
        undo.callback(remove_directory, context, directory)
        start.make_directory(directory, record, context.quotas)
        image_mounts.hold(record.id, record.mount_points, context.images, undo)
        layers = context.images.snapshots.held_directories(record.id)
        with context.volumes.coming(record, layers) as new:
            context.database.add(record, new)
        undo.pop_all()


def remove(context: Context, record: Container, *, volumes: bool) -> None:
    """Remove all that a container has, with `volumes` the anonymous ones that no other one has."""
    with context.volumes.leaving(record, volumes=volumes) as gone:
        # One that is back after a power cut does nothing by itself, and can be removed again.
        matters = bool(gone) or has_policy(record)
        context.database.remove(record.id, gone, outlives_power_cut=matters)
    remove_directory(context, context.data_root.container(record.id))
    context.images.snapshots.release(record.id)
    image_mounts.release(record.id, record.mount_points, context.images.snapshots)
    _collect_layers(context, record)


def remove_directory(context: Context, directory: ContainerDirectory) -> None:
    """Remove a container's directory, with the limit that its layer has; it may be gone already.

    What takes up much of the disk has been given back when this returns; of others only the name.
    """
    context.quotas.remove([directory.upper, directory.work])
    if _is_little(directory.path):
        context.data_trash.put(directory.path)
    else:
        remove_tree(directory.path)


def _is_little(directory: Path) -> bool:
    """Tell whether all that is in a directory takes up next to nothing. It may be gone.

    What is deeper than a path reaches was made so on purpose, and is not little.
    """
    directories, size_bytes, count = [directory], 0, 0
    while directories:
        try:
            entries = list(os.scandir(directories.pop()))
            size_bytes += sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
        except OSError as err:
            if err.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
                raise
            return False
        count += len(entries)
        if count > _FEW or size_bytes > _LITTLE_BYTES:
            return False
        directories += [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False)]
    return True


def _collect_layers(context: Context, record: Container) -> None:
    """Remove the layers of an image that was removed by force while it had containers."""
    try:
        context.images.get(record.image_id)
    except errors.NotFound:
        context.images.collect()
