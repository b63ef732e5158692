"""One fetch for all who want the same at the same time."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio

K = TypeVar("K")
T = TypeVar("T")


class Flights(Generic[K, T]):
    """The first who wants a thing fetches it, the others wait; who waits may go away."""

    def __init__(self) -> None:
        self._under_way: dict[K, _Flight[T]] = {}

    async def fetch(self, key: K, fetch: Callable[[], Awaitable[T]]) -> T:
        """Return what `fetch` returns, of this caller or of one who came before; or raise so."""
        flight = self._under_way.get(key)
        if flight is not None:
            await flight.landed.wait()
            return flight.result()
        flight = self._under_way[key] = _Flight()
        try:
            # Whoever has begun it does so for the others: they are not left with a cancelled one.
            with anyio.CancelScope(shield=True):
                flight.value = await fetch()
            return flight.value
        except Exception as err:
            flight.failure = err
            raise
        finally:
            del self._under_way[key]
            flight.landed.set()


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.landed = anyio.Event()
        self.value: T
        self.failure: Exception | None = None

    def result(self) -> T:
        if self.failure is not None:
            raise self.failure
        return self.value
