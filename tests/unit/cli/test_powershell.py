"""The script for PowerShell, read as its grammar has it: there is none here that could run it."""

from collections.abc import Iterator

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from seacan.cli import main

POWERSHELL = Language(tree_sitter_powershell.language())


@pytest.fixture
def script(capsys: pytest.CaptureFixture[str]) -> str:
    assert main.run(["completion", "powershell"]) == 0
    return capsys.readouterr().out


def nodes(text: str) -> Iterator[Node]:
    left = [Parser(POWERSHELL).parse(text.encode()).root_node]
    while left:
        node = left.pop()
        yield node
        left += reversed(node.children)


def wrong(text: str) -> list[str]:
    return [str(node) for node in nodes(text) if node.is_error or node.is_missing]


def commands(text: str) -> list[str]:
    """Return each command of a pipeline with its words, in the order of the script."""
    texts = [(node.text or b"").decode() for node in nodes(text) if node.type == "command"]
    return [" ".join(each.split()) for each in texts]


def test_it_fits_the_grammar(script: str) -> None:
    assert wrong(script) == []


@pytest.mark.parametrize("sound", ["{ return }", "($lines[-1].TrimStart(':'))"])
def test_what_does_not_fit_would_be_told(script: str, sound: str) -> None:
    assert sound in script
    assert wrong(script.replace(sound, sound[:-1], 1))


def test_it_registers_a_completer_that_asks_seacan(script: str) -> None:
    found = commands(script)
    completer = "Register-ArgumentCompleter -Native -CommandName seacan -ScriptBlock {"
    assert found[0].startswith(completer)
    assert "& $program __complete @before 2>$null" in found
