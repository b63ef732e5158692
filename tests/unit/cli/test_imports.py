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


# A compose file needs some of them. PyYAML has its turn once: then its documents are kept.
HEAVY_FOR_COMPOSE = HEAVY - {"re", "enum", "functools", "collections", "threading"}
HEAVY_FOR_COMPOSE |= {"yaml", "hashlib", "decimal", "copy", "seacan.cli.compose.foreground"}


def modules_of(words: list[str], directory: Path) -> set[str]:
    """Return the modules that are loaded at the end of a command line, run in `directory`."""
    script = f"import sys\nsys.path[:] = {sys.path}\n{_PRINT_MODULES}"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=directory,
        env={"DOCKER_CONFIG": str(directory), "XDG_CACHE_HOME": str(directory / "cache")},
    )
    return set(done.stderr.splitlines())


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
        modules = modules_of(["-H", daemon.host, *words], tmp_path)
    commands = {name for name in modules if name.startswith("seacan.cli.commands.")}
    assert commands == {f"seacan.cli.commands.{command}"}
    assert modules & HEAVY == set()


@pytest.mark.parametrize("words", [["ps"], ["config", "--services"], ["up", "-d"]])
def test_what_compose_imports(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "compose.yaml").write_text(
        "name: app\nservices: {a: {image: b, scale: 0, command: c d, mem_limit: 1g}}\n"
    )
    network = {
        "Id": "1",
        "Name": "app_default",
        "Labels": {"com.docker.compose.network": "default"},
    }
    answers = {
        "GET /containers/json": reply("[]"),
        "GET /images/b/json": reply('{"Id": "1"}'),
        "GET /networks/app_default": reply(json.dumps(network)),
    }
    with scripted_daemon(tmp_path, **answers) as daemon:
        loaded = [modules_of(["-H", daemon.host, "compose", *words], tmp_path) for _ in range(2)]
    assert "yaml" in loaded[0]
    assert loaded[1] & HEAVY_FOR_COMPOSE == set()
