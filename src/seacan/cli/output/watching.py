"""A picture that is drawn again and again on a terminal."""

from __future__ import annotations

import time

from seacan.cli.terminal import is_terminal
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_HOME, _END_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_EVERY_S = 1.0


def show_again_and_again(picture: Callable[[], str]) -> int:
    """Draw what `picture` returns every second; ends by ctrl-C. Raises InvalidArgument."""
    if not is_terminal(1):
        raise InvalidArgument("--watch needs a terminal to draw on")
    while True:
        print(drawn(picture()), end="", flush=True)
        time.sleep(_EVERY_S)


def drawn(text: str) -> str:
    """Return `text` so that it replaces the picture before it, without a flicker."""
    return _HOME + text.replace("\n", f"{_END_OF_LINE}\n") + _BELOW
