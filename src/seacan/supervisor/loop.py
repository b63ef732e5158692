"""The shim's event loop: descriptors, and what is to be called when they are ready."""

import select
import time
from collections.abc import Callable
from typing import Final

READABLE: Final = select.EPOLLIN
WRITABLE: Final = select.EPOLLOUT
URGENT: Final = select.EPOLLPRI

Call = Callable[[], None]


class Loop:
    """Level-triggered epoll, and timers.

    A hang-up counts as readable and writable: the call will find out.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll(flags=select.EPOLL_CLOEXEC)
        self._calls: dict[int, dict[int, Call]] = {}
        self._timers: dict[Call, float] = {}

    def watch(self, fd: int, interest: int, call: Call) -> None:
        """Call `call` while `fd` is ready for `interest`, READABLE, WRITABLE or URGENT."""
        calls = self._calls.get(fd)
        if calls is None:
            self._calls[fd] = {interest: call}
            self._epoll.register(fd, interest)
            return
        is_new = interest not in calls
        calls[interest] = call
        if is_new:
            self._epoll.modify(fd, _union(calls))

    def ignore(self, fd: int, interest: int) -> None:
        """Stop calling for `interest`; needed before `fd` is closed. Not watched is fine."""
        calls = self._calls.get(fd)
        if calls is None or calls.pop(interest, None) is None:
            return
        if calls:
            self._epoll.modify(fd, _union(calls))
        else:
            del self._calls[fd]
            self._epoll.unregister(fd)

    def call_in(self, seconds: float, call: Call) -> None:
        """Call `call` once, so long from now; a call that waits already is put off."""
        self._timers[call] = time.monotonic() + seconds

    def forget_call(self, call: Call) -> None:
        """Do not make a call that waits. None that waits is fine."""
        self._timers.pop(call, None)

    def run_once(self) -> None:
        """Wait for something to be ready; without a timer as long as the container likes."""
        for fd, events in self._epoll.poll(self._patience_s()):
            gone = events & (select.EPOLLHUP | select.EPOLLERR)
            for interest in (READABLE, WRITABLE, URGENT):
                # Looked up each time: a call may have stopped the next one, or closed the fd.
                call = self._calls.get(fd, {}).get(interest)
                if call is not None and (gone or events & interest):
                    call()
        if self._timers:
            self._call_timers()

    def _patience_s(self) -> float | None:
        if not self._timers:
            return None
        return max(0.0, min(self._timers.values()) - time.monotonic())

    def _call_timers(self) -> None:
        now = time.monotonic()
        for call in [call for call, due in self._timers.items() if due <= now]:
            if self._timers.pop(call, None) is not None:
                call()


def _union(calls: dict[int, Call]) -> int:
    return sum(calls)
