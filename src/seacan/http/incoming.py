"""Bytes that came from the client and were not used yet."""

import math

import anyio
import anyio.lowlevel

from seacan.http.heads import BadRequest, find_end
from seacan.http.limits import Limits
from seacan.http.streams import ByteStream, ClientGone


class Incoming:
    def __init__(self, stream: ByteStream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._ahead = bytearray()
        self._ended = False
        self._is_stopped = False
        self._waiting: anyio.CancelScope | None = None

    async def read_head(self) -> bytes | None:
        """Return the next request's head with its empty line; None when there is no next one.

        Raises BadRequest (400, 408, 431), ClientGone.
        """
        if self._ahead:  # thousands of requests may have come at once
            await anyio.lowlevel.checkpoint()
        if not await self._has_begun():
            return None
        # Nearly always it came in one piece, and needs no clock.
        if end := find_end(self._ahead, 0):
            return self.take(self._checked(end))
        with anyio.move_on_after(self._limits.head_s):
            return self.take(await self._find_end())
        raise BadRequest(408, "the request head took too long")

    @property
    def is_idle(self) -> bool:
        """Whether nothing has come of a next request."""
        return self._waiting is not None and not self._ahead

    def stop_waiting(self) -> None:
        """Have read_head return None once no request is under way."""
        self._is_stopped = True
        if self._waiting:
            self._waiting.cancel()

    async def _has_begun(self) -> bool:
        with anyio.move_on_after(self._limits.idle_s) as self._waiting:
            while not self._is_stopped:
                # Empty lines before a request are ignored: old clients end a body with one more.
                while self._ahead.startswith(b"\r\n"):
                    del self._ahead[:2]
                if self._ahead and self._ahead != b"\r":
                    break
                if not await self._fill():
                    break
        self._waiting = None
        return bool(self._ahead) and not self._is_stopped

    async def _find_end(self) -> int:
        seen = 0
        while not (end := find_end(self._ahead, seen)):
            seen = len(self._ahead)
            if seen > self._limits.head_bytes:
                break
            if not await self._fill():
                raise ClientGone("within a request head")
        return self._checked(end or seen)

    def _checked(self, size: int) -> int:
        if size > self._limits.head_bytes:
            raise BadRequest(431, f"request head is longer than {self._limits.head_bytes} bytes")
        return size

    async def receive(self) -> bytes:
        """Return what is there, or comes next; b"" at the end. Raises ClientGone."""
        return self.take() if self._ahead else await self._next()

    async def wait_end(self) -> None:
        """Return when the client has closed its side, or the connection broke.

        What comes meanwhile is kept, up to a bound; beyond it the end cannot be seen.
        """
        while len(self._ahead) < self._limits.ahead_bytes:
            try:
                if not await self._fill():
                    return
            except ClientGone:
                return
        await anyio.sleep(math.inf)

    def take(self, size: int | None = None) -> bytes:
        """Return the first `size` bytes of what is there, or all."""
        if size is None or size >= len(self._ahead):
            taken, self._ahead = self._ahead, bytearray()
        else:
            taken = self._ahead[:size]
            del self._ahead[:size]
        return bytes(taken)

    def put_back(self, data: bytes) -> None:
        """Have `data` come again, before all else."""
        self._ahead[:0] = data

    async def _fill(self) -> bool:
        data = await self._next()
        self._ahead += data
        return not self._ended

    async def _next(self) -> bytes:
        if self._ended:
            return b""
        data = await self._stream.receive()
        self._ended = not data
        return data
