"""--format: the docker CLI's output and seacan's, of the same daemon, are the same text."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.conformance.docker_cli import Docker, Engine, Result

from seacan.cli import main
from seacan.cli.session import Exit

pytestmark = [pytest.mark.root, pytest.mark.conformance]

WEB, OLD, NETWORK, VOLUME = "sc-tmpl-web", "sc-tmpl-old", "sc-tmpl-net", "sc-tmpl-vol"


_CONTROLS = {0x2424: "\n", 0x2409: "\t", 0x2401: "\x01"}


def tables() -> dict[str, list[str]]:
    """Return the formats of templates.txt by the command that they are given to.

    Below a line `# COMMAND` a format each; ␤, ␉ and ␁ are a line end, a tab and a byte 1, and ""
    is none.
    """
    text = Path(__file__).with_name("templates.txt").read_text()
    found: dict[str, list[str]] = {}
    for block in text.strip("\n").split("\n\n"):
        command, *forms = block.removeprefix("# ").split("\n")
        found.setdefault(command, []).extend(
            "" if form == '""' else form.translate(_CONTROLS) for form in forms
        )
    return found


TABLES = tables()


@pytest.fixture(scope="module")
def scene(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """The docker CLI and two containers with something in every field."""
    docker = Docker(engine.host, tmp_path_factory.mktemp("configuration"))
    docker.env["DOCKER_API_VERSION"] = "1.50"  # from 1.51 on, images tell of their containers
    docker.ok("volume", "create", "--label", "x=1", VOLUME)
    docker.ok("network", "create", "--label", "x=y", "--label", "a=b", "--internal", NETWORK)
    labels = ("--label", "a=1", "--label", "b.c=<2>")
    options = ("-e", "A=b", "-p", "8080", "-v", f"{VOLUME}:/data", "--expose", "9")
    where = ("--network", NETWORK, "--restart", "on-failure:3")
    docker.ok("create", "--name", WEB, *labels, *options, *where, "busybox", "sh", "-c", "true")
    docker.ok("run", "--name", OLD, "--network", "none", "busybox", "echo", "hi")
    yield docker
    docker.ok("rm", "-f", WEB, OLD)
    docker.ok("network", "rm", NETWORK)
    docker.ok("volume", "rm", VOLUME)


def seacan(docker: Docker, *words: str) -> Result:
    """Run a command line of seacan's in this process."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with patch.dict(os.environ, docker.env), redirect_stdout(out), redirect_stderr(err):
        try:
            code = main.run(words)
        except Exit as end:
            code = end.code
            print(end.text, file=err)
    return Result(code, out.getvalue(), err.getvalue())


_AGE = re.compile(r"(Less than a|About an?|\d+) (second|minute|hour)s?( ago)?")


def same(docker: Docker, words: list[str], form: str) -> tuple[object, object]:
    """Return what both print, and end with, with ages blanked."""
    both = [docker(*words, "--format", form), seacan(docker, *words, "--format", form)]
    theirs, ours = (
        (result.status, _AGE.sub("AGE", result.out), _AGE.sub("AGE", result.err)) for result in both
    )
    return theirs, ours


@pytest.mark.parametrize("command", TABLES)
def test_same_output(scene: Docker, command: str) -> None:
    compared = [(form, *same(scene, command.split(), form)) for form in TABLES[command]]
    different = [f"{form!r}\n  docker {a}\n  seacan {b}" for form, a, b in compared if a != b]
    assert not different, "\n".join(different)
