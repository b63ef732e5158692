"""A file of a container's root, looked up in the layers that overlayfs would show as one.

The overlay itself is mounted where only the container's shim sees it. Before the start the daemon
needs two small files of it, so it resolves their names over the directories, as the kernel does:
the topmost has its say first, a character device 0:0 hides what is below, an opaque directory too.
Directories that were renamed (`trusted.overlay.redirect`) are not followed: layers have none.
Links are resolved name by name, by descriptor: one never leads out of the layers.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

_LINK_LIMIT: Final = 40  # as the kernel, path_resolution(7)
_OPAQUE: Final = "trusted.overlay.opaque"

# The directories that lie over one another at one place, the topmost first.
Merged = tuple[int, ...]


def open_file(layers: Sequence[Path], path: str) -> int | None:
    """Open the regular file `path`, read-only, in `layers`, the topmost first; None if not there.

    What is not a regular file counts as not there, and so do links in a circle.
    """
    with ExitStack() as opened:
        root = tuple(_open_layer(layer, opened) for layer in layers)
        return _Walk(root, opened).open(path)


def find_status(layers: Sequence[Path], path: str) -> os.stat_result | None:
    """Return the status of what `path` leads to in `layers`; None if it leads nowhere."""
    with ExitStack() as opened:
        root = tuple(_open_layer(layer, opened) for layer in layers)
        return _Walk(root, opened).status(path)


@contextmanager
def merged_directory(layers: Sequence[Path], path: str) -> Iterator[Merged | None]:
    """Open the directory `path` in `layers`; None if there is none there."""
    with ExitStack() as opened:
        root = tuple(_open_layer(layer, opened) for layer in layers)
        yield _Walk(root, opened).open_directory(path)


@contextmanager
def merged_below(directory: Merged, name: str) -> Iterator[Merged]:
    """Open the directory `name` of a merged one, where `entries` has it."""
    with ExitStack() as opened:
        yield tuple(_merge(directory, name, opened))


def entries(directory: Merged) -> Iterator[tuple[str, int, os.stat_result]]:
    """Yield name, the layer's directory that has it, and status of what is in a merged one."""
    seen: set[str] = set()
    for layer in directory:
        for name in sorted(os.listdir(layer)):
            if name in seen:
                continue
            seen.add(name)
            status = os.stat(name, dir_fd=layer, follow_symlinks=False)
            if not _is_whiteout(status):
                yield name, layer, status


def reopen_regular(path_fd: int) -> int | None:
    """Open for reading what `path_fd` (O_PATH) is, and close that; None if it is no regular file.

    To open a FIFO could wait, to open a device could act: one may be a watchdog's.
    """
    try:
        if not stat.S_ISREG(os.fstat(path_fd).st_mode):
            return None
        return os.open(f"/proc/self/fd/{path_fd}", os.O_RDONLY | os.O_NONBLOCK)
    finally:
        os.close(path_fd)


def _open_layer(layer: Path, opened: ExitStack) -> int:
    fd = os.open(layer, os.O_RDONLY | os.O_DIRECTORY)
    opened.callback(os.close, fd)
    return fd


class _Walk:
    """`..` goes back to the directory passed before, and never above the root."""

    def __init__(self, root: Merged, opened: ExitStack) -> None:
        self._opened = opened
        self._passed = [root]
        self._links = 0

    def open(self, path: str) -> int | None:
        """Open the regular file `path`."""
        match self._resolve(path):
            case (directory, str(name)):
                return reopen_regular(os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=directory))
        return None

    def status(self, path: str) -> os.stat_result | None:
        match self._resolve(path):
            case (_, None):
                return os.fstat(self._passed[-1][0])
            case (directory, str(name)):
                return os.stat(name, dir_fd=directory, follow_symlinks=False)
        return None

    def open_directory(self, path: str) -> Merged | None:
        """Return the directories at `path`, which stay open with those passed on the way."""
        match self._resolve(path):
            case (_, None):
                return self._passed[-1]
        return None

    def _resolve(self, path: str) -> tuple[int, str | None] | None:
        """Return the layer's directory and the name of what is at `path`; None if not there.

        The name is None for a directory: it is the one passed last.
        """
        todo = _components(path)
        while todo:
            name = todo.pop()
            if name == "..":
                del self._passed[max(1, len(self._passed) - 1) :]
                continue
            entry = self._find(name)
            if entry is None:
                return None
            directory, mode = entry
            if stat.S_ISLNK(mode):
                self._links += 1
                if self._links > _LINK_LIMIT:
                    return None
                todo += self._follow(os.readlink(name, dir_fd=directory))
            elif stat.S_ISDIR(mode):
                self._passed.append(tuple(_merge(self._passed[-1], name, self._opened)))
            elif todo:
                return None
            else:
                return directory, name
        return -1, None

    def _find(self, name: str) -> tuple[int, int] | None:
        """Return the topmost layer's directory with an entry `name`, and the entry's mode."""
        for directory in self._passed[-1]:
            status = _status(name, directory)
            if status is not None:
                return None if _is_whiteout(status) else (directory, status.st_mode)
        return None

    def _follow(self, target: str) -> list[str]:
        if target.startswith("/"):
            del self._passed[1:]
        return _components(target)


def _merge(merged: Merged, name: str, opened: ExitStack) -> Iterator[int]:
    """Open the directories `name` of `merged`, from the top down to one that hides the rest."""
    for directory in merged:
        status = _status(name, directory)
        if status is None:
            continue
        if not stat.S_ISDIR(status.st_mode):
            return
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
        opened.callback(os.close, fd)
        yield fd
        if _is_opaque(fd):
            return


def _components(path: str) -> list[str]:
    """Return the names of `path`, the last one first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _status(name: str, directory: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _is_opaque(fd: int) -> bool:
    try:
        return os.getxattr(fd, _OPAQUE) == b"y"
    except OSError:
        return False  # no such attribute, or a file system without any
