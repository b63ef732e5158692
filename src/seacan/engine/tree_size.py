"""How large the files below a directory are. Blocks: it reads the disk."""

import errno
import os
from pathlib import Path
from typing import Final

from seacan.kernel import rooted, syscalls

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_INSIDE: Final = rooted.RESOLVE_BENEATH | rooted.RESOLVE_NO_SYMLINKS
# It was removed or replaced meanwhile, or lies deeper than a path reaches.
_PASSED_OVER: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)


def tree_bytes(top: Path) -> int:
    """Return the size of all files below a directory, each inode once; 0 if it is gone.

    Containers change it meanwhile: no link that they put there is followed.
    """
    try:
        top_fd = os.open(top, _DIRECTORY)
    except FileNotFoundError:
        return 0
    total, seen, ahead = 0, set[int](), ["."]
    try:
        while ahead:
            path = ahead.pop()
            try:
                fd = syscalls.openat2(top_fd, path, _DIRECTORY, 0, _INSIDE)
            except OSError as err:
                if err.errno in _PASSED_OVER:
                    continue
                raise
            try:
                names, size = _look_at(fd, seen)
            finally:
                os.close(fd)
            total += size
            ahead += [f"{path}/{name}" for name in names]
    finally:
        os.close(top_fd)
    return total


def _look_at(fd: int, seen: set[int]) -> tuple[list[str], int]:
    """Return the directories in a directory, and the size of the files not `seen` yet."""
    directories: list[str] = []
    total = 0
    with os.scandir(fd) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                directories.append(entry.name)
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if status.st_nlink == 1 or status.st_ino not in seen:
                total += status.st_size
            if status.st_nlink > 1:
                seen.add(status.st_ino)
    return directories, total
