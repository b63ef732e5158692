"""Clients that wait for the end of a container."""

import weakref

import anyio
import msgspec
from msgspec import field

from seacan.engine.containers.container import Exit


class Waiter(msgspec.Struct, eq=False, weakref=True):
    """One client that waits for an end; `done` is set when `exit` is there.

    It is registered for as long as the client holds it, and no longer.
    """

    condition: str  # not-running, next-exit, removed
    done: anyio.Event = field(default_factory=anyio.Event)
    exit: Exit = field(default_factory=lambda: Exit(0))


class Waiters:
    """Those of one container."""

    def __init__(self) -> None:
        self._waiting: weakref.WeakSet[Waiter] = weakref.WeakSet()

    def add(self, waiter: Waiter) -> None:
        self._waiting.add(waiter)

    def wake(self, *conditions: str, end: Exit) -> None:
        """Tell those who wait for one of the conditions how it ended."""
        for waiter in [w for w in self._waiting if w.condition in conditions]:
            self._waiting.discard(waiter)
            waiter.exit = end
            waiter.done.set()


class Wait(msgspec.Struct, frozen=True):
    """Waits for an end; `waiter` was registered when this was made, so that none is missed."""

    waiter: Waiter

    async def result(self) -> Exit:
        """Return how it ended. No deadline: a container runs as long as it likes."""
        await self.waiter.done.wait()
        return self.waiter.exit
