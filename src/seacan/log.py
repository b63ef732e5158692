"""One line a message, logfmt, on standard error: for the daemon and for the processes below it.

The launcher and the shims may not import `logging`: every container would pay for it.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    Listener = Callable[[str, str], None]

LEVELS: Final = ("debug", "info", "warn", "error", "fatal")  # nothing is said at the last

_least = LEVELS.index("info")
_listener: Listener | None = None


def set_level(level: str) -> None:
    """Drop messages below `level`, one of LEVELS."""
    global _least
    _least = LEVELS.index(level)


def send_to(listener: Listener) -> None:
    """Give messages to `listener`, with their level, rather than to standard error."""
    global _listener
    _listener = listener


def debug(message: str, **fields: object) -> None:
    _write(0, message, fields)


def info(message: str, **fields: object) -> None:
    _write(1, message, fields)


def warn(message: str, **fields: object) -> None:
    _write(2, message, fields)


def error(message: str, **fields: object) -> None:
    _write(3, message, fields)


def _write(level: int, message: str, fields: dict[str, object]) -> None:
    if level < _least:
        return
    said = [f"{key}={_quote(str(value))}" for key, value in fields.items()]
    if _listener:
        _listener(LEVELS[level], " ".join((message, *said)))
        return
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"
    pairs = [f"time={stamp}", f"level={LEVELS[level]}", f"msg={_quote(message)}", *said]
    # Standard error may be a closed pipe; a daemon does not die of that.
    try:
        os.write(2, (" ".join(pairs) + "\n").encode(errors="backslashreplace"))
    except OSError:
        return


def _quote(text: str) -> str:
    if text and all(c.isprintable() and c not in ' "=\\' for c in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
