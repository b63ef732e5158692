"""The content of an image's directory, copied to the tmpfs that will cover it (`tmpcopyup`).

All of it goes by descriptors: what another process swaps for a link meanwhile is copied as a link.
Owners, modes, times, extended attributes, hard links, holes and special files stay as they are.
The size of the tmpfs bounds it; so do a depth and a number of entries.
"""

from __future__ import annotations

import errno
import os
import stat

from seacan.errors import InvalidArgument
from seacan.kernel import file_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_MAX_DEPTH: Final = 128  # three descriptors are open for each
_MAX_ENTRIES: Final = 1 << 20


def copy(source_fd: int, target_fd: int) -> None:
    """Copy what is in the directory `source_fd` into the empty directory `target_fd`.

    The directory itself keeps what it has. Both may be O_PATH descriptors; nobody else changes the
    target. Raises InvalidArgument beyond the bounds, OSError.
    """
    copying = _Copy(target_fd)
    copying.copy_directory(source_fd, target_fd, ())


class _Copy:
    """One copy: its top, the path of each file that has further links, and what is counted."""

    def __init__(self, top_fd: int) -> None:
        self._top_fd = top_fd
        self._linked: dict[tuple[int, int], str] = {}
        self._entries = 0

    def copy_directory(self, source: int, target: int, path: tuple[str, ...]) -> None:
        if len(path) > _MAX_DEPTH:
            raise InvalidArgument(f"tmpcopyup: more than {_MAX_DEPTH} directories deep")
        for name in _names(source):
            self._entries += 1
            if self._entries > _MAX_ENTRIES:
                raise InvalidArgument(f"tmpcopyup: more than {_MAX_ENTRIES} entries")
            entry = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=source)
            try:
                self._copy_entry(entry, target, (*path, name))
            finally:
                os.close(entry)

    def _copy_entry(self, entry: int, target: int, path: tuple[str, ...]) -> None:
        name, status = path[-1], os.fstat(entry)
        inode = status.st_dev, status.st_ino
        if inode in self._linked:
            os.link(self._linked[inode], name, src_dir_fd=self._top_fd, dst_dir_fd=target)
            return
        match stat.S_IFMT(status.st_mode):
            case stat.S_IFDIR:
                self._copy_subdirectory(entry, target, path)
            case stat.S_IFREG:
                _copy_file(entry, status.st_size, target, name)
            case stat.S_IFLNK:
                os.symlink(os.readlink("", dir_fd=entry), name, dir_fd=target)
            case _:
                os.mknod(name, status.st_mode, status.st_rdev, dir_fd=target)
        _copy_attributes(entry, status, target, name)
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            self._linked[inode] = "/".join(path)

    def _copy_subdirectory(self, entry: int, target: int, path: tuple[str, ...]) -> None:
        os.mkdir(path[-1], 0o700, dir_fd=target)
        made = os.open(path[-1], os.O_PATH | os.O_DIRECTORY, dir_fd=target)
        try:
            self.copy_directory(entry, made, path)
        finally:
            os.close(made)


def _names(directory: int) -> list[str]:
    fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=directory)
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)


def _copy_file(entry: int, size: int, target: int, name: str) -> None:
    # What the descriptor is of is known to be an ordinary file: opening it cannot wait.
    source = os.open(_path(entry), os.O_RDONLY)
    try:
        made = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=target)
        try:
            file_data.copy(source, made, size)
        finally:
            os.close(made)
    finally:
        os.close(source)


def _copy_attributes(entry: int, status: os.stat_result, target: int, name: str) -> None:
    os.chown(name, status.st_uid, status.st_gid, dir_fd=target, follow_symlinks=False)
    made = f"{_path(target)}/{name}"
    for key in os.listxattr(_path(entry)):
        try:
            # After chown, which takes security.capability away.
            os.setxattr(made, key, os.getxattr(_path(entry), key), follow_symlinks=False)
        except OSError as err:
            if err.errno != errno.ENOTSUP:  # tmpfs has user.* since Linux 6.6
                raise
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=target)
    times = status.st_atime_ns, status.st_mtime_ns
    os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)


def _path(fd: int) -> str:
    return f"/proc/self/fd/{fd}"
