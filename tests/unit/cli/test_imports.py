"""A command line imports its own command, and nothing that a short one has no use for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.client.scripted import reply, scripted_daemon

_PRINT_MODULES = """
import sys
from seacan.cli.main import run
code = run(sys.argv[1:])
print("\\n".join(sorted(sys.modules)), file=sys.stderr)
sys.exit(code)
"""
# Each costs milliseconds, and so does what it imports.
HEAVY = {"re", "json", "socket", "enum", "functools", "collections", "typing", "subprocess", "ssl"}
HEAVY |= {"threading", "datetime", "tarfile", "seacan.cli.output.templates"}


@pytest.mark.parametrize(
    ("words", "route", "answer", "command"),
    [
        (["ps"], "GET /containers/json", [], "ps"),
        (["ps", "--format", "table {{.ID}}\\t{{.Names}}"], "GET /containers/json", [], "ps"),
        (["images", "-q"], "GET /images/json", [], "images"),
        (["network", "ls"], "GET /networks", [], "network_ls"),
        (["rm", "a"], "DELETE /containers/a", None, "rm"),
        (["stop", "a"], "POST /containers/a/stop", None, "stop"),
        (["volume", "ls"], "GET /volumes", {"Volumes": [], "Warnings": None}, "volume_ls"),
    ],
)
def test_what_is_imported(
    tmp_path: Path, words: list[str], route: str, answer: object, command: str
) -> None:
    text = "" if answer is None else json.dumps(answer)
    with scripted_daemon(tmp_path, **{route: reply(text)}) as daemon:
        script = f"import sys\nsys.path[:] = {sys.path}\n{_PRINT_MODULES}"
        done = subprocess.run(
            [sys.executable, "-S", "-c", script, "-H", daemon.host, *words],
            capture_output=True,
            text=True,
            check=True,
            env={"DOCKER_CONFIG": str(tmp_path)},
        )
    modules = set(done.stderr.split())
    commands = {name for name in modules if name.startswith("seacan.cli.commands.")}
    assert commands == {f"seacan.cli.commands.{command}"}
    assert modules & HEAVY == set()
