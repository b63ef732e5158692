"""`pull`, `push`, `login`, `logout`, `search` with a daemon that plays along."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from tests.unit.client.scripted import ScriptedDaemon, refusal, reply, scripted_daemon

from seacan.cli import main
from seacan.cli.session import Exit

PULL = "POST /images/create"


@pytest.fixture
def config(config_directory: Path) -> Path:
    return config_directory / "config.json"


@pytest.fixture
def daemon(tmp_path: Path, config: Path) -> Iterator[ScriptedDaemon]:
    with scripted_daemon(tmp_path) as daemon:
        yield daemon


def run(daemon: ScriptedDaemon, *words: str) -> int:
    return main.run(["-H", daemon.host, *words])


def query(daemon: ScriptedDaemon) -> dict[str, list[str]]:
    return parse_qs(daemon.requests[-1].query)


@pytest.mark.parametrize(
    ("words", "sent", "printed"),
    [
        (
            ["busybox"],
            {"fromImage": ["busybox"], "tag": ["latest"]},
            "Using default tag: latest\nx: done\ndocker.io/library/busybox:latest\n",
        ),
        (["-q", "h:5/a:1"], {"fromImage": ["h:5/a"], "tag": ["1"]}, "h:5/a:1\n"),
        (["-a", "h:5/a"], {"fromImage": ["h:5/a"]}, "x: done\nh:5/a\n"),
        (
            ["--platform", "linux/arm", "bob/a@sha256:1"],
            {"fromImage": ["bob/a"], "tag": ["sha256:1"], "platform": ["linux/arm"]},
            "x: done\ndocker.io/bob/a@sha256:1\n",
        ),
    ],
)
def test_pull(
    daemon: ScriptedDaemon,
    capfd: pytest.CaptureFixture[str],
    words: list[str],
    sent: dict[str, list[str]],
    printed: str,
) -> None:
    daemon.replies[PULL] = reply('{"status":"done","id":"x"}\n')

    assert run(daemon, "pull", *words) == 0

    assert query(daemon) == sent
    assert capfd.readouterr().out == printed


@pytest.mark.parametrize("verb", ["pull", "push"])
def test_all_tags_and_one_are_not_both(daemon: ScriptedDaemon, verb: str) -> None:
    with pytest.raises(Exit, match="tag can't be used with --all-tags/-a"):
        run(daemon, verb, "-a", "a:1")
    assert not daemon.requests


def test_a_pull_that_fails_midway(daemon: ScriptedDaemon) -> None:
    daemon.replies[PULL] = reply('{"errorDetail":{"message":"broken"},"error":"broken"}\n')

    with pytest.raises(Exit, match="broken"):
        run(daemon, "pull", "a:1")


def test_push_says_who_asks(daemon: ScriptedDaemon, config: Path) -> None:
    pair = base64.b64encode(b"bob:pw").decode()
    config.write_text(json.dumps({"auths": {"h:5": {"auth": pair}}}))
    daemon.replies["POST /images/h:5/a/push"] = reply('{"status":"done"}\n')

    assert run(daemon, "push", "--platform", "linux/arm", "h:5/a:1") == 0

    header = daemon.requests[-1].headers["x-registry-auth"]
    assert json.loads(base64.urlsafe_b64decode(header))["password"] == "pw"
    assert json.loads(query(daemon)["platform"][0]) == {"os": "linux", "architecture": "arm"}


def test_login_keeps_what_the_registry_takes(
    daemon: ScriptedDaemon, config: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    daemon.replies["POST /auth"] = reply('{"IdentityToken":"","Status":"Login Succeeded"}')

    assert run(daemon, "login", "-u", "bob", "-p", "pw", "https://h:5/") == 0

    assert json.loads(daemon.requests[-1].body) == {
        "username": "bob",
        "password": "pw",
        "serveraddress": "h:5",
    }
    captured = capfd.readouterr()
    assert captured.out == "Login Succeeded\n"
    assert "stored unencrypted" in captured.err
    assert "h:5" in config.read_text()

    assert run(daemon, "logout", "h:5") == 0
    assert run(daemon, "logout", "h:5") == 0
    assert capfd.readouterr().out == "Removing login credentials for h:5\n" * 2


def test_login_keeps_nothing_that_is_refused(daemon: ScriptedDaemon, config: Path) -> None:
    daemon.replies["POST /auth"] = refusal(401, "unauthorized: incorrect username or password")

    with pytest.raises(Exit, match="incorrect username or password"):
        run(daemon, "login", "-u", "bob", "-p", "pw", "h:5")

    assert not config.exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["-u", "bob", "-p", "x", "--password-stdin"], "cannot specify both --password"),
        (["--password-stdin"], "requires --username to be set"),
        (["-u", "bob"], "Cannot perform an interactive login from a non TTY device"),
    ],
)
def test_login_that_cannot_be(
    daemon: ScriptedDaemon, words: list[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seacan.cli.commands.login.is_terminal", lambda fd: False)
    with pytest.raises(Exit, match=text):
        run(daemon, "login", *words)
    assert not daemon.requests


def test_search(daemon: ScriptedDaemon, capfd: pytest.CaptureFixture[str]) -> None:
    found = [
        {"name": "a", "description": "x" * 50, "star_count": 1, "is_official": False},
        {"name": "b", "description": "two\nlines", "star_count": 9, "is_official": True},
    ]
    daemon.replies["GET /images/search"] = reply(json.dumps(found))

    assert run(daemon, "search", "--limit", "5", "-f", "stars=1", "x") == 0

    assert query(daemon) == {"term": ["x"], "limit": ["5"], "filters": ['{"stars":["1"]}']}
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "DESCRIPTION", "STARS", "OFFICIAL"]
    assert lines[1].split() == ["b", "two", "lines", "9", "[OK]"]
    assert lines[2].split() == ["a", "x" * 44 + "…", "1"]
