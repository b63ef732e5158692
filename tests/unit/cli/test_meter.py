import io
import sys

import pytest

from seacan.cli.output.meter import Meter


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bytes_are_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    meter = Meter("Writing x - ", is_silent=False)
    assert list(meter.counted([b"a" * 1500, b"b"])) == [b"a" * 1500, b"b"]
    assert screen.getvalue() == "\rWriting x - 1.5kB\x1b[K"  # the second came too soon after it
    meter.finish("there")
    assert screen.getvalue().endswith("\r\x1b[KSuccessfully copied 1.5kB to there\n")


def test_without_a_terminal_nothing_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    meter = Meter("Writing x - ", is_silent=False)
    assert list(meter.counted([b"a"])) == [b"a"]
    meter.erase()
    assert capsys.readouterr().err == ""
    silent = Meter("Writing x - ", is_silent=True)
    silent.finish("there")
    assert capsys.readouterr().err == ""
