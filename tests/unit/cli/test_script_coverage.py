"""Which commands and flags tests/conformance/script.txt runs with both clients, and which not, why.

Those of the transcripts (tests/golden/cli) count as well: they, too, are compared with docker's.
"""

import importlib
import shlex
from pathlib import Path

from tests import transcripts

from seacan.cli.command import Command
from seacan.cli.flags import Flag
from seacan.cli.table.table import BY_SPELLING, COMMANDS

SCRIPT = Path(__file__).parents[2] / "conformance" / "script.txt"

OWN = "Docker has no such command"
ELSEWHERE = {
    "completion": "conformance/test_completion; the scripts are our own",
    "compose": "conformance/test_compose_commands, beside docker compose",
    "explain": OWN,
    "limit": OWN,
    "limit ls": OWN,
    "limit rm": OWN,
    "logs clear": OWN,
    "registry serve": OWN,
    "registry verify": OWN,
    "system check": OWN,
    "system dial-stdio": "conformance/test_remote; Docker hides it",
    "system install": OWN,
    "tls init": OWN,
    "volume clone": OWN,
    "volume export": OWN,
    "volume import": OWN,
    "volume rename": OWN,
}
NOT_DOCKERS = "Docker has no such flag"
REFUSED = "refused by name: test_main"
FLAGS_ELSEWHERE = {
    "--disable-content-trust": REFUSED,
    "--use-api-socket": REFUSED,
    "build": "conformance/test_seacan_build; docker builds by BuildKit",
    "create --gpus": "run has it",
    "create --health-on-failure": NOT_DOCKERS,
    "run --health-on-failure": NOT_DOCKERS,
    "images --tree": "conformance/test_seacan_terminal: a picture of its own",
    "logs --grep": NOT_DOCKERS,
    "manifest annotate": "conformance/test_docker_registry",
    "manifest create": "conformance/test_docker_registry",
    "manifest inspect": "conformance/test_docker_registry",
    "manifest push": "conformance/test_docker_registry",
    "ps --watch": NOT_DOCKERS,
    "run --trace": NOT_DOCKERS,
    "start --checkpoint": REFUSED,
    "start --checkpoint-dir": REFUSED,
    "update --publish-add": NOT_DOCKERS,
    "update --publish-rm": NOT_DOCKERS,
}


def lines() -> list[list[str]]:
    found = [shlex.split(line) for line in SCRIPT.read_text().splitlines()]
    for path in transcripts.TRANSCRIPTS:
        found += [block.words for block in transcripts.read(path) if not block.is_own]
    return found


def used() -> dict[str, set[str]]:
    """Return the flags, as they are written, of each command that is run."""
    found: dict[str, set[str]] = {}
    for words in lines():
        for length in (2, 1):
            if command := BY_SPELLING.get(" ".join(words[:length])):
                flags = {word.partition("=")[0] for word in words[length:] if word[:1] == "-"}
                found.setdefault(command.names[0], set()).update(flags)
                break
    # What makes a container is the same code.
    found["run"] |= found["create"]
    found["create"] |= found["run"]
    return found


def is_used(flag: Flag, written: set[str]) -> bool:
    if f"--{flag.name}" in written:
        return True
    short = [word[1:] for word in written if not word.startswith("--")]
    return bool(flag.short) and any(flag.short in word for word in short)


def missing_flags(command: Command, written: set[str]) -> list[str]:
    name = command.names[0]
    return [
        f"{name} --{flag.name}"
        for flag in importlib.import_module(command.module).FLAGS
        if not is_used(flag, written)
        and not {name, f"--{flag.name}", f"{name} --{flag.name}"} & FLAGS_ELSEWHERE.keys()
    ]


def test_every_command_is_compared_with_dockers() -> None:
    names = {command.names[0] for command in COMMANDS}
    assert names - used().keys() == ELSEWHERE.keys()


def test_every_flag_is_compared_with_dockers() -> None:
    run = used()
    missing = [
        flag
        for command in COMMANDS
        if command.names[0] not in ELSEWHERE
        for flag in missing_flags(command, run[command.names[0]])
    ]
    assert missing == []
