"""Decompression in this process: gzip, zstd, xz, bzip2, told by their first bytes.

No program is ever started for it: one found on a container's PATH would be the container's
(CVE-2026-41567). Nothing is held but a buffer, so a bomb is bounded by the disk alone.
"""

import bz2
import io
import lzma
import sys
import zlib
from typing import Any, BinaryIO, Final, Literal, cast

from isal import igzip, isal_zlib

from seacan.errors import InvalidArgument

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Compression = Literal["", "gzip", "zstd", "xz", "bzip2"]

_MAGIC: Final[dict[bytes, Compression]] = {
    b"\x1f\x8b\x08": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
}
_LONGEST_MAGIC: Final = 6
_BUFFER_BYTES: Final = 1 << 20
# isal's error comes without types.
_ISAL_ERROR: Final = cast(type[Exception], isal_zlib.error)
_MALFORMED: Final = (_ISAL_ERROR, zlib.error, zstd.ZstdError, lzma.LZMAError, EOFError)


class Decompressed(io.RawIOBase):
    """The bytes inside a stream, whose read() raises InvalidArgument when it is malformed."""

    def __init__(self, stream: BinaryIO) -> None:
        source = _Peekable(stream)
        self.compression: Compression = _detect(source.peek(_LONGEST_MAGIC))
        self._inner = _open(cast(BinaryIO, source), self.compression)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            return cast(io.RawIOBase, self._inner).readinto(buffer) or 0
        except (*_MALFORMED, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise InvalidArgument(f"malformed {self.compression} stream: {error}") from error


class _Peekable(io.RawIOBase):
    """A stream whose start can be looked at; it need not be seekable."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        while len(self._ahead) < size and (data := self._stream.read(size - len(self._ahead))):
            self._ahead += data
        return self._ahead

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._ahead[: len(buffer)] or self._stream.read(len(buffer))
        self._ahead = self._ahead[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def _detect(start: bytes) -> Compression:
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "")


def _open(source: BinaryIO, compression: Compression) -> BinaryIO:
    match compression:
        case "gzip":
            return cast(BinaryIO, cast(Any, igzip).open(source, "rb"))
        case "zstd":
            return cast(BinaryIO, zstd.ZstdFile(source, "rb"))
        case "xz":
            return cast(BinaryIO, lzma.LZMAFile(source, "rb"))
        case "bzip2":
            return cast(BinaryIO, bz2.BZ2File(source, "rb"))
        case "":
            return io.BufferedReader(cast(io.RawIOBase, source), _BUFFER_BYTES)
