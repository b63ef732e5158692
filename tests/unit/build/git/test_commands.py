"""git as a child: what it is told, and what it is not."""

import sys
from pathlib import Path

import pytest

from seacan.build.git import commands
from seacan.build.git.commands import Access, Git
from seacan.errors import Internal, Unavailable
from seacan.images.remote.tasks import Cancellation, Cancelled


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(Cancellation(), tmp_path / "known hosts", agent=tmp_path / "agent")


def python(monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    """Have a program of Python run in the place of git; return its first word."""
    monkeypatch.setattr(commands, "_TOGETHER", (sys.executable, "-c", text))
    monkeypatch.setattr(commands, "_NEEDED", ())
    return "word"


def test_a_host_without_git(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="there is no git on the daemon's host"):
        Git(tmp_path, access).text("version")


def test_what_it_is_told(access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_SSH_COMMAND", "GIT_ALLOW_PROTOCOL", "GIT_EXEC_PATH", "GIT_CONFIG_PARAMETERS"):
        monkeypatch.setenv(name, "of the daemon")
    word = python(monkeypatch, "import os; print(*map('='.join, os.environ.items()), sep='\\n')")
    printed = Git(tmp_path, access, {"http.extraHeader": "hidden"}).text(word)
    told = dict(line.split("=", 1) for line in printed.splitlines())
    assert "of the daemon" not in told.values()
    assert told["GIT_ALLOW_PROTOCOL"] == "git:http:https:ssh"
    assert (told["GIT_TERMINAL_PROMPT"], told["GIT_CONFIG_GLOBAL"]) == ("0", "/dev/null")
    assert f"'UserKnownHostsFile={tmp_path}/known hosts'" in told["GIT_SSH_COMMAND"]
    assert told["SSH_AUTH_SOCK"] == f"{tmp_path}/agent"
    settings = {
        told[f"GIT_CONFIG_KEY_{number}"]: told[f"GIT_CONFIG_VALUE_{number}"]
        for number in range(int(told["GIT_CONFIG_COUNT"]))
    }
    assert settings["core.hooksPath"] == "/dev/null"
    assert settings["http.extraHeader"] == "hidden"


def test_a_failure_is_one_line_without_secrets(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = r"remote: \x1b[31mno\nfatal: 'https://u:pw@h/x' not found\n"
    word = python(monkeypatch, f"import sys; sys.stderr.write({said!r}.encode().decode("
                  "'unicode_escape')); sys.exit(128)")  # fmt: skip
    expected = "git word: remote: ?[31mno; fatal: 'https://h/x' not found"
    with pytest.raises(Internal) as failed:
        Git(tmp_path, access).text(word)
    assert str(failed.value) == expected
    with pytest.raises(Internal) as failed, Git(tmp_path, access).open(word) as printed:
        printed.read()
    assert str(failed.value) == expected


def test_it_ends_when_nobody_waits_any_more(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = python(monkeypatch, "import time; print('x', flush=True); time.sleep(1000)")
    access.cancellation.cancel()
    with pytest.raises(Cancelled):
        Git(tmp_path, access).text(word)


def test_it_ends_though_it_prints_nothing(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = python(monkeypatch, "import time; print('x', flush=True); time.sleep(1000)")

    def read() -> None:
        with Git(tmp_path, access).open(word) as printed:
            assert printed.readline() == b"x\n"
            access.cancellation.cancel()
            printed.read()

    with pytest.raises(Cancelled):
        read()


def test_what_prints_without_end_is_ended(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_OUTPUT_LIMIT_BYTES", 1000)
    word = python(monkeypatch, "import itertools; [print('x') for _ in itertools.count()]")
    with pytest.raises(Internal, match="prints too much"):
        Git(tmp_path, access).text(word)
