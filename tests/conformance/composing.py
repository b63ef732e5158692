"""`seacan compose` and docker compose as functions, on an application in a directory."""

import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import pytest
from tests.conformance.docker_cli import Docker, Engine, Result

# Where distributions put the plugin of the docker CLI.
_PLUGINS = ("/usr/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins")
SEACAN = (sys.executable, "-m", "seacan.cli.main", "compose")


def docker_compose() -> tuple[str, ...] | None:
    """Return docker compose, of version 2, if it is here; SEACAN_TEST_COMPOSE may name it."""
    for place in [
        *_places("docker-compose", "SEACAN_TEST_COMPOSE"),
        shutil.which("docker-compose"),
    ]:
        if place and os.access(place, os.X_OK) and _version(place) >= 2:
            return (place,)
    return None


def plugin(name: str, variable: str) -> str | None:
    """Return a plugin of the docker CLI, if it is here; `variable` of the environment names it."""
    found = (place for place in _places(name, variable) if place and os.access(place, os.X_OK))
    return next(found, None)


def _places(name: str, variable: str) -> list[str | None]:
    return [os.environ.get(variable), *(f"{directory}/{name}" for directory in _PLUGINS)]


def _version(program: str) -> int:
    command = [program, "version", "--short"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    major = done.stdout.removeprefix("v").partition(".")[0]
    return int(major) if major.isdecimal() else 0


_ACTIONS = ("create", "start", "die", "rename", "destroy", "remove")


class Composer:
    """Calls one of the two about the application in `directory`."""

    def __init__(self, program: Sequence[str], host: str, directory: Path) -> None:
        self._program = program
        self._directory = directory
        inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self.env = inherited | {
            "DOCKER_HOST": host,
            "TOKEN": "of-the-environment",
            "XDG_CACHE_HOME": f"{directory}-cache",
        }

    def __call__(self, *words: str, timeout_s: float = 120) -> Result:
        """Run to the end, whatever its status."""
        done = subprocess.run(
            self.command(*words),
            cwd=self._directory,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str) -> str:
        """Run what must succeed and return its output, without space around it."""
        result = self(*words)
        assert result.status == 0, f"compose {' '.join(words)}: {result}"
        return result.out.strip()

    def popen(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            cwd=self._directory,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def command(self, *words: str) -> list[str]:
        return [*self._program, *words]


class Setting:
    """An application in a directory of its own, under a name of its own; taken down at the end."""

    def __init__(self, directory: Path, engine: Engine, docker: Docker, application: str) -> None:
        self.directory = directory
        self.host = engine.host
        self.docker = docker
        self.name = f"sc{secrets.token_hex(4)}"
        (directory / ".env").write_text(f"COMPOSE_PROJECT_NAME={self.name}\n")
        self.write(application)
        self.seacan = Composer(SEACAN, self.host, directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.seacan("down", "-v", "-t", "0", "--remove-orphans")

    def write(self, text: str) -> None:
        (self.directory / "compose.yaml").write_text(text)

    def beside(self) -> Composer:
        program = docker_compose()
        if program is None:
            pytest.skip("there is no docker compose 2 here")
        return Composer(program, self.host, self.directory)

    def containers(self) -> dict[str, str]:
        """Return ids by names."""
        label = f"label=com.docker.compose.project={self.name}"
        lines = self.docker.ok("ps", "-a", "--no-trunc", "--filter", label, "--format",
                               "{{.Names}} {{.ID}}").splitlines()  # fmt: skip
        return dict(line.removeprefix(f"{self.name}-").split() for line in lines)

    def volumes(self) -> list[str]:
        label = f"label=com.docker.compose.project={self.name}"
        return self.docker.ok("volume", "ls", "-q", "--filter", label).split()


def kill_at_event(
    setting: Setting, count: int, *words: str, victim: Callable[[], None] | None = None
) -> bool:
    """Run compose and kill it, or `victim`, at the `count`th thing it does.

    False if it ended before.
    """
    label = f"--filter=label=com.docker.compose.project={setting.name}"
    actions = [f"--filter=event={action}" for action in _ACTIONS]
    since = f"--since={time.time():.6f}"  # also what it does before anybody listens
    with setting.docker.popen("events", since, label, *actions) as events:
        assert events.stdout is not None
        with setting.seacan.popen(*words) as process:
            threading.Thread(target=_end_with, args=(process, events), daemon=True).start()
            seen = sum(1 for _ in zip(range(count), events.stdout, strict=False))
            (victim or process.kill)()
            process.wait()
        events.terminate()
    return seen == count and process.returncode != 0


def _end_with(process: subprocess.Popen[str], events: subprocess.Popen[str]) -> None:
    process.wait()
    events.terminate()
