"""One at a time for each name: who makes, fills or removes a volume waits for the others."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager


class Turns:
    """For threads. A name is remembered for as long as somebody has or wants its turn."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._wanted: Counter[str] = Counter()

    @contextmanager
    def take(self, names: Iterable[str]) -> Iterator[None]:
        """Have the turn of all `names`; everyone takes them in one order, or would wait for good.

        A thread that has a turn must not take another one.
        """
        with ExitStack() as held:
            for name in sorted({*names}):
                held.enter_context(self._one(name))
            yield

    @contextmanager
    def _one(self, name: str) -> Iterator[None]:
        with self._guard:
            self._wanted[name] += 1
            lock = self._locks.setdefault(name, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._guard:
                self._wanted[name] -= 1
                if not self._wanted[name]:
                    del self._wanted[name], self._locks[name]
