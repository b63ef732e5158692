"""One script, run with the docker CLI and with seacan against daemons alike: the same output.

Standard output, standard error and exit code of each line of script.txt, ids and times blanked.
Help texts are not compared: seacan has its own. tests/unit/cli/test_script_coverage.py tells which
commands and flags are not in the script, and why.
"""

import json
import os
import re
import shlex
import shutil
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
    "start -a --detach-keys zz s7": "the client looks at the keys first, and says what is wrong",
    "exec --detach-keys zz s7 env": "the client looks at the keys first",
    "restart --signal KILL --time 0 s1": "warnings go to standard error",
    "stop --signal KILL --time 0 s1": "warnings go to standard error",
    "update --kernel-memory 9m s6": "kernels have no such limit any more",
    "export -o /none/x s6": "it is the file that is not opened",
    "push --platform linux/s390x none-such.invalid/made": "Docker's advice",
    "context import c4 env": "of a broken archive it says what is wrong",
    "build -f none .": "it is the file that is not opened",
    "manifest inspect none-such.invalid/x": "the daemon asks the registry, not the client",
    "manifest annotate none none": "names are told whole",
}
_BLANKS = (
    (r"\b[0-9a-f]{64}\b", "ID64"),
    (r"\b[0-9a-f]{12}\b", "ID12"),
    (r"(Less than a|About an?|\d+) (second|minute|hour|day|week|month)s?( ago)?", "AGE"),
    (r"\d\d\d\d-\d\d-\d\dT[0-9:.]+Z", "TIME"),
    (r"\b(docker|seacan)(?=[: '])", "PROGRAM"),
)


# What is found in the directory that the commands are run in.
FILES = {"env": "FROM_FILE=1\n# a comment\nHOME\n", "labels": "x=y\n", "bad": "a b=c\n"}
_NOT_OF_THE_COMMAND = re.compile(r"DEPRECATED: The legacy builder.*?\n\n", re.DOTALL)


def blanked(text: str) -> str:
    text = "\n".join(map(canonical, text.split("\n")))
    for pattern, blank in _BLANKS:
        text = re.sub(pattern, blank, text)
    # Columns are as wide as what was in them; what a usage error says after it is help.
    lines = [re.sub(r" {2,}", "  ", line).rstrip() for line in text.split("\n")]
    return "\n".join(lines)


def canonical(line: str) -> str:
    """Return an object of JSON without what is empty, and in order; docker sends all defaults."""
    if not (line.startswith("{") and line.endswith("}")):
        return line
    try:
        value = json.loads(line)
    except ValueError:
        return line
    return json.dumps({key: item for key, item in value.items() if item}, sort_keys=True)


def run(program: list[str], line: str, env: dict[str, str], directory: Path) -> Result:
    done = subprocess.run(
        [*program, *shlex.split(line)],
        env=env,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    err = _NOT_OF_THE_COMMAND.sub("", done.stderr)
    err = err.split("\n\nUsage:")[0].split("\n\nRun '")[0].rstrip("\n")
    return Result(done.returncode, blanked(done.stdout), blanked(err))


def clean(engine: Engine) -> None:
    env = environment(engine)
    for words in (
        "rm -f -v s1 s2 s3 s4 s5 s6 s7 s8 s9",
        "rmi -f made:1 made:2",
        "network rm n1 n2",
        "volume rm -f v1 zz",
        "image prune -f",
    ):
        subprocess.run(["docker", *words.split()], env=env, capture_output=True, check=False)
    subprocess.run(["docker", "container", "prune", "-f"], env=env, capture_output=True, check=True)


def environment(engine: Engine) -> dict[str, str]:
    return os.environ | {
        "DOCKER_HOST": engine.host,
        "DOCKER_CLI_HINTS": "false",
        "DOCKER_API_VERSION": "1.50",
        "COLUMNS": "200",
    }


@pytest.fixture
def empty(engine: Engine) -> Iterator[Engine]:
    clean(engine)
    yield engine
    clean(engine)


@pytest.mark.timeout(1200)
def test_same_script(empty: Engine, tmp_path: Path) -> None:
    directory = tmp_path / "here"  # the same for both: its path is in what they print
    env = environment(empty) | {"DOCKER_CONFIG": str(directory / "config")}
    results: list[list[Result]] = []
    for program in (["docker"], [sys.executable, "-m", "seacan.cli.main"]):
        clean(empty)
        directory.mkdir()
        for name, text in FILES.items():
            (directory / name).write_text(text)
        results.append([run(program, line, env, directory) for line in SCRIPT])
        shutil.rmtree(directory)
    different = [
        f"{line}\n  docker {theirs}\n  seacan {ours}"
        for line, theirs, ours in zip(SCRIPT, *results, strict=True)
        if theirs != ours and line not in OWN
    ]
    assert not different, "\n".join(different)
