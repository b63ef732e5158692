"""Streams: watched as they are read, cut into chunks."""

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

CHUNK_BYTES: Final = 1 << 20


class Watched(io.RawIOBase):
    """A stream that shows `watch` every piece that is read from it."""

    def __init__(
        self, stream: BinaryIO | io.RawIOBase, watch: Callable[[memoryview], object]
    ) -> None:
        self._stream = stream
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count: int = self._stream.readinto(buffer) or 0  # type: ignore[union-attr]
        self._watch(memoryview(buffer)[:count])
        return count


class EndChecked(io.RawIOBase):
    """A stream whose end counts only if `check`, called once at it, does not raise."""

    def __init__(self, stream: BinaryIO, check: Callable[[], object]) -> None:
        self._stream = stream
        self._check: Callable[[], object] | None = check

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        if not data and self._check is not None:
            check, self._check = self._check, None
            check()
        return len(data)


def chunks(stream: BinaryIO | io.RawIOBase) -> Iterator[bytes]:
    """Yield the rest of the stream."""
    while data := stream.read(CHUNK_BYTES):
        yield data


def buffered(stream: io.RawIOBase) -> BinaryIO:
    """Return a stream whose read(n) gives n bytes, fewer only at the end."""
    return io.BufferedReader(stream, CHUNK_BYTES)
