"""Trying until it is so, for a bounded time."""

from __future__ import annotations

import errno
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

_TIMEOUT_S: Final = 10.0
_FIRST_PAUSE_S: Final = 0.0005
_LONGEST_PAUSE_S: Final = 0.05


def wait_until(attempt: Callable[[], bool], why: str, path: str) -> None:
    """Call `attempt` until it returns True, at growing distances.

    Raises OSError (ETIMEDOUT, `why`, `path`) after some seconds: the kernel has no event for these.
    """
    deadline = time.monotonic() + _TIMEOUT_S
    pause = _FIRST_PAUSE_S
    while not attempt():
        if time.monotonic() > deadline:
            raise OSError(errno.ETIMEDOUT, why, path)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)
