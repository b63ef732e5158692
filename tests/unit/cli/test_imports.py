"""A command line imports its own command, and nothing that a short one has no use for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.client.scripted import reply, scripted_daemon
from tests.unit.compose.projects import found, project_of_text

from seacan.compose.config_hash import service_hash

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


# PyYAML has its turn once: then its documents are kept.
HEAVY_FOR_COMPOSE = HEAVY | {"yaml", "hashlib", "decimal", "copy", "shlex", "ipaddress"}
MAKING = {f"seacan.compose.{name}" for name in ("actions", "making", "rolling", "stopping")}


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


APPLICATION = """
name: app
services:
  a: {image: b, command: "c 'd e'", mem_limit: 1g, environment: {X: "${Y:-z}"}, volumes: [./f:/f]}
  b: {image: b, depends_on: [a], ports: ["127.0.0.1:80:80"], healthcheck: {test: c, interval: 5s}}
"""


@pytest.mark.parametrize("words", [["ps"], ["config", "--services"], ["up", "-d"]])
def test_what_compose_imports(tmp_path: Path, words: list[str]) -> None:
    """Of an application that is up."""
    project = project_of_text(tmp_path, APPLICATION)
    joined = {"NetworkSettings": {"Networks": {"app_default": {"NetworkID": "1"}}}}
    containers = [
        {**found(name, 1, **{"config-hash": service_hash(one), "image": "1"}).summary, **joined}
        for name, one in project.services.items()
    ]
    labels = {"com.docker.compose.network": "default", "com.docker.compose.project": "app"}
    network = {"Id": "1", "Name": "app_default", "Labels": labels}
    answers = {
        "GET /containers/json": reply("[]" if words == ["ps"] else json.dumps(containers)),
        "GET /images/b/json": reply('{"Id": "1"}'),
        "GET /networks/app_default": reply(json.dumps(network)),
    }
    with scripted_daemon(tmp_path, **answers) as daemon:
        loaded = [modules_of(["-H", daemon.host, "compose", *words], tmp_path) for _ in range(2)]
        asked = daemon.asked()
    assert "yaml" in loaded[0]
    assert loaded[1] & (HEAVY_FOR_COMPOSE | MAKING) == set()
    if words[0] == "up":
        assert [request.rpartition("/")[2] for request in asked[len(asked) // 2 :]] == [
            *("_ping", "json", "app_default", "json")
        ]
