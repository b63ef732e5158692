"""`seacan compose` or the daemon killed at any moment: the next up or down finishes the work."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.composing import Setting, kill_at_event
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import Daemon, running_daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance]

_FOREVER = "sh -c 'trap \"exit 0\" TERM; sleep 1000 & wait'"
APPLICATION = f"""
services:
  db:
    image: busybox
    command: {_FOREVER}
    healthcheck: {{test: "true", interval: 100ms}}
    volumes: ["data:/data", /anonymous]
    networks: [back]
  web:
    image: busybox
    command: {_FOREVER}
    environment: {{LEVEL: "1"}}
    depends_on: {{db: {{condition: service_healthy}}}}
    ports: ["127.0.0.1::80"]
    networks: [front, back]
    configs: [{{source: conf, target: /conf}}]
    deploy: {{replicas: 2}}
volumes: {{data: }}
networks: {{front: , back: }}
configs: {{conf: {{content: "of the config"}}}}
"""


@pytest.fixture
def setting(tmp_path: Path, engine: Engine, docker: Docker) -> Iterator[Setting]:
    with Setting(tmp_path, engine, docker, APPLICATION) as setting:
        yield setting


def assert_all_up(setting: Setting) -> None:
    """Numbers may have gaps, as docker compose's have: the next one is after the highest."""
    listed = setting.seacan.ok("ps", "--format", "{{.Name}}", "--status", "running")
    running = sorted(name.removeprefix(f"{setting.name}-") for name in listed.split())
    assert running == sorted(setting.containers())
    assert all(re.fullmatch(r"(db|web)-\d", name) for name in running), running
    assert [name.partition("-")[0] for name in running] == ["db", "web", "web"]


def assert_nothing_left(setting: Setting) -> None:
    label = f"label=com.docker.compose.project={setting.name}"
    for words in (["ps", "-aq"], ["network", "ls", "-q"], ["volume", "ls", "-q"]):
        assert setting.docker.ok(*words, "--filter", label) == ""
    assert setting.docker.ok("volume", "ls", "-q") == ""


def test_killed_on_the_way_up_or_down(setting: Setting) -> None:
    """What comes next is an up or a down, by turns; what it finds is different each time."""
    for turn, count in enumerate(range(1, 16, 3)):
        kill_at_event(setting, count, "up", "-d")
        if turn % 2:
            setting.seacan.ok("up", "-d")
            assert_all_up(setting)
            kill_at_event(setting, count, "down", "-v")
        if turn % 4 == 1:
            setting.seacan.ok("up", "-d")
            assert_all_up(setting)
        setting.seacan.ok("down", "-v")
        assert_nothing_left(setting)


def test_killed_while_containers_are_made_anew(setting: Setting) -> None:
    setting.seacan.ok("up", "-d")
    for count in range(1, 12, 3):
        setting.write(APPLICATION.replace('LEVEL: "1"', f'LEVEL: "1{count}"'))
        kill_at_event(setting, count, "up", "-d")
        setting.seacan.ok("up", "-d")
        assert_all_up(setting)
    setting.seacan.ok("down", "-v")
    assert_nothing_left(setting)


@pytest.fixture
def mortal(busybox_tar: Path, tmp_path: Path) -> Iterator[tuple[Daemon, Setting]]:
    """An application, and the daemon of this test alone, which may be killed."""
    if shutil.which("docker") is None:
        pytest.skip("there is no docker CLI here")
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        docker = Docker(daemon.host, tmp_path / "docker")
        with Setting(tmp_path, Engine(daemon.host, daemon), docker, APPLICATION) as setting:
            yield daemon, setting


def test_the_daemon_killed_on_the_way_up_or_down(mortal: tuple[Daemon, Setting]) -> None:
    daemon, setting = mortal
    for turn, count in enumerate(range(1, 16, 3)):
        words = ("down", "-v") if turn % 2 else ("up", "-d")
        if turn % 2:
            setting.seacan.ok("up", "-d")
        kill_at_event(setting, count, *words, victim=daemon.kill)
        daemon.start()
        if turn % 4 < 2:
            setting.seacan.ok("up", "-d")
            assert_all_up(setting)
        setting.seacan.ok("down", "-v")
        assert_nothing_left(setting)
