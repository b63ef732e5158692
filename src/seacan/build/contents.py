"""Where the contents of a build's context are: one file, that has no name.

    stream ──▸ Spool ──▸ what is read of it is written here, at the offset that it has in the stream

Nothing is left of it when the daemon is killed.
"""

import hashlib
import io
import os
import tempfile
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from seacan.errors import InvalidArgument
from seacan.files import write_all
from seacan.images.streams import buffered

_CHUNK_BYTES: Final = 1 << 20
_LEAST_FREE_BYTES: Final = 256 << 20  # of the disk: what a bomb does not get
_LOOK_BYTES: Final = 64 << 20


class Contents:
    """To be closed. What is in it once stays as it is."""

    def __init__(self, file: FileIO) -> None:
        """`file` is this object's from now on."""
        self._file = file
        self.size_bytes = 0  # of what was appended
        self._next_look = 0

    @classmethod
    def new(cls, directory: Path) -> Self:
        return cls(tempfile.TemporaryFile(dir=directory, buffering=0))

    def again(self) -> "Contents":
        """Return the same, to be closed by itself."""
        return type(self)(os.fdopen(os.dup(self.fd), "r+b", buffering=0))

    @property
    def fd(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()

    def append(self, data: bytes | memoryview) -> None:
        """Raise InvalidArgument if it does not fit on the disk."""
        if self.size_bytes >= self._next_look:
            self._next_look = self.size_bytes + _LOOK_BYTES
            require_space(self.fd, _LOOK_BYTES)
        write_all(self.fd, data)
        self.size_bytes += len(data)

    def reserve(self, size_bytes: int) -> int:
        """Return the offset at which so much may be written. Raises InvalidArgument for space."""
        require_space(self.fd, size_bytes)
        offset = self.size_bytes
        self.size_bytes += size_bytes
        os.lseek(self.fd, self.size_bytes, os.SEEK_SET)
        return offset

    def write_at(self, offset: int, data: bytes) -> None:
        """Write to what was reserved."""
        view = memoryview(data)
        while view:
            count = os.pwrite(self.fd, view, offset)
            offset += count
            view = view[count:]

    def open_part(self, offset: int, size_bytes: int) -> BinaryIO:
        """Return a part as a file for one reader."""
        return buffered(_Part(self.fd, offset, size_bytes))


class Spool(io.RawIOBase):
    """A stream that is read through contents; tell() is the offset there of what comes next."""

    def __init__(self, stream: BinaryIO, contents: Contents) -> None:
        self._stream = stream
        self._contents = contents
        self._position = contents.size_bytes

    def read_ahead(self, limit_bytes: int) -> str:
        """Take in all of the stream, or `limit_bytes` of it; blocks.

        Return the digest of all, "" if there is more.
        """
        digest = hashlib.sha256()
        left = limit_bytes
        while left > 0:
            data = self._stream.read(min(left, _CHUNK_BYTES))
            if not data:
                return digest.hexdigest()
            digest.update(data)
            self._contents.append(data)
            left -= len(data)
        return ""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        ahead = self._contents.size_bytes - self._position
        if ahead:
            count = os.preadv(self._contents.fd, [view[:ahead]], self._position)
        else:
            data = self._stream.read(len(view))
            count = len(data)
            view[:count] = data
            self._contents.append(data)
        self._position += count
        return count

    def tell(self) -> int:
        return self._position


class _Part(io.RawIOBase):
    """A part of a file, with a position of its own."""

    def __init__(self, fd: int, offset: int, size_bytes: int) -> None:
        self._fd = fd
        self._offset = offset
        self._left = size_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._fd, [memoryview(buffer)[: self._left]], self._offset)
        self._offset += count
        self._left -= count
        return count


def require_space(fd: int, size_bytes: int) -> None:
    """Raise InvalidArgument if so much more leaves too little of the disk that `fd` is on."""
    space = os.fstatvfs(fd)
    if space.f_bavail * space.f_frsize < _LEAST_FREE_BYTES + size_bytes:
        raise InvalidArgument("build context: it does not fit on the disk")
