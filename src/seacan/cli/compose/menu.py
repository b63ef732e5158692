"""Keys that do something while containers are attached, and the line that shows which.

w Enable Watch   d Detach
"""

from __future__ import annotations

import os
import select
import threading

from seacan.cli.terminal import RawMode, size
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from seacan.cli.compose.bottom import Bottom

_LOOK_AGAIN_MS = 200


@record
class Key:
    """`label`: what it would do now; `press` does it."""

    label: Callable[[], str]
    press: Callable[[], None]


class Menu:
    """While entered, keys of standard input are taken; those that end or stop a program do that.

    What goes on at a key goes on in the thread that reads them.
    """

    def __init__(self, bottom: Bottom, keys: Mapping[str, Key], *, colors: bool) -> None:
        self._bottom = bottom
        self._keys = keys
        self._colors = colors
        self._mode = RawMode([0], signals=True)
        self._is_over = False
        self._lock = threading.Lock()  # held while that is looked at, and something drawn

    def __enter__(self) -> Menu:
        self._mode.__enter__()
        self.draw()
        threading.Thread(target=self._take_keys, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Take no more keys, and show nothing; what has been pressed is done. May be repeated."""
        with self._lock:
            if not self._is_over:
                self._is_over = True
                self._bottom.show([])
        self._mode.restore()

    def resume(self, *_: object) -> None:
        """Go on after the program was stopped (ctrl-Z), if it is in the foreground again."""
        if not self._is_over and os.tcgetpgrp(0) == os.getpgrp():
            self._mode.restore()
            self._mode.__enter__()
            self.draw()

    def draw(self) -> None:
        labels = [key.label() for key in self._keys.values()]
        width = sum(len(label) + len("w    ") for label in labels)
        shown = [self._shown(*one) for one in zip(self._keys, labels, strict=True)]
        with self._lock:
            if not self._is_over:
                self._bottom.show(["   ".join(shown)] if width <= size()[1] else [])

    def _shown(self, name: str, label: str) -> str:
        return f"\x1b[1;7m{name}\x1b[0m {label}" if self._colors else f"{name} {label}"

    def _take_keys(self) -> None:
        poll = select.poll()
        poll.register(0, select.POLLIN)
        while not self._is_over:
            if not poll.poll(_LOOK_AGAIN_MS):
                continue
            pressed = os.read(0, 64)
            if not pressed:
                return
            for name in pressed.decode("latin-1"):
                self._take(name)

    def _take(self, name: str) -> None:
        if name in self._keys and not self._is_over:
            self._keys[name].press()
            self.draw()
