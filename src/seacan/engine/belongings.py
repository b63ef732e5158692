"""What a container has on disk, made and removed: its directory, layers, volumes and its row.

The row comes last and goes first: what there is without one is debris of a crash, and is removed at
the next start. Blocks; called in worker threads.
"""

import contextlib
from collections.abc import Sequence

from seacan import errors
from seacan.engine import anonymous_volumes, image_mounts, start
from seacan.engine.container import Container
from seacan.engine.context import Context
from seacan.images.image import Image
from seacan.images.trees import remove_tree


def make(context: Context, record: Container, image: Image) -> None:
    """Make all that a new container has, or nothing."""
    with contextlib.ExitStack() as undo:
        undo.callback(context.images.snapshots.release, record.id)
        context.images.snapshots.hold(record.id, image)
        if image.layers and not context.images.snapshots.held_directories(record.id):
            raise errors.NotFound(f"No such image: {record.image}")  # removed just now
        directory = context.data_root.container(record.id)
        undo.callback(remove_tree, directory.path)
        start.make_directory(directory, record)
        image_mounts.hold(record.id, record.mount_points, context.images, undo)
        _make_volumes(context, record, undo)
        context.database.add(record)
        undo.pop_all()
    context.volumes.keep(anonymous_volumes.names(record.mount_points))


def _make_volumes(context: Context, record: Container, undo: contextlib.ExitStack) -> None:
    points, volumes = record.mount_points, context.volumes
    # Those of other containers are there.
    new = [name for name in anonymous_volumes.names(points) if not volumes.data(name).exists()]
    if new:
        undo.callback(volumes.discard, new)
        layers = context.images.snapshots.held_directories(record.id)
        anonymous_volumes.make(points, new, layers, volumes)


def remove(context: Context, record: Container, volumes: Sequence[str]) -> None:
    """Remove all that a container has, with the anonymous `volumes` that no other one has."""
    context.volumes.suspend(volumes)
    context.database.remove(record.id)
    context.volumes.discard(volumes)
    remove_tree(context.data_root.container(record.id).path)
    context.images.snapshots.release(record.id)
    image_mounts.release(record.id, record.mount_points, context.images.snapshots)
    _collect_layers(context, record)


def _collect_layers(context: Context, record: Container) -> None:
    """Remove the layers of an image that was removed by force while it had containers."""
    try:
        context.images.get(record.image_id)
    except errors.NotFound:
        context.images.collect()
