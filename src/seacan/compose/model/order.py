"""Services one after the other as they depend on each other, independent ones side by side."""

from __future__ import annotations

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

AT_ONCE = 50


def dependencies_of(services: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return which of `services` each depends on."""
    return {
        name: {other for other in service.get("depends_on", ()) if other in services}
        for name, service in services.items()
    }


def dependents_of(services: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return which of `services` depend on each."""
    return _turned(dependencies_of(services))


def _turned(before: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return which names come after each."""
    after: dict[str, set[str]] = {name: set() for name in before}
    for name, others in before.items():
        for other in others:
            after[other].add(name)
    return after


def in_turn(before: Mapping[str, set[str]]) -> list[str]:
    """Return the names, each after all of its `before`. Raises InvalidArgument for a circle."""
    found: dict[str, None] = {}
    for first in sorted(before):
        if first not in found:
            _add_in_turn(first, before, found)
    return list(found)


def _add_in_turn(first: str, before: Mapping[str, set[str]], found: dict[str, None]) -> None:
    """Add `first` to `found`, after what has to be before it."""
    way = {first: sorted(before[first], reverse=True)}  # what each waits for, the next one last
    while way:
        name, others = next(reversed(way.items()))
        if not others:
            found[name] = None
            del way[name]
        elif (other := others.pop()) in way:
            names = list(way)
            circle = " -> ".join((*names[names.index(other) :], other))
            raise InvalidArgument(f"dependency cycle detected: {circle}")
        elif other not in found:
            way[other] = sorted(before[other], reverse=True)


def in_order(
    before: Mapping[str, set[str]], act: Callable[[str], None], *, at_once: int = AT_ONCE
) -> None:
    """Do `act` for each name, after all of its `before`; raise the first error of one.

    After an error nothing new begins, and what has begun ends first. One alone is done here,
    several in threads.
    """
    if len(before) < 2:
        for name in before:
            act(name)
        return
    work = _Work(before, act, at_once)
    work.begin_ready()
    work.wait()


class _Work:
    """Names that are left (which wait for others), ready, or running.

    A thread goes on with what is ready when it has done one, so that what is done at once, as
    when nothing has changed, is not worth a thread for each.
    """

    def __init__(
        self, before: Mapping[str, set[str]], act: Callable[[str], None], at_once: int
    ) -> None:
        from threading import Condition

        self._act = act
        self._left = {name: set(others) for name, others in before.items() if others}
        self._after = _turned(before)
        self._ready = sorted(before.keys() - self._left.keys())
        self._running: set[str] = set()
        self._changed = Condition()
        self._free = at_once if at_once > 0 else AT_ONCE  # threads that may be begun
        self._error: BaseException | None = None

    def begin_ready(self) -> None:
        """Begin a thread for each name that is still ready when its turn comes."""
        from threading import Thread

        while self._takes_thread():
            Thread(target=self._run, daemon=True).start()

    def _takes_thread(self) -> bool:
        with self._changed:
            if not self._ready or not self._free:
                return False
            self._free -= 1
            return True

    def _run(self) -> None:
        name = self._next()
        while name is not None:
            error: BaseException | None = None
            try:
                self._act(name)
            except BaseException as err:  # whatever it is, the thread that waits raises it
                error = err
            has_more = self._end(name, error)
            name = self._next()
            if has_more:
                self.begin_ready()

    def _next(self) -> str | None:
        """Return what this thread does next; None if it is to end."""
        with self._changed:
            if not self._ready:
                self._free += 1
                return None
            name = self._ready.pop(0)
            self._running.add(name)
            return name

    def _end(self, name: str, error: BaseException | None) -> bool:
        """Note that `name` is done; return whether others have become ready by that."""
        with self._changed:
            self._error = self._error or error
            self._running.discard(name)
            has_more = self._find_ready(name)
            self._changed.notify_all()
            return has_more

    def _find_ready(self, done: str) -> bool:
        """Return whether anything waited for `done` alone."""
        if self._error is not None:
            self._ready.clear()
            return False
        for name in self._after[done]:
            self._left[name].discard(done)
        found = [name for name in sorted(self._after[done]) if not self._left[name]]
        for name in found:
            del self._left[name]
        self._ready += found
        return bool(found)

    def wait(self) -> None:
        with self._changed:
            self._changed.wait_for(self._is_done)
        if self._error is not None:
            raise self._error

    def _is_done(self) -> bool:
        if self._running or self._ready:
            return False
        return not self._left or self._error is not None


def for_all(items: Iterable[Any], act: Callable[[Any], None], *, at_once: int = AT_ONCE) -> None:
    """Do `act` for all `items` side by side; raise the first error of one."""
    by_place = dict(enumerate(items))
    in_order(
        {str(at): set() for at in by_place}, lambda at: act(by_place[int(at)]), at_once=at_once
    )
