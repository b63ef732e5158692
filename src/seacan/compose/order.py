"""Services one after the other as they depend on each other, independent ones side by side."""

from __future__ import annotations

import threading

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
    before = dependencies_of(services)
    return {name: {other for other in before if name in before[other]} for name in services}


def in_order(
    before: Mapping[str, set[str]], act: Callable[[str], None], *, at_once: int = AT_ONCE
) -> None:
    """Do `act` for each name, after all of its `before`; raise the first error of one.

    After an error nothing new begins, and what has begun ends first.
    """
    work = _Work(before, act, at_once)
    work.begin_ready()
    work.wait()


class _Work:
    def __init__(
        self, before: Mapping[str, set[str]], act: Callable[[str], None], at_once: int
    ) -> None:
        self._act = act
        self._left = {name: set(others) for name, others in before.items()}
        self._running: set[str] = set()
        self._changed = threading.Condition()
        self._places = threading.Semaphore(at_once if at_once > 0 else AT_ONCE)
        self._error: BaseException | None = None

    def begin_ready(self) -> None:
        with self._changed:
            ready = [name for name in sorted(self._left) if not self._left[name]]
            for name in ready if self._error is None else ():
                del self._left[name]
                self._running.add(name)
                threading.Thread(target=self._run, args=(name,), daemon=True).start()

    def _run(self, name: str) -> None:
        error: BaseException | None = None
        with self._places:
            try:
                self._act(name)
            except BaseException as err:  # whatever it is, the thread that waits raises it
                error = err
        with self._changed:
            self._error = self._error or error
            self._running.discard(name)
            for others in self._left.values():
                others.discard(name)
            self._changed.notify_all()
        self.begin_ready()

    def wait(self) -> None:
        with self._changed:
            self._changed.wait_for(self._is_done)
        if self._error is not None:
            raise self._error

    def _is_done(self) -> bool:
        return not self._running and (not self._left or self._error is not None)


def for_all(items: Iterable[Any], act: Callable[[Any], None], *, at_once: int = AT_ONCE) -> None:
    """Do `act` for all `items` side by side; raise the first error of one."""
    by_place = dict(enumerate(items))
    in_order(
        {str(at): set() for at in by_place}, lambda at: act(by_place[int(at)]), at_once=at_once
    )
