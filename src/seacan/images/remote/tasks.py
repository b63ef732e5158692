"""Threads that wait for the network: they never keep the daemon from ending."""

import threading
from collections.abc import Callable, Iterable
from typing import Final

_LOOK_S: Final = 0.2  # between looks at whether the client is still there


class Cancelled(Exception):
    """The client went away."""


class Cancellation:
    """Whether somebody still wants what is being done; may be set from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        if self._event.is_set():
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Do nothing for so long. Raises Cancelled."""
        if self._event.wait(seconds):
            raise Cancelled


class Task:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._done = threading.Event()
        self._error: BaseException | None = None
        threading.Thread(target=self._run, daemon=True, name="seacan-remote").start()

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as err:  # raised again by has_ended()
            self._error = err
        self._done.set()

    def join(self) -> None:
        """Wait until the call has ended, however it does."""
        self._done.wait()

    def has_ended(self, wait_s: float) -> bool:
        """Return whether the call has ended within `wait_s`. Raises what it has raised."""
        if not self._done.wait(wait_s):
            return False
        if self._error is not None:
            raise self._error
        return True


def wait_all(tasks: Iterable[Task], cancellation: Cancellation) -> None:
    """Wait until all have ended. Raises what the first raises that fails, or Cancelled."""
    waiting = list(tasks)
    while waiting:
        cancellation.check()
        waiting[0].has_ended(_LOOK_S)
        waiting = [task for task in waiting if not task.has_ended(0)]


class Slots:
    """So many at a time."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)

    def take(self, cancellation: Cancellation, waiting: Callable[[], object]) -> None:
        """Wait for a slot; `waiting` is called if there is none at once. Raises Cancelled."""
        if self._free.acquire(blocking=False):
            return
        waiting()
        while not self._free.acquire(timeout=_LOOK_S):
            cancellation.check()

    def give_back(self) -> None:
        self._free.release()
