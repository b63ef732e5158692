"""What compose shows while it works, on a terminal."""

import io
import re

import pytest

from seacan.cli.compose.bottom import Bottom
from seacan.cli.compose.progress import Screen
from seacan.compose.worksite import Outcome


@pytest.mark.parametrize("has_colors", [True, False])
def test_a_line_for_each_thing_is_written_again(has_colors: bool) -> None:
    output = io.StringIO()
    screen = Screen(Bottom(output), "up", has_colors=has_colors)
    screen.show("Network app", "Creating")
    screen.show("Network app", "Created", Outcome.DONE)
    printed = output.getvalue()
    first, again = printed.split("\x1b[2A")
    assert "[+] up 0/1" in first
    assert "[+] up 1/1" in again
    assert re.search(r"✔.* Network app  Created +.*0\.\ds", again)
    assert bool(re.search(r"\x1b\[[0-9;]*m", printed)) == has_colors
