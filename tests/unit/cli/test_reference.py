import shutil
import subprocess
from pathlib import Path

import pytest

from seacan.cli import reference
from seacan.cli.compose import table as compose_table
from seacan.cli.table.table import COMMANDS

DOCS = Path(__file__).parents[3] / "docs"


def test_what_is_in_docs_is_current() -> None:
    stale = "`make reference` writes it anew"
    assert (DOCS / "cli.md").read_text() == reference.markdown(), stale
    assert (DOCS / "seacan.1").read_text() == reference.man(), stale


def test_every_command_has_its_section() -> None:
    names = {f"seacan {c.names[0]}" for c in COMMANDS if not c.is_hidden}
    names |= {f"seacan compose {c.names[0]}" for c in compose_table.COMMANDS}
    found = [line[3:] for line in reference.markdown().splitlines() if line.startswith("## ")]
    assert found == sorted(names)


def test_flags_are_spelled_out() -> None:
    assert "| `-d, --detach` | Leave it running in the background, and print its id |" in (
        reference.markdown()
    )
    lines = reference.man().splitlines()
    assert lines[lines.index(".B \\-d, \\-\\-detach") - 1] == ".TP"


def test_nothing_of_a_text_is_a_macro_or_an_escape() -> None:
    words = {line.split()[0] for line in reference.man().splitlines() if line[:1] in ".'"}
    assert words == {".TH", ".SH", ".SS", ".TP", ".B", ".br"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff here")
def test_groff_has_nothing_to_complain_of() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-P-c", "-P-b", "-P-o", "-P-u", "-ww"],
        input=reference.man(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "seacan run [OPTIONS] IMAGE [COMMAND] [ARG...]" in done.stdout
