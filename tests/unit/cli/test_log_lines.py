import os

import pytest

from seacan.cli.output.colors import colored, has_colors
from seacan.cli.output.log_lines import LogLines
from seacan.client.streams import STDERR, STDOUT


def test_lines_of_two_containers(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    lines = LogLines(["a", "long"], "")
    lines.show("a", [(STDOUT, b"one\ntw"), (STDERR, b"err\n"), (STDOUT, b"o")])
    lines.show("long", [(STDOUT, b"three\n")])
    printed = capfdbinary.readouterr()
    assert printed.out == b"a    | one\na    | two\nlong | three\n"
    assert printed.err == b"a    | err\n"


def test_what_is_looked_for(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    LogLines(["a"], "^e.+r").show("a", [(STDOUT, b"error 1\nno error\n"), (STDERR, b"err")])
    printed = capfdbinary.readouterr()
    assert (printed.out, printed.err) == (b"error 1\n", b"err\n")


def test_colors_are_for_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    inner, outer = os.openpty()
    try:
        assert has_colors(outer)
        monkeypatch.setenv("NO_COLOR", "1")
        assert not has_colors(outer)
    finally:
        os.close(inner)
        os.close(outer)
    reading, writing = os.pipe()
    assert not has_colors(writing)
    os.close(reading)
    os.close(writing)
    assert colored("x", 0) == "\x1b[36mx\x1b[0m"
