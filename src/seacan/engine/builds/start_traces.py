"""What the start of a command leaves in its writable layer: mount points, made for the mounts.

They are no change of anybody's, so they are taken away again: files and directories that the layers
below do not have, if they are as empty as they were made, and copies of directories that only had
such an entry put into them.
"""

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from seacan.engine.bundle import overlay

_OPEN: Final = os.O_PATH | os.O_NOFOLLOW
_OPAQUE: Final = "trusted.overlay.opaque"
_SAME: Final = ("st_mode", "st_uid", "st_gid")


class StartTraces:
    def __init__(self, layers: Sequence[Path], targets: Sequence[str]) -> None:
        """`targets` are the absolute paths of what is mounted; blocks only in remove()."""
        self._layers = layers
        self._paths = sorted({path for target in targets for path in _with_parents(target)})

    def remove(self, upper: Path) -> None:
        """Take away the traces in the upper directory, in which nothing runs any more."""
        upper_fd = os.open(upper, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for path in reversed(self._paths):
                self._remove(upper_fd, path)
        finally:
            os.close(upper_fd)

    def _remove(self, upper_fd: int, path: str) -> None:
        parent, _, name = path.rpartition("/")
        try:
            parent_fd = _open_below(upper_fd, parent)
        except OSError:
            return  # not there, or the command has put something else in its place
        try:
            status = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
            if self._is_trace(path, status) and not _hides_what_is_below(parent_fd, name):
                with contextlib.suppress(OSError):  # something was put into it
                    _remove_empty(parent_fd, name, status)
        except FileNotFoundError:
            return
        finally:
            os.close(parent_fd)

    def _is_trace(self, path: str, status: os.stat_result) -> bool:
        """Tell whether an entry is as the start makes it, if it is empty."""
        if stat.S_ISREG(status.st_mode):
            return not status.st_size and overlay.find_status(self._layers, path) is None
        if not stat.S_ISDIR(status.st_mode):
            return False
        below = overlay.find_status(self._layers, path)
        return below is None or all(
            getattr(below, field) == getattr(status, field) for field in _SAME
        )


def _remove_empty(parent_fd: int, name: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        os.rmdir(name, dir_fd=parent_fd)
    else:
        os.unlink(name, dir_fd=parent_fd)


def _hides_what_is_below(parent_fd: int, name: str) -> bool:
    try:
        value = os.getxattr(f"/proc/self/fd/{parent_fd}/{name}", _OPAQUE, follow_symlinks=False)
    except OSError:
        return False  # no such attribute
    return value == b"y"


def _with_parents(target: str) -> list[str]:
    parts = [part for part in target.split("/") if part not in ("", ".")]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _open_below(upper_fd: int, path: str) -> int:
    """Open a directory of the upper one, name by name, so that no link is followed."""
    fd = os.dup(upper_fd)
    for name in filter(None, path.split("/")):
        try:
            below = os.open(name, _OPEN | os.O_DIRECTORY, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd
