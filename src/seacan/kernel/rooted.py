"""Paths inside a root that somebody else fills: opened by descriptor, never joined as text.

A symbolic link inside the root, absolute or full of `..`, is followed as the container would follow
it, also while another process swaps directories for links. That is what the mount-target races
(CVE-2021-30465) and the symlinked /dev (CVE-2026-41579) went wrong with.
"""

from __future__ import annotations

import errno
import os
import stat

from seacan.kernel import syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

RESOLVE_NO_XDEV: Final = 0x01  # linux/openat2.h
RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_BENEATH: Final = 0x08
RESOLVE_IN_ROOT: Final = 0x10

_MAX_LINKS: Final = 40  # as the kernel, path_resolution(7)
_MAX_TRIES: Final = 128
_DIRECTORY_MODE: Final = 0o755


def open_in_root(
    root_fd: int, path: str, flags: int = os.O_PATH, *, mode: int = 0, symlinks: bool = True
) -> int:
    """Open `path` as if `root_fd` were the root directory.

    With `symlinks=False` a link anywhere on the way is ELOOP. Magic links of procfs always are.
    EAGAIN if `..` is on the way and somebody keeps renaming things meanwhile: openat2(2).
    """
    resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
    if not symlinks:
        resolve |= RESOLVE_NO_SYMLINKS
    return _open(root_fd, path, flags, mode, resolve)


def open_beneath(root_fd: int, path: str, flags: int = os.O_PATH) -> int:
    """Open `path` below `root_fd`; a link that leads out of it is EXDEV, a magic one ELOOP.

    EAGAIN as of open_in_root.
    """
    return _open(root_fd, path, flags, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)


def _open(root_fd: int, path: str, flags: int, mode: int, resolve: int) -> int:
    tries = 0
    while True:
        try:
            return syscalls.openat2(root_fd, path, flags, mode, resolve)
        except BlockingIOError:
            tries += 1
            if tries == _MAX_TRIES:
                raise


def open_directory(root_fd: int, path: str) -> int:
    """Open the directory `path` in the root (O_PATH), making what is missing of it."""
    return _open_or_make(root_fd, path, None)


def open_file(root_fd: int, path: str, *, mode: int = 0o644) -> int:
    """Open the file `path` in the root (O_PATH), making it and its directories if missing."""
    return _open_or_make(root_fd, path, mode)


def _open_or_make(root_fd: int, path: str, file_mode: int | None) -> int:
    try:
        return open_in_root(root_fd, path)
    except OSError as err:
        if err.errno != errno.ENOENT:
            raise
    walk = _Walk(root_fd, path)
    try:
        return walk.make(file_mode)
    finally:
        walk.close()


class _Walk:
    """A path resolved step by step, so that what is missing can be made on the way.

    The descriptors of the directories passed form a stack: `..` goes back to the one before, and
    never above the root.
    """

    def __init__(self, root_fd: int, path: str) -> None:
        self._path = path
        self._stack = [os.dup(root_fd)]
        self._todo = _components(path)
        self._links = 0

    def close(self) -> None:
        for fd in self._stack:
            os.close(fd)

    def make(self, file_mode: int | None) -> int:
        """Return what the path leads to; the last of it is a file if there is a mode for one."""
        while self._todo:
            name = self._todo.pop()
            if name == "..":
                self._up()
            else:
                self._enter(name, None if self._todo else file_mode)
        return self._stack.pop()

    def _up(self) -> None:
        if len(self._stack) > 1:
            os.close(self._stack.pop())

    def _enter(self, name: str, file_mode: int | None) -> None:
        here = self._stack[-1]
        try:
            fd = _open_entry(here, name)
        except FileNotFoundError:
            _make_entry(here, name, file_mode)
            fd = _open_entry(here, name)
        if not stat.S_ISLNK(os.fstat(fd).st_mode):
            self._stack.append(fd)
            return
        try:
            self._follow(os.readlink("", dir_fd=fd))
        finally:
            os.close(fd)

    def _follow(self, target: str) -> None:
        self._links += 1
        if self._links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), self._path)
        if target.startswith("/"):
            while len(self._stack) > 1:
                self._up()
        self._todo += _components(target)


def _components(path: str) -> list[str]:
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _open_entry(dir_fd: int, name: str) -> int:
    return os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=dir_fd)


def _make_entry(dir_fd: int, name: str, file_mode: int | None) -> None:
    # Whoever makes the entry between our look and this is as good: it is opened and judged next.
    try:
        if file_mode is None:
            os.mkdir(name, _DIRECTORY_MODE, dir_fd=dir_fd)
        else:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, file_mode, dir_fd=dir_fd))
    except FileExistsError:
        return
