"""Removing trees of files that strangers filled."""

import errno
import os
import stat
from pathlib import Path


def remove_tree(path: Path) -> None:
    """Remove the directory `path` and all in it; it may be gone already. Raises OSError."""
    try:
        parent_fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        remove_entry(parent_fd, path.name)
    finally:
        os.close(parent_fd)


def remove_entry(parent_fd: int, name: str) -> None:
    """Remove the entry `name` of a directory, with all in it; it may be gone already.

    A tree may be deeper than PATH_MAX, than Python recurses and than descriptors last, if it was
    made to be. So each directory found in it is first moved up to the top, and none is deep.
    """
    try:
        if not stat.S_ISDIR(os.stat(name, dir_fd=parent_fd, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=parent_fd)
            return
        top_fd = _open_directory(parent_fd, name)
    except FileNotFoundError:
        return
    try:
        while _names(top_fd):
            for entry in _names(top_fd):
                _remove_from_top(top_fd, entry)
    finally:
        os.close(top_fd)
    os.rmdir(name, dir_fd=parent_fd)


def _remove_from_top(top_fd: int, name: str) -> None:
    if not stat.S_ISDIR(os.stat(name, dir_fd=top_fd, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=top_fd)
        return
    directory_fd = _open_directory(top_fd, name)
    try:
        with os.scandir(directory_fd) as entries:
            for entry in list(entries):
                if entry.is_dir(follow_symlinks=False):
                    fresh = f".removed-{os.urandom(16).hex()}"
                    os.rename(entry.name, fresh, src_dir_fd=directory_fd, dst_dir_fd=top_fd)
                else:
                    os.unlink(entry.name, dir_fd=directory_fd)
    finally:
        os.close(directory_fd)
    try:
        os.rmdir(name, dir_fd=top_fd)
    except OSError as err:
        # Somebody fills it yet, who has not noticed that a killed daemon has ended: once more then.
        if err.errno != errno.ENOTEMPTY:
            raise


def _open_directory(parent_fd: int, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent_fd)


def _names(directory_fd: int) -> list[str]:
    return os.listdir(directory_fd)
