"""`seacan logs clear`, beyond Docker; what is left is what the docker CLI shows."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

# A line for each that is put into a file of the container's.
ECHO = "echo ready; tail -f /in"
MANY = "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; "


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture
def docker(daemon: Daemon, tmp_path: Path) -> Iterator[Docker]:
    yield Docker(daemon.host, tmp_path)
    daemon.remove_containers()
    daemon.assert_nothing_left()


def seacan(daemon: Daemon, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def start(docker: Docker, *flags: str, before: str = "") -> str:
    docker.ok(
        "run", "-d", "--name", docker.name, "--network", "none", *flags,
        "busybox", "sh", "-c", f"{before}touch /in; {ECHO}",
    )  # fmt: skip
    wait_until(lambda: docker("logs", docker.name).out.endswith("ready\n"), "the first lines")
    return docker.name


def say(docker: Docker, text: str) -> None:
    docker.ok("exec", docker.name, "sh", "-c", f"echo {text} >>/in")


def shows(docker: Docker, text: str) -> None:
    wait_until(lambda: docker("logs", docker.name).out == text, f"a log of {text!r}")


@pytest.mark.parametrize(
    "flags",
    [
        ("--log-driver", "json-file"),
        ("--log-driver", "local"),
        ("--log-driver", "syslog", "--log-opt", "syslog-address=udp://127.0.0.1:9"),
    ],
)
def test_running_and_stopped(daemon: Daemon, docker: Docker, flags: tuple[str, ...]) -> None:
    sizes = () if "syslog" in flags else ("--log-opt", "max-size=20k", "--log-opt", "max-file=9")
    name = start(docker, *flags, *sizes, before=MANY)
    follower = docker.popen("logs", "-f", "--tail", "1", name)
    assert follower.stdout is not None
    assert follower.stdout.readline() == "ready\n"
    path = docker.inspect(name, "{{.LogPath}}")

    assert seacan(daemon, "logs", "clear", name) == (0, f"{name}\n")

    assert docker("logs", name).out == ""
    if path:
        directory = Path(path).parent
        assert [p.name for p in directory.glob("*-json.log*")] == [Path(path).name]
    say(docker, "after")
    assert follower.stdout.readline() == "after\n"
    shows(docker, "after\n")
    docker.ok("kill", name)
    assert follower.wait(60) == 0
    follower.communicate()
    assert seacan(daemon, "logs", "clear", name) == (0, f"{name}\n")
    assert docker("logs", name).out == ""
    docker.ok("start", name)
    wait_until(lambda: docker("logs", name).out.endswith("ready\nafter\n"), "its next lines")


def test_what_has_no_log(daemon: Daemon, docker: Docker) -> None:
    docker.ok("create", "--name", docker.name, "--log-driver", "none", "busybox", "true")
    code, text = seacan(daemon, "logs", "clear", docker.name, "nope")
    assert code == 1
    assert "its logging driver none keeps none here" in text
    assert "No such container: nope" in text


def test_one_that_was_never_started(daemon: Daemon, docker: Docker) -> None:
    docker.ok("create", "--name", docker.name, "busybox", "true")
    assert seacan(daemon, "logs", "clear", docker.name) == (0, f"{docker.name}\n")
    assert docker.ok("logs", docker.name) == ""


def test_a_shim_that_is_killed(daemon: Daemon, docker: Docker) -> None:
    name = start(docker)
    os.kill(daemon.shim_of(name), signal.SIGKILL)
    assert seacan(daemon, "logs", "clear", name)[0] == 0
    assert docker("logs", name).out == ""
