"""What is being done, as it is done: on a terminal a line for each thing, else for each step.

    [+] up 2/3
     ✔ Network app_default  Created                                     0.1s
     ⠿ Container app-web-1  Starting                                    0.3s

It goes to standard error, so that what a command prints stays its own.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock  # that of threading, which takes its time to import

from seacan.compose.worksite import Outcome
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.compose.bottom import Bottom, Output
    from seacan.compose.worksite import Progress

_SIGNS = {
    Outcome.WORKING: ("⠿", "33"),
    Outcome.DONE: ("✔", "32"),
    Outcome.WARNING: ("!", "33"),
    Outcome.ERROR: ("✘", "31"),
}
_TIME = "34"
_WITHOUT_TERMINAL = 80


MODES = ("", "auto", "tty", "plain", "json", "quiet", "none")


def progress_for(mode: str, title: str, output: Output, bottom: Bottom | None) -> Progress:
    """Return what shows progress in `mode`, one of --progress. Raises InvalidArgument.

    `bottom`: where it may have lines that change.
    """
    if mode not in MODES:
        raise InvalidArgument(f'unsupported --progress value "{mode}"')
    if mode == "json":
        return JsonLines(output)
    if mode in ("quiet", "none"):
        return Nothing()
    if bottom is None or mode == "plain":
        return Lines(output)
    return Screen(bottom, title, has_colors=not os.environ.get("NO_COLOR"))


class Nothing:
    def show(self, what: str, status: str, outcome: Outcome = Outcome.WORKING) -> None:
        return


class Lines:
    def __init__(self, output: Output) -> None:
        self._output = output

    def show(self, what: str, status: str, outcome: Outcome = Outcome.WORKING) -> None:
        self._output.write(f" {what}  {status}\n")
        self._output.flush()


class JsonLines:
    """Objects as docker compose prints them with --progress json."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def show(self, what: str, status: str, outcome: Outcome = Outcome.WORKING) -> None:
        import json

        shown: dict[str, object] = {"id": what, "status": status}
        if outcome is Outcome.ERROR:
            shown["error"] = True
        self._output.write(json.dumps(shown, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._output.flush()


class Screen:
    """A line for each thing, written again as it changes."""

    def __init__(self, bottom: Bottom, title: str, *, has_colors: bool) -> None:
        self._bottom = bottom
        self._title = title
        self._has_colors = has_colors
        self._lock = allocate_lock()
        self._shown: dict[str, tuple[str, Outcome, float, float]] = {}

    def show(self, what: str, status: str, outcome: Outcome = Outcome.WORKING) -> None:
        now = time.monotonic()
        with self._lock:
            begun = self._shown[what][2] if what in self._shown else now
            self._shown[what] = (status, outcome, begun, now)
            self._draw()

    def _draw(self) -> None:
        columns = self._columns()
        width = max(map(len, self._shown))
        done = sum(outcome is not Outcome.WORKING for _, outcome, *_ in self._shown.values())
        lines = [f"[+] {self._title} {done}/{len(self._shown)}"]
        for what, (status, outcome, begun, changed) in self._shown.items():
            sign, color = _SIGNS[outcome]
            text = f" {what.ljust(width)}  {status}"[: columns - 12]
            taken = f"{changed - begun:.1f}s"
            gap = " " * max(1, columns - len(text) - len(taken) - 3)
            lines.append(f" {self._colored(sign, color)}{text}{gap}{self._colored(taken, _TIME)}")
        self._bottom.show(lines)

    def _colored(self, text: str, color: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._has_colors else text

    def _columns(self) -> int:
        try:
            return max(40, os.get_terminal_size(2).columns)
        except OSError:
            return _WITHOUT_TERMINAL
