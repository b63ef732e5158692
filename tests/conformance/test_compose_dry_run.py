"""`seacan compose --dry-run`: what would be done is told, as docker compose does, and not done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import Setting
from tests.conformance.docker_cli import Docker, Engine

pytestmark = [pytest.mark.root, pytest.mark.conformance]

_FOREVER = "sh -c 'trap \"exit 0\" TERM; sleep 1000 & wait'"
APPLICATION = f"""
services:
  db:
    image: busybox
    command: {_FOREVER}
    healthcheck: {{test: "true", interval: 1s}}
    volumes: ["data:/data"]
    post_start: [{{command: "true"}}]
  web:
    image: busybox
    command: {_FOREVER}
    depends_on: {{db: {{condition: service_healthy}}}}
    scale: 2
    configs: [conf]
volumes: {{data: }}
configs: {{conf: {{content: "of the config"}}}}
"""
MODE = "DRY-RUN MODE -"


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Setting]:
    directory = tmp_path_factory.mktemp("application")
    docker = Docker(engine.host, tmp_path_factory.mktemp("docker"))
    with Setting(directory, engine, docker, APPLICATION) as setting:
        yield setting


def told(text: str) -> list[str]:
    return sorted(" ".join(line.split()) for line in text.splitlines() if MODE in line)


def test_what_would_be_made_is_told(setting: Setting) -> None:
    done = setting.seacan("--dry-run", "up", "-d")
    assert done.status == 0
    assert {
        f"{MODE} Network {setting.name}_default Created",
        f"{MODE} Volume {setting.name}_data Created",
        f"{MODE} Container {setting.name}-db-1 Healthy",
        f"{MODE} Container {setting.name}-web-2 Started",
    } <= {*told(done.err)}
    assert setting.containers() == {}
    assert setting.volumes() == []


@pytest.fixture(scope="module")
def running(setting: Setting) -> Setting:
    setting.seacan.ok("up", "-d", "--wait")
    return setting


@pytest.mark.parametrize(
    "words",
    [
        ("up", "-d"),
        ("up", "-d", "--scale", "web=1"),
        ("create", "--force-recreate"),
        ("stop",),
        ("restart", "web"),
        ("pause",),
    ],
    ids=" ".join,
)
def test_it_is_told_as_docker_compose_does(running: Setting, words: tuple[str, ...]) -> None:
    before = running.containers()
    ours = running.seacan("--dry-run", *words)
    theirs = running.beside()("--dry-run", *words)
    assert ours.status == 0
    assert told(ours.err) == told(theirs.err)
    assert running.containers() == before
    assert running.seacan.ok("ps", "-q").count("\n") == len(before) - 1


def test_what_would_be_removed_is_told(running: Setting) -> None:
    """Docker compose would find the network in use, by what it would have removed before."""
    before = running.containers()
    lines = told(running.seacan("--dry-run", "down", "-v").err)
    for what in ("Network {}_default", "Volume {}_data", "Container {}-web-2"):
        assert f"{MODE} {what.format(running.name)} Removed" in lines
    assert (running.containers(), len(running.volumes())) == (before, 1)


@pytest.mark.parametrize(
    "words",
    [("exec", "web", "true"), ("cp", "web:/x", "."), ("build",), ("watch",), ("wait", "db")],
)
def test_what_cannot_be_told_is_refused(running: Setting, words: tuple[str, ...]) -> None:
    done = running.seacan("--dry-run", *words)
    assert (done.status, done.err.strip()) == (1, "--dry-run: not supported for this command")


def test_a_changed_file_is_what_counts(running: Setting, tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text("services: {web: {hostname: other}, new: {image: busybox}}\n")
    files = ("-f", "compose.yaml", "-f", str(changed))
    done = running.seacan(*files, "--dry-run", "up", "-d")
    lines = told(done.err)
    assert f"{MODE} Container {running.name}-db-1 Running" in lines
    assert f"{MODE} Container {running.name}-web-2 Recreated" in lines
    assert f"{MODE} Container {running.name}-new-1 Started" in lines
    assert "new-1" not in running.containers()
