"""Work that waits for others' servers: in a thread of its own, told of as it goes on.

The thread does not keep the daemon from ending. When the client goes away it is cancelled, and ends
as soon as it notices. A slow client gets fewer messages about bytes, not later ones.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from seacan.api.shapes.progress import progress_line
from seacan.errors import SeacanError
from seacan.http.messages import Send, Stream
from seacan.images.remote.tasks import Cancellation

Message = dict[str, Any]
Tell = Callable[[Message], None]
T = TypeVar("T")


def progress_stream(work: Callable[[Tell, Cancellation], object]) -> Stream:
    """Return a stream of what `work` tells, one JSON value a line.

    Its error is the answer if it has told nothing yet, else the last line.
    """

    async def produce(send: Send) -> None:
        told = _Told()
        has_sent = False
        call = asyncio.ensure_future(in_background(lambda stop: work(told.tell, stop)))
        call.add_done_callback(lambda _: told.wake())
        try:
            while True:
                await told.wait()
                is_done = call.done()
                if lines := told.take():
                    has_sent = True
                    await send(b"".join(map(progress_line, lines)))
                if is_done:
                    break
            await call
        except SeacanError as err:
            if not has_sent:
                raise
            await send(progress_line({"errorDetail": {"message": str(err)}, "error": str(err)}))
        finally:
            call.cancel()

    return Stream("application/json", produce, is_by_line=True)


async def in_background(work: Callable[[Cancellation], T]) -> T:
    """Return what `work` returns or raise what it raises, from a thread."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()
    cancellation = Cancellation()

    def run() -> None:
        try:
            value = work(cancellation)
        except BaseException as err:  # whatever it is, it is raised where it is waited for
            settle(outcome.set_exception, err)
        else:
            settle(outcome.set_result, value)

    def settle(setter: Callable[[Any], None], value: object) -> None:
        with suppress(RuntimeError):  # the daemon has ended meanwhile
            loop.call_soon_threadsafe(lambda: None if outcome.done() else setter(value))

    threading.Thread(target=run, daemon=True, name="seacan-background").start()
    try:
        return await outcome
    finally:
        cancellation.cancel()


class _Told:
    """What was told and not yet sent; a message about bytes takes the place of the last one."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._lock = threading.Lock()
        self._waiting: dict[object, Message] = {}

    def tell(self, message: Message) -> None:
        """To be called from any thread."""
        is_bytes = bool(message.get("progressDetail"))
        with self._lock:
            key = (message.get("id"), message["status"]) if is_bytes else object()
            self._waiting[key] = message
        with suppress(RuntimeError):  # the daemon has ended meanwhile
            self._loop.call_soon_threadsafe(self.wake)

    def wake(self) -> None:
        self._news.set()

    async def wait(self) -> None:
        await self._news.wait()
        self._news.clear()

    def take(self) -> list[Message]:
        with self._lock:
            taken, self._waiting = self._waiting, {}
        return list(taken.values())
