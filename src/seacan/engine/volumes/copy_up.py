"""What the image has at the place of a volume, copied into it, once.

Owners, modes, times and attributes stay. The copy is of what overlayfs would show of the layers.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from seacan.engine.bundle import overlay
from seacan.engine.bundle.overlay import Merged
from seacan.errors import InvalidArgument
from seacan.volumes.copying import Copy, copy_status

_DEPTH_LIMIT: Final = 200  # so deep a tree is made to be hard
_OVERLAY_ATTRIBUTES: Final = "trusted.overlay."


def copy_up(layers: Sequence[Path], path: str, directory: Path) -> None:
    """Copy what the directory `path` of an image has into `directory`; if there is none, nothing.

    Raises OSError, and InvalidArgument for a tree that is too deep.
    """
    with overlay.merged_directory(layers, path) as merged:
        if merged is None:
            return
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _directory(Copy(fd, without=_OVERLAY_ATTRIBUTES), merged, fd)
        finally:
            os.close(fd)


def has_directory(layers: Sequence[Path], path: str) -> bool:
    """Tell whether the image has a directory at `path`."""
    with overlay.merged_directory(layers, path) as merged:
        return merged is not None


def _directory(copy: Copy, merged: Merged, target: int, path: str = "") -> None:
    """Copy what is in `merged` into `target`, which is `path` below the root of the copy."""
    if path.count("/") == _DEPTH_LIMIT:
        raise InvalidArgument("a volume's directory in the image is too deep to be copied")
    for name, source, status in overlay.entries(merged):
        if stat.S_ISDIR(status.st_mode):
            os.mkdir(name, 0o700, dir_fd=target)
            _subdirectory(copy, merged, name, target, f"{path}{name}/")
        else:
            copy.entry(source, status, target, f"{path}{name}")
    status = os.fstat(merged[0])
    copy_status(merged[0], status, target, without=_OVERLAY_ATTRIBUTES)


def _subdirectory(copy: Copy, merged: Merged, name: str, target: int, path: str) -> None:
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=target)
    try:
        with overlay.merged_below(merged, name) as below:
            _directory(copy, below, fd, path)
    finally:
        os.close(fd)
