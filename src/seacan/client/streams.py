"""Attached output taken apart: the frames in which standard output and error share a stream.

    byte 0      1 2 3     4 5 6 7                8 …
    stream      zeros     length, big endian     that many bytes

Streams: 0 standard input (echoed), 1 output, 2 error, 3 an error of the daemon itself.
Source: Engine API 1.51, ContainerAttach, "Stream format".
"""

from __future__ import annotations

from seacan.errors import Internal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STDOUT = 1
STDERR = 2
_DAEMON = 3
_HEADER_BYTES = 8


class Demultiplexer:
    """Takes frames apart as bytes arrive; a long frame is passed on in pieces, never gathered."""

    def __init__(self) -> None:
        self._header = b""
        self._stream = 0
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield pieces, each with STDOUT or STDERR. Raises Internal if the frames are none."""
        at = 0
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                yield self._passed(piece)
            else:
                taken = data[at : at + _HEADER_BYTES - len(self._header)]
                at += len(taken)
                self._header += taken
                if len(self._header) == _HEADER_BYTES:
                    self._begin()

    def _begin(self) -> None:
        stream, zeros, length = self._header[0], self._header[1:4], self._header[4:]
        if stream > _DAEMON or zeros != b"\0\0\0":
            raise Internal(f"read the container's output: {self._header.hex()} begins no frame")
        self._stream = stream
        self._left = int.from_bytes(length, "big")
        self._header = b""

    def _passed(self, piece: bytes) -> tuple[int, bytes]:
        if self._stream == _DAEMON:
            message = piece.decode(errors="replace").strip()
            raise Internal(f"error from daemon in stream: {message}")
        return (STDERR if self._stream == STDERR else STDOUT), piece


def demultiplex(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the output in `pieces`, each with STDOUT or STDERR."""
    frames = Demultiplexer()
    for piece in pieces:
        yield from frames.feed(piece)
