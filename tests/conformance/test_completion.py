"""Completion in real shells: typed in a terminal, and finished by the tabulator."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.terminal import Terminal

from seacan.client.contexts import Contexts

pytestmark = pytest.mark.conformance

# How each shell is started without the user's own settings, and told to complete.
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "bind 'set enable-bracketed-paste off'; . /usr/share/bash-completion/bash_completion; "
        ". <(seacan completion bash)",
    ),
    "bash, bare": (["bash", "--norc", "--noprofile", "-i"], ". <(seacan completion bash)"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "autoload -Uz compinit; compinit -u -D; . <(seacan completion zsh)",
    ),
    "fish": (["fish", "--no-config", "-i"], "seacan completion fish | source"),
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """An interactive shell, for which two contexts, a file and an application are there."""
    argv, setup = SHELLS[request.param]
    if shutil.which(argv[0]) is None:
        pytest.skip(f"there is no {argv[0]} here")
    contexts = Contexts(str(tmp_path / ".docker" / "contexts"))
    for name in ("production", "staging:2"):
        contexts.write({"Name": name, "Metadata": {}, "Endpoints": {}})
    (tmp_path / "archive.tar").touch()
    (tmp_path / "compose.yaml").write_text("services: {website: {image: x, profiles: [some]}}")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {
        "PATH": path,
        "HOME": str(tmp_path),
        "TERM": "dumb",
        "PS1": "",
        "LC_ALL": "C.UTF-8",
    }
    with Terminal(argv, environment, columns=200) as terminal:
        terminal.send(f"cd {tmp_path}; {setup}; echo rea''dy\n")
        terminal.expect("ready\r\n")
        yield terminal


# What is typed, and the words that it becomes.
LINES = {
    "conte\tshow": "context show",
    "context us\tprod\t": "context use production",
    "context use stag\t": "context use staging:2",
    "context use staging:\t": "context use staging:2",
    "-c prod\tcontext sh\t": "-c production context show",
    "run --cgroupns pri\t": "run --cgroupns private",
    "run --cgroupns=pri\t": "run --cgroupns=private",
    "load --inp\tarch\t": "load --input archive.tar",
    "compose lo\tweb\t": "compose logs website",
    "compose --profile so\tup --scale web\t": "compose --profile some up --scale website=",
}


def test_what_is_typed_becomes_what_is_meant(shell: Terminal) -> None:
    """The words are printed instead of being run, each in brackets."""
    for typed, meant in LINES.items():
        shell.send(f"seacan {typed}\x01printf '<%s>' \n")
        shell.expect("".join(f"<{word}>" for word in ["seacan", *meant.split()]))
