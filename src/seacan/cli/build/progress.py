"""What the daemon tells of a build, on standard error as it comes.

A daemon that knows no graph sends Docker's classic text, which is printed as it is.
"""

from __future__ import annotations

import json
import threading
import time

from seacan.cli import terminal
from seacan.cli.build.picture import harmless, lines_of
from seacan.cli.build.steps import Step, Steps
from seacan.cli.output import progress as transfers
from seacan.errors import Internal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TextIO

_TICK_S = 0.1
_ERASE = "\x1b[J"  # all from the cursor on
_ERASE_LINE = "\x1b[K"  # the rest of it


class BuildFailed(Internal):
    """The daemon's words, and the lines of the Dockerfile that they are about (0: none)."""

    def __init__(self, text: str, line: int, last_line: int, step: Step | None) -> None:
        super().__init__(text)
        self.line = line
        self.last_line = last_line
        self.step = step


class Plain:
    """Lines, one after the other: `#3 0.512 …`."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._shown = harmless if output.isatty() else str

    def begin(self, step: Step, _: Steps) -> None:
        self._write(f"#{step.id} {self._shown(step.label)}\n")

    def print_lines(self, step: Step, lines: list[str]) -> None:
        seconds = step.seconds(time.monotonic())
        self._write("".join(f"#{step.id} {seconds:.3f} {self._shown(line)}\n" for line in lines))

    def end(self, step: Step) -> None:
        seconds = step.seconds(time.monotonic())
        outcome = "CACHED" if step.is_cached else f"DONE {seconds:.1f}s"
        self._write(f"#{step.id} {outcome}\n\n")

    def say(self, text: str) -> None:
        self._write(text)

    def close(self, failed: Step | None) -> None:
        if failed:
            self._write(f"#{failed.id} ERROR\n")

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()


class Screen:
    """A picture of the steps that is drawn anew, ten times a second."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._steps: Steps | None = None
        self._began_s = time.monotonic()
        self._drawn = 0  # lines
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()

    def begin(self, _: Step, steps: Steps) -> None:
        self._steps = steps

    def print_lines(self, step: Step, lines: list[str]) -> None:
        """Do nothing: the step keeps its last lines, and the next picture shows them."""

    def end(self, step: Step) -> None:
        """Do nothing: the next picture shows it."""

    def say(self, text: str) -> None:
        with self._lock:
            self._go_back()
            self._output.write(_ERASE + text)
            self._draw()

    def close(self, failed: Step | None) -> None:
        self._is_over.set()
        self._ticker.join()
        with self._lock:
            self._go_back()
            self._draw()

    def _tick(self) -> None:
        while not self._is_over.wait(_TICK_S):
            with self._lock:
                self._go_back()
                self._draw()

    def _go_back(self) -> None:
        if self._drawn:
            self._output.write(f"\x1b[{self._drawn}A\r")
            self._drawn = 0

    def _draw(self) -> None:
        if self._steps is not None:
            rows, columns = terminal.size(self._output.fileno())
            lines = lines_of(
                self._steps,
                time.monotonic(),
                began_s=self._began_s,
                rows=rows or 24,
                columns=columns or 80,
            )
            # Line by line: what is erased as a whole, tmux keeps with what has scrolled away.
            self._output.write("".join(f"{line}{_ERASE_LINE}\n" for line in lines) + _ERASE)
            self._drawn = len(lines)
        self._output.flush()


def show(messages: Iterable[dict[str, Any]], kind: str, output: TextIO) -> str:
    """Show a build in the way `kind` of --progress names; return the id of the image.

    Raises BuildFailed.
    """
    if kind == "auto":
        kind = "tty" if output.isatty() else "plain"
    if kind in ("quiet", "rawjson"):
        return _pass(messages, output if kind == "rawjson" else None)
    view = Screen(output) if kind == "tty" else Plain(output)
    reader = _Reader(view)
    failed = None
    try:
        for message in messages:
            reader.take(message)
    except BuildFailed as err:
        failed = err.step
        raise
    finally:
        view.close(failed)
    return reader.image_id


class _Reader:
    def __init__(self, view: Plain | Screen) -> None:
        self._view = view
        self._steps = Steps()
        self.image_id = ""

    def take(self, message: dict[str, Any]) -> None:
        now = time.monotonic()
        match message:
            case {"began": told}:
                self._view.begin(self._steps.begin(told, now), self._steps)
            case {"printed": told}:
                step = self._steps.all[int(told["id"])]
                self._view.print_lines(step, step.take_output(str(told["text"])))
            case {"ended": told}:
                step = self._steps.end(told, now)
                self._view.print_lines(step, step.rest_of_output())
                self._view.end(step)
            case {"failed": told}:
                step = self._steps.fail(told, now)
                self._view.print_lines(step, step.rest_of_output())
            case {"errorDetail": told}:
                raise self._failure(told, now)
            case {"aux": {"ID": image_id}}:
                self.image_id = str(image_id)
            case {"stream": text}:
                self._view.say(str(text))
            case {"status": _}:
                self._view.say(transfers.text_of(message))

    def _failure(self, told: dict[str, Any], now: float) -> BuildFailed:
        step = self._steps.stop(now)
        line, last_line = int(told.get("line") or 0), int(told.get("lastLine") or 0)
        if step and not line:
            line, last_line = step.line, step.last_line
        return BuildFailed(str(told.get("message")), line, last_line, step)


def _pass(messages: Iterable[dict[str, Any]], output: TextIO | None) -> str:
    image_id = ""
    for message in messages:
        if output:
            output.write(json.dumps(message) + "\n")
            output.flush()
        match message:
            case {"errorDetail": told}:
                line = int(told.get("line") or 0)
                last = int(told.get("lastLine") or line)
                raise BuildFailed(str(told.get("message")), line, last, None)
            case {"aux": {"ID": found}}:
                image_id = str(found)
            case {"stream": text} if str(text).startswith("sha256:"):
                image_id = str(text).strip()
    return image_id


def excerpt(name: str, dockerfile: str, line: int, last_line: int) -> str:
    """Return the lines of a Dockerfile that an error is about, with some around them."""
    lines = dockerfile.splitlines()
    if not 0 < line <= len(lines):
        return ""
    rule = "-" * 20
    first, last = max(line - 3, 0), min(max(last_line, line) + 3, len(lines))
    rows = [
        f"{number:4} | {'>>>' if line <= number <= last_line else '   '} {text}".rstrip()
        for number, text in enumerate(lines[first:last], first + 1)
    ]
    return "\n".join([f"{name}:{line}", rule, *rows, rule, ""])
