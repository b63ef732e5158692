"""What `seacan registry` executes, and that both sides have the same flags."""

import sys

import pytest

from seacan.cli import flags
from seacan.cli.commands import registry_serve
from seacan.cli.registry_process import command_line
from seacan.registry import flags as registry_flags


def words(*given: str) -> list[str]:
    values, _ = flags.parse(registry_serve.FLAGS, given)
    return command_line("serve", registry_serve.FLAGS, values)


def test_the_flags_that_were_given_go_on() -> None:
    assert words("--root", "/r", "--read-only") == [
        *(sys.executable, "-P", "-m", "seacan.registry", "serve"),
        *("--read-only", "--root=/r"),
    ]
    assert words("--read-only=false")[5:] == []


def test_the_registry_has_the_same_flags(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        registry_flags.parse(["serve", "--help"])
    shown = {word.strip("[],") for word in capsys.readouterr().out.split()}

    named = {word for word in shown if word.startswith("--")} - {"--help"}

    assert named == {f"--{flag.name}" for flag in registry_serve.FLAGS}
