"""The docker CLI prints what seacan prints, of the same answers: tests/golden/cli/transcripts.

tests/unit/cli/test_output.py holds seacan to the same texts. No engine is needed.
"""

import difflib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests import transcripts
from tests.transcripts import HOST, Block, recorded_daemon

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker CLI here"),
]

_PROGRAM = re.compile(r"\b(docker|seacan)(?=[: '])")


def printed(block: Block, directory: Path) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "DOCKER_HOST": HOST,
        "DOCKER_API_VERSION": transcripts.API_VERSION,
        "DOCKER_CLI_HINTS": "false",
        "DOCKER_CONFIG": str(directory),
        "TZ": "UTC",
    }
    done = subprocess.run(
        ["docker", *block.words],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return transcripts.output_text(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("path", transcripts.TRANSCRIPTS, ids=lambda path: path.stem)
def test_docker_prints_the_same(path: Path, tmp_path: Path) -> None:
    different = []
    with recorded_daemon(tmp_path):
        for block in transcripts.read(path):
            if block.is_own:
                continue
            theirs, ours = (
                _PROGRAM.sub("PROGRAM", text) for text in (printed(block, tmp_path), block.output)
            )
            both = theirs.splitlines(), ours.splitlines()
            changes = [*difflib.unified_diff(*both, "docker", "seacan", n=0, lineterm="")]
            if changes:
                different += [block.line, *changes]
    assert not different, "\n".join(different)
