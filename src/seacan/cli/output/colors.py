"""Colours: only on a terminal, and never with NO_COLOR (https://no-color.org)."""

from __future__ import annotations

import os

_OFF = "\x1b[0m"
# Those that can be read on white and on black.
_OF_NAMES = tuple(f"\x1b[{code}m" for code in (36, 33, 32, 35, 34, 96, 93, 92, 95, 94))


def has_colors(fd: int) -> bool:
    """Whether what is written to `fd` may have colours."""
    return os.isatty(fd) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def colored(text: str, number: int) -> str:
    """Return `text` in a colour, the same for the same number."""
    return f"{_OF_NAMES[number % len(_OF_NAMES)]}{text}{_OFF}"
