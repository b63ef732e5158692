"""`seacan compose` and docker compose as functions, on an application in a directory."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.docker_cli import Result

# Where distributions put the plugin of the docker CLI.
_PLUGINS = ("/usr/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins")
SEACAN = (sys.executable, "-m", "seacan.cli.main", "compose")


def docker_compose() -> tuple[str, ...] | None:
    """Return docker compose, of version 2, if it is here; SEACAN_TEST_COMPOSE may name it."""
    named = os.environ.get("SEACAN_TEST_COMPOSE")
    places = [named, *(f"{directory}/docker-compose" for directory in _PLUGINS)]
    for place in [*places, shutil.which("docker-compose")]:
        if place and os.access(place, os.X_OK) and _version(place) >= 2:
            return (place,)
    return None


def _version(program: str) -> int:
    command = [program, "version", "--short"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    major = done.stdout.removeprefix("v").partition(".")[0]
    return int(major) if major.isdecimal() else 0


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

    def __call__(self, *words: str, timeout_s: float = 50) -> Result:
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
