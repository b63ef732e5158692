"""Files that are whole or absent: atomic writes, bounded reads. And the paths they have.

Without pathlib, which takes longer to import than what a container needs of it to run.
"""

import os
import stat

from seacan.errors import InvalidArgument
from seacan.lean import suppress

StrPath = str | os.PathLike[str]


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
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise InvalidArgument(f"read {name}: longer than {limit_bytes} bytes")
    return data
