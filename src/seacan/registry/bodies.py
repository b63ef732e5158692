"""Bodies of requests: whole and bounded, or in pieces that a thread may take."""

from collections.abc import AsyncIterator
from typing import Final

from seacan.http.messages import Request

_PIECE_BYTES: Final = 1 << 20


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the body, in pieces of about 1 MiB: each change of threads costs as much as 100 KiB."""
    gathered = bytearray()
    while piece := await request.receive():
        gathered += piece
        if len(gathered) >= _PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


async def read(request: Request, limit_bytes: int) -> bytes:
    """Return the body; what is longer is read up to one byte beyond `limit_bytes`."""
    body = bytearray()
    while len(body) <= limit_bytes and (piece := await request.receive()):
        body += piece
    return bytes(body[: limit_bytes + 1])
