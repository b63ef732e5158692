"""Mounts of type image: what is in another image, or in a directory of it, to be read.

The layers are held for the container like those of its own image, so they outlast the removal of
the image's name.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from seacan.engine.bundle import overlay
from seacan.engine.creation.mount_points import MountPoint
from seacan.errors import InvalidArgument
from seacan.images.images import Images
from seacan.images.snapshots import Snapshots
from seacan.paths import BundleDirectory

_SEPARATOR: Final = ":"  # between a container's id and the number of its mount
_SPECIAL: Final = frozenset(':,\\"')  # to overlayfs, or to who reads its options


def resolve(points: Iterable[MountPoint], images: Images) -> tuple[MountPoint, ...]:
    """Return `points` with the ids of the images that are mounted. Blocks. Raises NotFound."""
    return tuple(
        replace(point, source=images.get(point.name).id) if point.type == "image" else point
        for point in points
    )


def hold(container_id: str, points: Sequence[MountPoint], images: Images, undo: ExitStack) -> None:
    """Hold what is mounted for the container; `undo` gives it back. Raises NotFound."""
    for holder, point in _holders(container_id, points):
        undo.callback(images.snapshots.release, holder)
        images.snapshots.hold(holder, images.get(point.source))


def release(container_id: str, points: Sequence[MountPoint], snapshots: Snapshots) -> None:
    for holder, _ in _holders(container_id, points):
        snapshots.release(holder)


def container_of(holder: str) -> str:
    """Return the id of the container that holds layers as `holder`."""
    return holder.partition(_SEPARATOR)[0]


def _holders(container_id: str, points: Sequence[MountPoint]) -> Iterator[tuple[str, MountPoint]]:
    for number, point in enumerate(points):
        if point.type == "image":
            yield f"{container_id}{_SEPARATOR}{number}", point


def with_directories(
    container_id: str, points: Sequence[MountPoint], snapshots: Snapshots
) -> list[MountPoint]:
    """Return `points`; those of images have as source their directories, as overlayfs takes them.

    Blocks. Raises InvalidArgument if an image has no such directory.
    """
    found = list(points)
    for holder, point in _holders(container_id, points):
        layers = snapshots.held_directories(holder)
        try:
            found_at = directories(layers, point.subpath)
        except InvalidArgument as err:
            raise InvalidArgument(f"mount image {point.name}: {err}") from err
        if not found_at:
            raise InvalidArgument(
                f"mount image {point.name}: {point.subpath or '/'}: no such file or directory"
            )
        found[points.index(point)] = replace(point, source=_SEPARATOR.join(found_at))
    return found


def as_views(
    points: Sequence[MountPoint], bundle: BundleDirectory, empty: Path
) -> tuple[dict[str, list[str]], list[MountPoint]]:
    """Return which directories are to be mounted where, and `points` with these as sources.

    For who cannot mount layers: in a user namespace they are out of reach. overlayfs wants two.
    """
    views: dict[str, list[str]] = {}
    found = list(points)
    for number, point in enumerate(points):
        if point.type == "image":
            place = bundle.images / str(number)
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            views[str(place)] = [*point.source.split(_SEPARATOR), str(empty)]
            found[number] = replace(point, source=str(place))
    return views, found


def directories(layers: Sequence[Path], subpath: str) -> list[str]:
    """Return where `subpath` is in the layers, the topmost first; nothing if it is nowhere.

    Raises InvalidArgument if overlayfs would read another path in it than is meant.
    """
    if not subpath:
        return [str(layer) for layer in layers]
    with overlay.merged_directory(layers, subpath) as merged:
        # A descriptor has the path that it was found at, without links.
        found = [os.readlink(f"/proc/self/fd/{fd}") for fd in merged or ()]
    if any(_SPECIAL & set(path) for path in found):
        raise InvalidArgument(f"{subpath}: a character that cannot be mounted")
    return found
