"""Decompression in this process: gzip, zstd, xz, bzip2, told by their first bytes.

No program is ever started for it: one found on a container's PATH would be the container's
(CVE-2026-41567). Nothing is held but a buffer and the window that the format looks back to, so a
bomb is bounded by the disk alone.
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
# As zstd has it of itself; `xz -9` takes half of it. Without, a stream may ask for 4 GiB.
_XZ_MEMORY_BYTES: Final = 128 << 20
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
        if not self._ahead:
            return cast(io.RawIOBase, self._stream).readinto(buffer) or 0
        data = self._ahead[: len(buffer)]
        self._ahead = self._ahead[len(data) :]
        buffer[: len(data)] = data
        return len(data)


class _Xz(io.RawIOBase):
    """What lzma.LZMAFile reads, streams one after the other, but of bounded memory."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._stream = _xz_stream()
        self._rest = b""  # read, and not yet given to the stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._stream.eof or self._begin_next():
            given = b""
            if self._stream.needs_input:
                given, self._rest = self._rest or self._source.read(_BUFFER_BYTES), b""
                if not given:
                    raise EOFError("it ends within a block")
            if data := self._stream.decompress(given, len(buffer)):
                buffer[: len(data)] = data
                return len(data)
        return 0

    def _begin_next(self) -> bool:
        """Go on to the next stream, past zeros that may be before it; False if there is none."""
        rest = self._stream.unused_data
        while not (rest := rest.lstrip(b"\0")):
            if not (rest := self._source.read(_BUFFER_BYTES)):
                return False
        self._stream, self._rest = _xz_stream(), rest
        return True


def _xz_stream() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY_BYTES)


def _detect(start: bytes) -> Compression:
    return next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "")


def _open(source: BinaryIO, compression: Compression) -> BinaryIO:
    match compression:
        case "gzip":
            return cast(BinaryIO, cast(Any, igzip).open(source, "rb"))
        case "zstd":
            return cast(BinaryIO, zstd.ZstdFile(source, "rb"))
        case "xz":
            return io.BufferedReader(_Xz(source), _BUFFER_BYTES)
        case "bzip2":
            return cast(BinaryIO, bz2.BZ2File(source, "rb"))
        case "":
            return io.BufferedReader(cast(io.RawIOBase, source), _BUFFER_BYTES)
