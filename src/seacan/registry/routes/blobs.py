"""Blobs: whole or in part, asked for, deleted.

Source: distribution-spec 1.1, "Pulling blobs", "Deleting Blobs"; RFC 9110, section 14.
"""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from anyio import to_thread

from seacan.http.messages import Answer, Reply, Send, Stream
from seacan.registry import names
from seacan.registry.access import DELETE, PULL
from seacan.registry.blobs import RepositoryBlobs
from seacan.registry.door import Call, Route
from seacan.registry.errors import Refused

_PIECE_BYTES: Final = 1 << 20
_RANGE: Final = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


class BlobRoutes:
    def __init__(self, blobs: RepositoryBlobs) -> None:
        self._blobs = blobs

    def routes(self) -> list[Route]:
        return [
            Route("blob", ("GET", "HEAD"), PULL, self._get),
            Route("blob", ("DELETE",), DELETE, self._delete),
        ]

    async def _get(self, call: Call) -> Answer:
        digest = names.check_digest(call.reference)
        size_bytes = await to_thread.run_sync(self._blobs.size_bytes, call.repository, digest)
        return answer(call, digest, size_bytes, lambda start, end: self.read(digest, start, end))

    async def read(self, digest: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` up to `end` of a blob."""
        with await to_thread.run_sync(self._blobs.open, digest) as file:
            file.seek(start)
            while start < end:
                piece = await to_thread.run_sync(file.read, min(end - start, _PIECE_BYTES))
                if not piece:
                    raise OSError(f"blob {digest} is shorter than recorded")
                start += len(piece)
                yield piece

    async def _delete(self, call: Call) -> Answer:
        digest = names.check_digest(call.reference)
        await to_thread.run_sync(self._blobs.remove, call.repository, digest)
        return Reply(202)


def answer(
    call: Call,
    digest: str,
    size_bytes: int,
    read: Callable[[int, int], AsyncGenerator[bytes, None]],
) -> Answer:
    """Return a blob, or the part of it that the client wants, as `read(start, end)` yields it."""
    etag = f'"{digest}"'
    headers = [
        ("Docker-Content-Digest", digest),
        ("Accept-Ranges", "bytes"),
        ("ETag", etag),
        # What a digest names never changes.
        ("Cache-Control", "max-age=31536000"),
    ]
    if call.request.headers.get("if-none-match") == etag:
        return Reply(304, headers=headers)
    part = wanted_range(call.request.headers, etag, size_bytes)
    start, end = part or (0, size_bytes)
    if part:
        headers.append(("Content-Range", f"bytes {start}-{end - 1}/{size_bytes}"))
    headers.append(("Content-Length", str(end - start)))

    async def produce(send: Send) -> None:
        async with aclosing(read(start, end)) as pieces:
            async for piece in pieces:
                await send(piece)

    return Stream("application/octet-stream", produce, headers, 206 if part else 200)


def wanted_range(headers: dict[str, str], etag: str, size_bytes: int) -> tuple[int, int] | None:
    """Return start and end of what a request wants a part of; None if it wants all.

    Several ranges at once, and what is none, count as all. Raises Refused, 416.
    """
    match = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if match is None or headers.get("if-range", etag) != etag:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        start, end = max(0, size_bytes - int(suffix)), size_bytes
    else:
        start = int(first)
        end = min(int(last) + 1, size_bytes) if last else size_bytes
    if start >= end:
        raise Refused(
            "SIZE_INVALID",
            f"the blob has {size_bytes} bytes",
            status=416,
            headers=[("Content-Range", f"bytes */{size_bytes}")],
        )
    return start, end
