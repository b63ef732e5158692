"""A daemon whose locale is not UTF-8: what containers are told is, all the same."""

from pathlib import Path

import pytest
from tests.daemon import running_daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def test_words_of_a_container_are_utf8(monkeypatch: pytest.MonkeyPatch, busybox_tar: Path) -> None:
    for name in ("PYTHONUTF8", "PYTHONCOERCECLOCALE"):  # or else Python mends the locale itself
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("LC_ALL", "C")
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        script = "mkdir /d\u00e9 && cd /d\u00e9 && pwd | od -An -tx1"
        assert daemon.output(script).split() == ["2f", "64", "c3", "a9", "0a"]
