"""A request's body, as a file for a worker thread: the loop reads when the thread does."""

import io
from collections.abc import Callable, Coroutine
from typing import Any, BinaryIO, Final, TypeAlias, cast

import anyio.from_thread

from seacan.http.messages import Request

Receive: TypeAlias = Callable[[], Coroutine[Any, Any, bytes]]

_PIECE_BYTES: Final = 1 << 20


def body_file(request: Request) -> BinaryIO:
    """Return the body as a file, to be read in a thread that anyio started."""
    return file_of(request.receive)


def file_of(receive: Receive) -> BinaryIO:
    """Return what is received, to an empty piece, in the same way."""
    return cast(BinaryIO, io.BufferedReader(_Body(receive), _PIECE_BYTES))


class _Body(io.RawIOBase):
    def __init__(self, receive: Receive) -> None:
        self._receive_piece = receive
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
        while size < _PIECE_BYTES and (piece := await self._receive_piece()):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)
