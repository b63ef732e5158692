"""Files that are whole or absent: atomic writes, bounded reads."""

import os
import stat
from pathlib import Path

from seacan.errors import InvalidArgument


def write_atomic(path: Path, data: bytes, mode: int = 0o600, *, sync: bool = True) -> None:
    """Replace the file at `path` by `data`, so that a crash leaves the old or the new content.

    Without `sync` that holds for a crash of the process, not for one of the machine.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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
        temporary.unlink(missing_ok=True)
        raise
    if sync:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
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
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise InvalidArgument(f"read {name}: longer than {limit_bytes} bytes")
    return data
