"""Files and directories of cgroupfs. Errors have the path, and what was written."""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress

from seacan.kernel.cgroups.waiting import wait_until


def read(path: str) -> str:
    """Return the content of a file."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
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
        if err.errno in (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP):
            return None
        raise


def write(path: str, value: str) -> None:
    """Write `value` to a file that exists, in one write(2): it is taken or refused whole."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
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


def below(path: str) -> Iterator[str]:
    """Yield the cgroups below `path`, the deepest first, and `path` itself last; none if absent."""
    with suppress(FileNotFoundError):
        # The link count of a directory of cgroupfs is 2, and 1 for each directory in it.
        if os.stat(path).st_nlink > 2:
            with os.scandir(path) as entries:
                children = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
            for child in children:
                yield from below(child)
        yield path


def pids(path: str) -> list[int]:
    """Return the processes of `path` and of the cgroups below it; none if it is absent."""
    found: list[int] = []
    for directory in below(path):
        try:
            found += map(int, read(f"{directory}/cgroup.procs").split())
        except OSError as err:
            if err.errno not in (errno.ENOENT, errno.ENODEV):  # removed meanwhile
                raise
    return found


def remove(path: str) -> None:
    """Remove `path` with all below it.

    A process that has ended may hold its cgroup for a moment longer: rmdir is tried again for some
    seconds, then ETIMEDOUT.
    """
    wait_until(lambda: _is_removed(path), "cannot be removed, processes hold it", path)


def _is_removed(path: str) -> bool:
    try:
        for directory in below(path):
            with suppress(FileNotFoundError):
                os.rmdir(directory)
    except OSError as err:
        if err.errno in (errno.EBUSY, errno.ENOTEMPTY):
            return False
        raise
    return True
