"""The volumes without a name of a container: which it gets, and what the image has for them.

A volume takes the place of a directory of the image; what is there is copied into it, once, with
owners, modes and attributes. The copy is of what overlayfs would show of the layers.
"""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from seacan import ids
from seacan.engine import overlay
from seacan.engine.container import Container
from seacan.engine.mount_points import MountPoint, clean
from seacan.engine.overlay import Merged
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerConfig
from seacan.volumes.local import LocalVolumes

_DEPTH_LIMIT: Final = 200  # so deep a tree is made to be hard
_OVERLAY_ATTRIBUTES: Final = "trusted.overlay."
_CHUNK_BYTES: Final = 1 << 30


def wanted(
    points: Iterable[MountPoint], config: ContainerConfig, data_of: Callable[[str], Path]
) -> tuple[MountPoint, ...]:
    """Return `points` and the volumes of `config`, where nothing else is mounted; each is named."""
    found = {point.destination: point for point in points}
    for path in config.get("Volumes") or {}:
        destination = clean(path)
        if destination == "/":
            raise InvalidArgument("invalid specification: destination can't be '/'")
        found.setdefault(destination, MountPoint("volume", destination))
    return tuple(_named(point, data_of) for point in found.values())


def _named(point: MountPoint, data_of: Callable[[str], Path]) -> MountPoint:
    if point.type != "volume" or point.name:
        return point
    name = ids.new_id()
    return replace(point, name=name, source=str(data_of(name)))


def names(points: Iterable[MountPoint]) -> list[str]:
    return [point.name for point in points if point.type == "volume"]


def of_one(container: Container, containers: Iterable[Container]) -> list[str]:
    """Return the volumes that `container` has and no other of `containers`."""
    own = names(container.mount_points)
    if not own:
        return []
    others = (names(c.mount_points) for c in containers if c.id != container.id)
    taken = set(chain.from_iterable(others))
    return [name for name in own if name not in taken]


def make(
    points: Iterable[MountPoint],
    new: Collection[str],
    layers: Sequence[Path],
    volumes: LocalVolumes,
) -> None:
    """Make those volumes of `points` that are `new`; they are undecided, see LocalVolumes.

    `layers` are the image's, the topmost first.
    """
    for point in points:
        if point.name in new:
            directory = volumes.begin(point.name)
            if point.copies_up:
                copy_up(layers, point.destination, directory)


def copy_up(layers: Sequence[Path], path: str, directory: Path) -> None:
    """Copy what the directory `path` of an image has into `directory`; if there is none, nothing.

    Raises OSError, and InvalidArgument for a tree that is too deep.
    """
    with overlay.merged_directory(layers, path) as merged:
        if merged is None:
            return
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _Copy(fd).directory(merged, fd)
        finally:
            os.close(fd)


class _Copy:
    """One copy into the directory `root`, where nobody else is yet; hard links stay such."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._linked: dict[tuple[int, int], str] = {}  # path of the copy, from the root

    def directory(self, merged: Merged, target: int, path: str = "") -> None:
        """Copy what is in `merged` into `target`, which is `path` below the root."""
        if path.count("/") == _DEPTH_LIMIT:
            raise InvalidArgument("a volume's directory in the image is too deep to be copied")
        for name, source, status in overlay.entries(merged):
            if stat.S_ISDIR(status.st_mode):
                os.mkdir(name, 0o700, dir_fd=target)
                self._subdirectory(merged, name, target, f"{path}{name}/")
            else:
                self._entry(name, source, status, target, f"{path}{name}")
        _copy_status(merged[0], os.fstat(merged[0]), target)

    def _subdirectory(self, merged: Merged, name: str, target: int, path: str) -> None:
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=target)
        try:
            with overlay.merged_below(merged, name) as below:
                self.directory(below, fd, path)
        finally:
            os.close(fd)

    def _entry(
        self, name: str, source: int, status: os.stat_result, target: int, path: str
    ) -> None:
        """Copy what is no directory: `name` in the directory `source`."""
        if status.st_nlink > 1:
            first = self._linked.setdefault((status.st_dev, status.st_ino), path)
            if first != path:
                os.link(
                    first, name, src_dir_fd=self._root, dst_dir_fd=target, follow_symlinks=False
                )
                return
        if stat.S_ISREG(status.st_mode):
            _copy_file(name, source, status, target)
            return
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        else:
            os.mknod(name, status.st_mode, status.st_rdev, dir_fd=target)
            os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=target)
        os.chown(name, status.st_uid, status.st_gid, dir_fd=target, follow_symlinks=False)


def _copy_file(name: str, source: int, status: os.stat_result, target: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    source_fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=source)
    try:
        target_fd = os.open(name, flags, 0o600, dir_fd=target)
        try:
            while os.copy_file_range(source_fd, target_fd, _CHUNK_BYTES):
                pass
            _copy_status(source_fd, status, target_fd)
        finally:
            os.close(target_fd)
    finally:
        os.close(source_fd)


def _copy_status(source: int, status: os.stat_result, target: int) -> None:
    # The owner first: a change of owner takes away capabilities and set-user-ID.
    os.fchown(target, status.st_uid, status.st_gid)
    for name in os.listxattr(source):
        if not name.startswith(_OVERLAY_ATTRIBUTES):
            os.setxattr(target, name, os.getxattr(source, name))
    os.fchmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
