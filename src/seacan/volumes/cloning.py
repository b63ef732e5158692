"""All that is in a volume, copied into another one, also while containers change it.

What is removed or replaced when its turn comes is left out, as if it had been so before.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from seacan.errors import InvalidArgument
from seacan.volumes.copying import Copy, copy_status

_DEPTH_LIMIT: Final = 200  # two descriptors are open for each
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_PASSED_OVER: Final = (errno.ENOENT, errno.ESTALE, errno.ENOTDIR, errno.ELOOP)


def clone(source: Path, target: Path) -> None:
    """Copy what is in `source` into the empty directory `target`, which gets its attributes too.

    Raises OSError, and InvalidArgument for a tree that is too deep.
    """
    source_fd = os.open(source, _DIRECTORY)
    try:
        target_fd = os.open(target, _DIRECTORY)
        try:
            _directory(Copy(target_fd), source_fd, target_fd, "")
        finally:
            os.close(target_fd)
    finally:
        os.close(source_fd)


def _directory(copy: Copy, source: int, target: int, path: str) -> None:
    if path.count("/") == _DEPTH_LIMIT:
        raise InvalidArgument(f"more than {_DEPTH_LIMIT} directories deep")
    for name in os.listdir(source):
        try:
            _entry(copy, source, target, name, f"{path}{name}")
        except OSError as err:
            if err.errno not in _PASSED_OVER:
                raise
    copy_status(source, os.fstat(source), target)


def _entry(copy: Copy, source: int, target: int, name: str, path: str) -> None:
    status = os.stat(name, dir_fd=source, follow_symlinks=False)
    if not stat.S_ISDIR(status.st_mode):
        copy.entry(source, status, target, path)
        return
    below = os.open(name, _DIRECTORY, dir_fd=source)
    try:
        os.mkdir(name, 0o700, dir_fd=target)
        made = os.open(name, _DIRECTORY, dir_fd=target)
        try:
            _directory(copy, below, made, f"{path}/")
        finally:
            os.close(made)
    finally:
        os.close(below)
