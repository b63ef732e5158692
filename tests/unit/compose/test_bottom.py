"""What a terminal shows in the end, of which `_screen` knows the few controls that are used."""

import io
import re

from seacan.cli.compose.bottom import AboveBottom, Bottom
from seacan.cli.compose.progress import Screen
from seacan.compose.worksite import Outcome

_CONTROL = re.compile(r"\x1b\[(\d+)A\r\x1b\[J")
_COLOR = re.compile(r"\x1b\[[\d;]*m")


def _screen(printed: str) -> list[str]:
    lines: list[str] = []
    at = 0
    for found in _CONTROL.finditer(printed):
        lines += printed[at : found.start()].splitlines()
        del lines[-int(found[1]) :]
        at = found.end()
    return [_COLOR.sub("", line) for line in [*lines, *printed[at:].splitlines()]]


def test_what_is_printed_stands_above() -> None:
    terminal = io.StringIO()
    bottom = Bottom(terminal)
    above = AboveBottom(bottom, terminal)
    bottom.show(["a", "b"])
    print("one", file=above, flush=True)
    bottom.show(["c"])
    print("two", file=above, flush=True)
    assert _screen(terminal.getvalue()) == ["one", "two", "c"]
    bottom.show([])
    print("three", file=above, flush=True)
    assert _screen(terminal.getvalue()) == ["one", "two", "three"]


def test_what_is_left_there_stays() -> None:
    terminal = io.StringIO()
    bottom = Bottom(terminal)
    bottom.show(["a"])
    bottom.leave()
    bottom.show(["b"])
    assert _screen(terminal.getvalue()) == ["a", "b"]


def test_a_half_line_waits_for_its_end() -> None:
    terminal = io.StringIO()
    above = AboveBottom(Bottom(terminal), terminal)
    above.write("half")
    assert terminal.getvalue() == ""


def test_progress_and_warnings_on_one_terminal() -> None:
    terminal = io.StringIO()
    bottom = Bottom(terminal)
    progress = Screen(bottom, "up", has_colors=True)
    progress.show("Container a", "Creating")
    print("WARN", file=AboveBottom(bottom, terminal), flush=True)
    progress.show("Container a", "Created", Outcome.DONE)
    warning, title, container = _screen(terminal.getvalue())
    assert (warning, title) == ("WARN", "[+] up 1/1")
    assert container.startswith(" ✔ Container a  Created")
