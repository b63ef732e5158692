"""A pull, load or import as it runs: messages of the daemon to lines that are rewritten in place.

A message has `status` or `stream`, an `id` if it is about one layer, `progressDetail` with bytes
done, and `errorDetail` if all has failed.
Source: Engine API 1.51, ImageCreate.
"""

from __future__ import annotations

import os
import sys
import time

from seacan.cli.output.units import precise_size
from seacan.errors import Internal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TextIO

_BAR_COLUMNS = 50


def show(progress: Iterable[dict[str, Any]], output: TextIO) -> None:
    """Print `progress` as it comes, each `id` on a line of its own if `output` is a terminal.

    Raises Internal with the daemon's words if it has failed.
    """
    screen = _Screen(output) if output.isatty() else None
    for message in progress:
        if error := message.get("errorDetail"):
            raise Internal(str(error.get("message", error)))
        if "aux" in message:
            output.write(_note(message["aux"]))
            continue
        if screen:
            screen.show(message)
        elif not _bar(message):
            output.write(text_of(message))
            output.flush()


class _Screen:
    """Lines of a terminal by id; the cursor rests below the last."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._lines: dict[str, int] = {}

    def show(self, message: dict[str, Any]) -> None:
        name = message.get("id", "")
        if not name or not ("progressDetail" in message or name in self._lines):
            self._lines.clear()
            self._output.write(text_of(message))
        elif name not in self._lines:
            self._lines[name] = len(self._lines)
            self._output.write(text_of(message))
        else:
            up = len(self._lines) - self._lines[name]
            text = text_of(message).rstrip("\n")
            self._output.write(f"\x1b[{up}A\r\x1b[2K{text}\r\x1b[{up}B")
        self._output.flush()


def _note(aux: dict[str, Any]) -> str:
    """Return what a push tells of a name of several platforms that are not all here."""
    index = aux.get("originalIndex")
    if not index:
        return ""
    return f"Not all platforms of {index['digest']} are here: only one was pushed\n"


def text_of(message: dict[str, Any]) -> str:
    """Return a message as a line."""
    if "stream" in message:
        return str(message["stream"])
    head = f"{message['id']}: " if message.get("id") else ""
    bar = _bar(message)
    return f"{head}{message.get('status', '')}{' ' + bar if bar else ''}\n"


def _bar(message: dict[str, Any]) -> str:
    """Return `[====>    ]  1.2MB/3.4MB`, as wide as the terminal allows; "" without any bytes."""
    detail = message.get("progressDetail") or {}
    current, total = detail.get("current", 0), detail.get("total", 0)
    if current <= 0 and total <= 0:
        return ""
    if detail.get("units"):
        return f"{current} {detail['units']}" if total <= 0 else f"{current}/{total}"
    done = precise_size(current)
    if total <= 0:
        return f"{done:>8}"
    sizes = f"{done:>8}/{precise_size(total)}" if current <= total else f"{done:>8}"
    if _terminal_columns() < 110:
        return sizes + _left(detail, current, total)
    full = min(_BAR_COLUMNS, current * _BAR_COLUMNS // total)
    bar = ("=" * full + ">").ljust(_BAR_COLUMNS + 1)[: _BAR_COLUMNS + 1]
    return f"[{bar}]  {sizes}{_left(detail, current, total)}"


def _left(detail: dict[str, Any], current: int, total: int) -> str:
    start = detail.get("start", 0)
    if not start or current <= 0 or current >= total:
        return ""
    seconds = (time.time() - start) / current * (total - current)
    return f" {int(seconds)}s" if seconds >= 1 else ""


def _terminal_columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 200
