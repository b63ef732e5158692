"""Files that are whole or absent: atomic writes, bounded reads. And the paths they have.

Without pathlib, which takes longer to import than what a container needs of it to run.
"""

from __future__ import annotations

import os
import stat

from seacan.errors import InvalidArgument
from seacan.lean import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

StrPath = str | os.PathLike[str]

# What is open already, as a shell's `<(command)` is.
_OPEN_ALREADY = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
_NULL = os.makedev(1, 3)


def absolute(*parts: StrPath) -> str:
    """Return the path from / that `parts` make, without what says nothing.

    A `..` stays: what is before it may be a link.
    """
    path = os.path.join(*parts)
    if not path.startswith("/"):
        path = os.path.join(os.getcwd(), path)
    return "/" + "/".join(name for name in path.split("/") if name not in ("", "."))


def write_atomic(path: StrPath, data: bytes, mode: int = 0o600, *, sync: bool = True) -> None:
    """Replace the file at `path` by `data`, so that a crash leaves the old or the new content.

    Without `sync` that holds for a crash of the process, not for one of the machine.
    """
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{name}.{os.getpid()}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, mode)
            file.write(data)
            file.flush()
            if sync:
                os.fsync(fd)
        os.rename(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if sync:
        sync_directory(directory or ".")


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of `data` at the position of `fd`."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_directory(path: StrPath) -> None:
    """Make the names in directory `path` durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read_bounded(fd: int, limit_bytes: int, name: str) -> bytes:
    """Return the content of the regular file open as `fd`, and close it.

    Raises InvalidArgument if it is no regular file or is longer than `limit_bytes`: a file of an
    image may be a FIFO, a device or endless. Open it with O_NONBLOCK.
    """
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidArgument(f"read {name}: not a regular file")
        return _bounded(file, limit_bytes, name)


def read_named(path: str, limit_bytes: int) -> bytes:
    """Return the content of the file that a user names.

    Raises OSError, and InvalidArgument if it is longer than `limit_bytes` or not certain to end: a
    device other than /dev/null, or a FIFO, which is waited for only if it is open already.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        status = os.fstat(file.fileno())
        if stat.S_ISFIFO(status.st_mode) and path.startswith(_OPEN_ALREADY):
            os.set_blocking(file.fileno(), True)
        elif not stat.S_ISREG(status.st_mode) and status.st_rdev != _NULL:
            raise InvalidArgument(f"read {path}: not a regular file")
        return _bounded(file, limit_bytes, path)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _bounded(file: BinaryIO, limit_bytes: int, name: str) -> bytes:
    data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise InvalidArgument(f"read {name}: longer than {limit_bytes} bytes")
    return data
