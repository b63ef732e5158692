"""The shim's event loop: descriptors, and what is to be called when they are ready."""

import select
from collections.abc import Callable
from typing import Final

READABLE: Final = select.EPOLLIN
WRITABLE: Final = select.EPOLLOUT
URGENT: Final = select.EPOLLPRI

Call = Callable[[], None]


class Loop:
    """Level-triggered epoll. A hang-up counts as readable and writable: the call will find out."""

    def __init__(self) -> None:
        self._epoll = select.epoll(flags=select.EPOLL_CLOEXEC)
        self._calls: dict[int, dict[int, Call]] = {}

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

    def run_once(self) -> None:
        """Wait for something to be ready, without a deadline: the container sets the pace."""
        for fd, events in self._epoll.poll():
            gone = events & (select.EPOLLHUP | select.EPOLLERR)
            for interest in (READABLE, WRITABLE, URGENT):
                # Looked up each time: a call may have stopped the next one, or closed the fd.
                call = self._calls.get(fd, {}).get(interest)
                if call is not None and (gone or events & interest):
                    call()


def _union(calls: dict[int, Call]) -> int:
    return sum(calls)
