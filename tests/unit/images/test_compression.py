import bz2
import gzip
import io
import lzma
from collections.abc import Callable

import pytest
from tests.images.archives import zstd

from seacan.errors import InvalidArgument
from seacan.images.compression import Decompressed
from seacan.images.streams import buffered

DATA = b"The cargo travels in a steel box. " * 5000
compressors = pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("gzip", gzip.compress),
        ("zstd", zstd.compress),
        ("xz", lzma.compress),
        ("bzip2", bz2.compress),
    ],
)


class Pipe(io.RawIOBase):
    """A stream that cannot seek and gives what it likes at a time."""

    def __init__(self, data: bytes, piece_bytes: int = 7) -> None:
        self._source = io.BytesIO(data)
        self._piece_bytes = piece_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._source.read(min(len(buffer), self._piece_bytes))
        buffer[: len(data)] = data
        return len(data)


def decompress(data: bytes) -> tuple[str, bytes]:
    stream = Decompressed(Pipe(data))  # type: ignore[arg-type]
    return stream.compression, buffered(stream).read()


@compressors
def test_formats_are_told_by_their_first_bytes(
    name: str, compress: Callable[[bytes], bytes]
) -> None:
    assert decompress(compress(DATA)) == (name, DATA)
    assert decompress(compress(DATA[:9]) + compress(DATA[9:])) == (name, DATA)


@pytest.mark.parametrize("data", [b"", b"\x1f", DATA])
def test_anything_else_passes_as_it_is(data: bytes) -> None:
    assert decompress(data) == ("", data)


@compressors
def test_a_cut_stream_is_refused(name: str, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InvalidArgument, match=f"malformed {name} stream"):
        decompress(compress(DATA)[:-4])


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, bz2.compress])
def test_a_changed_stream_is_refused(compress: Callable[[bytes], bytes]) -> None:
    changed = bytearray(compress(DATA))
    changed[len(changed) // 2] ^= 0xFF
    with pytest.raises(InvalidArgument, match="malformed"):
        decompress(bytes(changed))


def test_a_bomb_is_not_held_in_memory() -> None:
    bomb = gzip.compress(bytes(64 << 20))
    stream = Decompressed(io.BytesIO(bomb))
    assert len(stream.read(1000)) == 1000


def test_errors_of_the_source_pass_as_they_are() -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
            raise ConnectionResetError(104, "connection reset by peer")

    with pytest.raises(ConnectionResetError):
        Decompressed(Broken())  # type: ignore[arg-type]


def test_an_xz_stream_that_wants_much_memory_is_refused() -> None:
    # 180 KiB of an upload became 1.1 GiB here: what the stream says that it looks back to.
    window = {"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 28}
    bomb = lzma.compress(b"", filters=[window]), lzma.compress(DATA, filters=[window])
    assert decompress(bomb[0]) == ("xz", b"")
    with pytest.raises(InvalidArgument, match="Memory usage limit exceeded"):
        decompress(bomb[1])


def test_zeros_between_xz_streams_and_after_them() -> None:
    one, other = lzma.compress(DATA[:9]), lzma.compress(DATA[9:])
    assert decompress(one + bytes(8) + other + bytes(4)) == ("xz", DATA)
    assert decompress(one + lzma.compress(b"") + other) == ("xz", DATA)
