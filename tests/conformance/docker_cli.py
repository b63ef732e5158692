"""The docker CLI as a function."""

import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.daemon import Daemon, wait_until
from tests.terminal import Terminal


@dataclass(frozen=True)
class Engine:
    host: str  # unix://…
    daemon: Daemon | None  # None: an engine that is not ours


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


class Docker:
    """Calls of `docker`; the containers that they make carry a label of this object's own."""

    def __init__(self, host: str, configuration: Path) -> None:
        inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self.env = inherited | {
            "DOCKER_HOST": host,
            "DOCKER_CONFIG": str(configuration),
            "DOCKER_CLI_HINTS": "false",
            "TERM": "xterm",
        }
        self.name = f"seacan-test-{secrets.token_hex(6)}"  # free for a container of the test
        self._label = f"seacan.test={self.name}"

    def __call__(self, *words: str, stdin: str | bytes = b"", timeout_s: float = 120) -> Result:
        """Run to the end, whatever its status."""
        done = subprocess.run(
            self.command(*words),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env=self.env,
            timeout=timeout_s,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def ok(self, *words: str, stdin: str | bytes = b"") -> str:
        """Run what must succeed and return its output, without space around it."""
        result = self(*words, stdin=stdin)
        assert result.status == 0, f"docker {' '.join(words)}: {result}"
        return result.out.strip()

    def wait_for_command(self, container: str, command: str) -> None:
        """Wait until an init has it: a signal before that may find pid 1 deaf."""
        init = self.inspect(container, "{{.State.Pid}}")
        search = ("pgrep", "--parent", init, "--exact", command)
        wait_until(lambda: subprocess.run(search, capture_output=True).returncode == 0, command)

    def popen(self, *words: str) -> subprocess.Popen[str]:
        """Start one that goes on; its output is to be read from `stdout`."""
        return subprocess.Popen(
            self.command(*words),
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def terminal(self, *words: str) -> Terminal:
        return Terminal(self.command(*words), self.env)

    def command(self, *words: str) -> list[str]:
        label = ["--label", self._label]
        if words[0] in ("run", "create"):
            return ["docker", words[0], *label, *words[1:]]
        if words[:2] == ("network", "create"):
            return ["docker", *words[:2], *label, *words[2:]]
        return ["docker", *words]

    def inspect(self, container: str, template: str) -> str:
        return self.ok("inspect", "-f", template, container)

    def remove_containers(self) -> None:
        containers = self.ok("ps", "-aq", "--filter", f"label={self._label}").split()
        if containers:
            self.ok("rm", "-f", "-v", *containers)

    def remove_networks(self) -> None:
        networks = self.ok("network", "ls", "-q", "--filter", f"label={self._label}").split()
        if networks:
            self.ok("network", "rm", *networks)
