"""Words that are no command: aliases, plugins, slips; and what else config.json has."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.client.scripted import reply, scripted_daemon

from seacan.cli import main
from seacan.cli.session import Exit


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["exce"], "Did you mean 'seacan exec'?\n\nRun 'seacan --help'"),
        (["imagse"], "Did you mean 'seacan images'?"),
        (["container", "strat"], "'seacan container start'?\n\nUsage:  seacan container"),
        (["xyzzy"], "seacan: unknown command: seacan xyzzy\n\nRun 'seacan --help'"),
    ],
)  # fmt: skip
def test_a_slip_is_told_of(configuration: Path, words: list[str], hint: str) -> None:
    with pytest.raises(Exit) as raised:
        main.run(words)
    assert raised.value.code == 1
    assert hint in raised.value.text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["run", "--nmae=x", "i"],
            "unknown flag: --nmae\n\nDid you mean '--name'?\n\nUsage:  seacan",
        ),
        (["ps", "--filetr", "x"], "unknown flag: --filetr\n\nDid you mean '--filter'?\n\nUsage:  "),
        (["--cotnext", "x", "ps"], "unknown flag: --cotnext\n\nDid you mean '--context'?\n\nUsage"),
        (["ps", "--xyzzy"], "unknown flag: --xyzzy\n\nUsage:  seacan ps [OPTIONS]"),
    ],
)
def test_a_slip_in_a_flag_is_told_of(configuration: Path, words: list[str], text: str) -> None:
    with pytest.raises(Exit) as raised:
        main.run(words)
    assert raised.value.code == 125
    assert raised.value.text.startswith(text)


@pytest.mark.parametrize("word", ["swarm", "service", "checkpoint", "trust"])
def test_what_docker_has_alone_is_refused_by_name(configuration: Path, word: str) -> None:
    with pytest.raises(Exit, match=f"seacan {word} is not supported: "):
        main.run([word, "ls"])


def test_aliases(configuration: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aliases = {"mine": "ps -a --format '{{.Names}} is'", "version": "ps", "bad": 3, "open": "a '"}
    configuration.write_text(json.dumps({"aliases": aliases}))
    containers = [{"Id": "a" * 64, "Names": ["/web"], "Created": 0}]
    with scripted_daemon(
        configuration.parent, **{"GET /containers/json": reply(json.dumps(containers))}
    ) as daemon:
        assert main.run(["-H", daemon.host, "mine", "--no-trunc"]) == 0
        assert daemon.requests[-1].query == "all=1"
    assert capsys.readouterr().out == "web is\n"
    for word, complaint in (("bad", "the alias bad in .* is no command"), ("open", "No closing")):
        with pytest.raises(Exit, match=complaint):
            main.run([word])


def test_headers_of_the_configuration_are_sent(configuration: Path) -> None:
    headers = {"X-Who": "me", "user-agent": "other"}
    configuration.write_text(json.dumps({"HttpHeaders": headers}))
    with scripted_daemon(configuration.parent, **{"GET /containers/json": reply("[]")}) as daemon:
        assert main.run(["-H", daemon.host, "ps"]) == 0
        assert daemon.requests[-1].headers["x-who"] == "me"
        assert daemon.requests[-1].headers["user-agent"].startswith("seacan/")


def test_proxies_become_variables(configuration: Path) -> None:
    proxies = {"default": {"httpProxy": "http://p:1", "noProxy": "x"}}
    configuration.write_text(json.dumps({"proxies": proxies}))
    replies = {"POST /containers/create": reply('{"Id": "a", "Warnings": []}')}
    with scripted_daemon(configuration.parent, **replies) as daemon:
        assert main.run(["-H", daemon.host, "create", "-e", "NO_PROXY=mine", "x"]) == 0
        sent = json.loads(daemon.requests[-1].body)["Env"]
    assert sent == ["NO_PROXY=mine", "HTTP_PROXY=http://p:1", "http_proxy=http://p:1", "no_proxy=x"]


def test_a_plugin_takes_over(configuration: Path) -> None:
    extra = configuration.parent / "extra"
    extra.mkdir()
    configuration.write_text(json.dumps({"cliPluginsExtraDirs": [str(extra)]}))
    plugin = extra / "docker-greet"
    plugin.write_text('#!/bin/sh\necho "$@" "$DOCKER_HOST" "$DOCKER_CONFIG"; exit 7\n')
    plugin.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "seacan.cli.main", "-H", "unix:///s.sock", "greet", "--all", "you"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert done.stdout == f"greet --all you unix:///s.sock {configuration.parent}\n"
    assert done.returncode == 7
