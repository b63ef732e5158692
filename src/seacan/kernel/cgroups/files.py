"""Files and directories of cgroupfs. Errors have the path, and what was written."""

from __future__ import annotations

import errno
import os

from seacan.kernel.cgroups.waiting import wait_until
from seacan.lean import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

GONE: Final = (errno.ENOENT, errno.ENODEV)  # ENODEV: removed after it was opened
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def read(path: str, dir_fd: int | None = None) -> str:
    """Return the content of a file."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        # One read(2) gives what fits a buffer of the kernel: of a list, perhaps not all.
        data = b""
        while piece := os.read(fd, 1 << 16):
            data += piece
        return data.decode()
    finally:
        os.close(fd)


def read_if_any(path: str) -> str | None:
    """Return the content of a file; None if it is not there, or the kernel has it switched off."""
    try:
        return read(path)
    except OSError as err:
        if err.errno in (*GONE, errno.EOPNOTSUPP):
            return None
        raise


def write(path: str, value: str, dir_fd: int | None = None) -> None:
    """Write `value` to a file that exists, in one write(2): it is taken or refused whole."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        os.write(fd, value.encode())
    except OSError as err:
        reason = f"write {value!r}: {os.strerror(err.errno or 0)}"
        raise OSError(err.errno, reason, path) from err
    finally:
        os.close(fd)


def value_of(path: str, key: str) -> int:
    """Return the number after `key` in a file of lines `KEY NUMBER`; 0 without such a line."""
    for line in read(path).splitlines():
        name, _, number = line.partition(" ")
        if name == key:
            return int(number)
    return 0


def make(path: str) -> None:
    """Make the directory `path`, and those above it, if they are not there."""
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        return
    except FileNotFoundError:
        os.makedirs(path, 0o755, exist_ok=True)


def below(path: str) -> Iterator[int]:
    """Yield a descriptor of each cgroup below `path`, the deepest first, and of `path` itself last.

    None if it is absent. A descriptor is for one round of the loop. Names are followed one by one,
    up again by `..`: who may make cgroups can nest them deeper than a path, or a stack, reaches.
    """
    try:
        fd = os.open(path, _DIRECTORY)
    except FileNotFoundError:
        return
    unseen = [_children(fd)]  # of each level from `path` down to `fd`
    try:
        while unseen:
            if unseen[-1]:
                with suppress(FileNotFoundError):  # removed meanwhile
                    fd = _move(fd, unseen[-1].pop())
                    unseen.append(_children(fd))
                continue
            yield fd
            unseen.pop()
            if unseen:
                fd = _move(fd, "..")
    finally:
        os.close(fd)


def _move(fd: int, name: str) -> int:
    """Return the directory `name` seen from `fd`, which is closed."""
    other = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
    os.close(fd)
    return other


def _children(fd: int) -> list[str]:
    # The link count of a directory of cgroupfs is 2, and 1 for each directory in it.
    if os.fstat(fd).st_nlink == 2:
        return []
    with os.scandir(fd) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]


def pids(path: str) -> list[int]:
    """Return the processes of `path` and of the cgroups below it; none if it is absent."""
    found: list[int] = []
    for directory in below(path):
        try:
            found += map(int, read("cgroup.procs", directory).split())
        except OSError as err:
            # EOPNOTSUPP: a threaded cgroup of version 2, whose processes are listed above it.
            if err.errno not in (*GONE, errno.EOPNOTSUPP):
                raise
    return found


def remove(path: str) -> None:
    """Remove `path` with all below it.

    A process that has ended may hold its cgroup for a moment longer: rmdir is tried again for some
    seconds, then ETIMEDOUT.
    """
    if not _is_removed(path):
        wait_until(lambda: _is_cleared(path), "cannot be removed, processes hold it", path)


def _is_cleared(path: str) -> bool:
    for directory in below(path):
        for name in _children(directory):
            _is_removed(name, directory)
    return _is_removed(path)


def _is_removed(path: str, dir_fd: int | None = None) -> bool:
    try:
        os.rmdir(path, dir_fd=dir_fd)
    except FileNotFoundError:
        return True
    except OSError as err:
        if err.errno in (errno.EBUSY, errno.ENOTEMPTY):
            return False
        raise
    return True
