"""A request's body, as a file for a worker thread: the loop reads when the thread does."""

import io
from typing import Any, BinaryIO, Final, cast

import anyio.from_thread

from seacan.http.messages import Request

_PIECE_BYTES: Final = 1 << 20


def body_file(request: Request) -> BinaryIO:
    """Return the body as a file, to be read in a thread that anyio started."""
    return cast(BinaryIO, io.BufferedReader(_Body(request), _PIECE_BYTES))


class _Body(io.RawIOBase):
    def __init__(self, request: Request) -> None:
        self._request = request
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._piece:
            self._piece = memoryview(anyio.from_thread.run(self._receive))
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    async def _receive(self) -> bytes:
        """Return many pieces as one: each change of threads costs as much as 100 KiB."""
        pieces = []
        size = 0
        while size < _PIECE_BYTES and (piece := await self._request.receive()):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)
