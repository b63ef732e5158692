"""What commands print for what a daemon answers; `SEACAN_GOLDEN=1` rewrites the transcripts.

tests/transcripts.py says what stands in them. The docker CLI is held to the same ones by
tests/conformance/test_transcripts.py.
"""

import importlib
import os
import re
import time
from pathlib import Path

import pytest
from tests import transcripts
from tests.transcripts import HOST, Block, recorded_daemon

from seacan.cli import main
from seacan.cli.session import Exit
from seacan.cli.table.table import COMMANDS

_OF_THIS_CLIENT = re.compile(r"^( (?:Version|Python version|OS/Arch): +).*$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture(autouse=True)
def _own_place(config_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", HOST)
    monkeypatch.setenv("DOCKER_API_VERSION", transcripts.API_VERSION)
    monkeypatch.chdir(tmp_path)


def printed(
    block: Block, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> str:
    with monkeypatch.context() as patched:
        if block.columns:
            patched.setattr("seacan.cli.output.rows.size", lambda: (24, block.columns))
        try:
            status, text = main.run(block.words), ""
        except Exit as end:
            status, text = end.code, end.text
    captured = capfd.readouterr()
    out = _OF_THIS_CLIENT.sub(r"\1…", captured.out)
    return transcripts.output_text(status, out, captured.err + text)


@pytest.mark.parametrize("path", transcripts.TRANSCRIPTS, ids=lambda path: path.stem)
def test_output(
    path: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocks = transcripts.read(path)
    with recorded_daemon(tmp_path):
        found = [printed(block, capfd, monkeypatch) for block in blocks]
    if os.environ.get("SEACAN_GOLDEN"):
        for block, text in zip(blocks, found, strict=True):
            block.output = text
        transcripts.write(path, blocks)
    for block, text in zip(blocks, found, strict=True):
        assert text == block.output, block.line


def test_version_without_a_daemon_has_the_clients_part(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.run(["version"]) == 1
    captured = capfd.readouterr()
    assert captured.out.startswith("Client:\n Version: ")
    assert captured.err.startswith(f"Cannot connect to the Docker daemon at {HOST}.")


def test_every_command_with_a_format_is_in_a_transcript() -> None:
    shown = {
        " ".join(block.words[:length])
        for path in transcripts.TRANSCRIPTS
        for block in transcripts.read(path)
        for length in (1, 2)
    }
    missing = [
        command.names[0]
        for command in COMMANDS
        if any(flag.name == "format" for flag in importlib.import_module(command.module).FLAGS)
        and not shown.intersection(command.names)
    ]
    assert missing == []
