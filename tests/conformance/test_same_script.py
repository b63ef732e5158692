"""One script, run with the docker CLI and with seacan against daemons alike: the same output.

Standard output, standard error and exit code of each line of script.txt, ids and times blanked.
Help texts are not compared: seacan has its own.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Engine, Result

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SCRIPT = Path(__file__).with_name("script.txt").read_text().splitlines()
# What is not the same, and is not meant to be.
OWN = {
    "version": "the client is another",
    "info": "the client is another",
    "inspect --type nope s2": "Docker knows objects of swarms as well",
}
_BLANKS = (
    (r"\b[0-9a-f]{64}\b", "ID64"),
    (r"\b[0-9a-f]{12}\b", "ID12"),
    (r"(Less than a|About an?|\d+) (second|minute|hour|day|week|month)s?( ago)?", "AGE"),
    (r"\d\d\d\d-\d\d-\d\dT[0-9:.]+Z", "TIME"),
    (r"\b(docker|seacan)(?=[: '])", "PROGRAM"),
)


def blanked(text: str) -> str:
    for pattern, blank in _BLANKS:
        text = re.sub(pattern, blank, text)
    # Columns are as wide as what was in them; what a usage error says after it is help.
    lines = [re.sub(r" {2,}", "  ", line).rstrip() for line in text.split("\n")]
    return "\n".join(lines)


def run(program: list[str], line: str, env: dict[str, str]) -> Result:
    done = subprocess.run(
        [*program, *shlex.split(line)],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    err = done.stderr.split("\n\nUsage:")[0].split("\n\nRun '")[0].rstrip("\n")
    return Result(done.returncode, blanked(done.stdout), blanked(err))


def clean(engine: Engine) -> None:
    env = environment(engine)
    for words in ("rm -f s1 s2 s3 s4", "rmi -f made:1 made:2", "network rm n1", "volume rm -f v1"):
        subprocess.run(["docker", *words.split()], env=env, capture_output=True, check=False)
    subprocess.run(["docker", "container", "prune", "-f"], env=env, capture_output=True, check=True)


def environment(engine: Engine) -> dict[str, str]:
    return os.environ | {
        "DOCKER_HOST": engine.host,
        "DOCKER_CONFIG": "/nonexistent",
        "DOCKER_CLI_HINTS": "false",
        "DOCKER_API_VERSION": "1.50",
        "COLUMNS": "200",
    }


@pytest.fixture
def empty(engine: Engine) -> Iterator[Engine]:
    clean(engine)
    yield engine
    clean(engine)


@pytest.mark.timeout(600)
def test_same_script(empty: Engine) -> None:
    results: list[list[Result]] = []
    for program in (["docker"], [sys.executable, "-m", "seacan.cli.main"]):
        clean(empty)
        results.append([run(program, line, environment(empty)) for line in SCRIPT])
    different = [
        f"{line}\n  docker {theirs}\n  seacan {ours}"
        for line, theirs, ours in zip(SCRIPT, *results, strict=True)
        if theirs != ours and line not in OWN
    ]
    assert not different, "\n".join(different)
