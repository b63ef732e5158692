"""The help of every command: tests/golden/cli/help/COMMAND.txt. `make golden` rewrites them."""

import os
from pathlib import Path

import pytest

from seacan.cli import main
from seacan.cli.command import Command, Group
from seacan.cli.session import Exit
from seacan.cli.table.table import COMMANDS, GROUPS

HELP = Path(__file__).parents[2] / "golden" / "cli" / "help"


def expect(name: str, text: str) -> None:
    path = HELP / f"{name.replace(' ', '-')}.txt"
    if os.environ.get("SEACAN_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.exists(), f"{path} is missing: make golden"
    assert text == path.read_text()


@pytest.fixture(autouse=True)
def _terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seacan.cli.usage.terminal_width", lambda: 80)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.names[0])
def test_command(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([*command.names[0].split(), "--help"]) == 0
    expect(command.names[0], capsys.readouterr().out)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_group(group: Group, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([group.name, "--help"]) == 0
    expect(f"{group.name}-commands", capsys.readouterr().out)


@pytest.mark.parametrize("words", [[], ["--help"], ["help"]], ids=" ".join)
def test_seacan(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(words) == 0
    expect("seacan", capsys.readouterr().out)


@pytest.mark.parametrize("topic", [["run", "busybox"], ["context", "use", "x"], ["rm", "-f"]])
def test_help_runs_nothing(topic: list[str]) -> None:
    with pytest.raises(Exit, match=f"^unknown help topic: {' '.join(topic)}$"):
        main.run(["help", *topic])


def test_help_of_a_command_of_compose(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["help", "compose", "up"]) == 0
    assert capsys.readouterr().out.startswith("Usage:  seacan compose up ")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["help", "wait"], "wait"),
        (["help", "container"], "container-commands"),
        (["container"], "container-commands"),
    ],
    ids=str,
)
def test_help_as_a_command(words: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(words) == 0
    assert capsys.readouterr().out == (HELP / f"{name}.txt").read_text()


def test_no_help_is_of_a_command_that_is_gone() -> None:
    known = {command.names[0].replace(" ", "-") for command in COMMANDS}
    known |= {f"{group.name}-commands" for group in GROUPS} | {"seacan"}
    assert {path.stem for path in HELP.glob("*.txt")} <= known
