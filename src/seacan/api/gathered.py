"""Pieces of an answer that come faster than they are worth sending: many go out as one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio

from seacan.build.groups import unwrapped
from seacan.http.messages import Send

_MOST_WAITING_BYTES: Final = 64 << 10


@asynccontextmanager
async def gathered(send: Send) -> AsyncIterator[Send]:
    """Yield what sends pieces, in their order, once whoever tells of something waits for it.

    Many small ones that come at once are one. Who has told a lot waits until it was sent; all is
    sent at the end. Raises what `send` raises.
    """
    gathering = _Gathering(send)
    with unwrapped():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gathering.send_for_ever)
            yield gathering.tell
            await gathering.flush()
            tasks.cancel_scope.cancel()


class _Gathering:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting = bytearray()
        self._has_more = anyio.Event()
        self._turn = anyio.Lock(fast_acquire=True)

    async def tell(self, data: bytes) -> None:
        self._waiting += data
        self._has_more.set()
        if len(self._waiting) >= _MOST_WAITING_BYTES:
            await self.flush()

    async def flush(self) -> None:
        async with self._turn:
            data = bytes(self._waiting)
            self._waiting.clear()
            if data:
                await self._send(data)

    async def send_for_ever(self) -> None:
        while True:
            await self._has_more.wait()
            self._has_more = anyio.Event()
            await self.flush()
