"""A registry in a process of its own, as `seacan registry serve` starts it; it can be killed."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.registry.conftest import Client

_PATIENCE_S = 60


class Process(Client):
    def __init__(self, directory: Path, *flags: object) -> None:
        super().__init__(0)
        self.root = directory / "registry"
        self._log = directory / "registry.log"
        self._flags = [str(flag) for flag in flags]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens at a port of its own."""
        self._log.write_bytes(b"")
        command = [
            *(sys.executable, "-m", "seacan.cli.main", "registry", "serve"),
            *("--addr", "127.0.0.1:0", "--root", str(self.root), "--log-level", "debug"),
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*command, *self._flags], stdout=log, stderr=log)
        line = self.wait_for_log(r"registry serves.* addr=127\.0\.0\.1:(\d+)")
        self.port = int(line[1])

    def wait_for_log(self, pattern: str) -> re.Match[str]:
        assert self._process is not None
        deadline = time.monotonic() + _PATIENCE_S
        while not (found := re.search(pattern, self._log.read_text())):
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.01)
        return found

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without warning."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        self.signal(signal.SIGTERM)
        assert self._process is not None
        return self._process.wait(timeout=_PATIENCE_S)

    def problems(self) -> str:
        """Return what `seacan registry verify` prints, while it does not run."""
        command = [sys.executable, "-m", "seacan.cli.main", "registry", "verify"]
        done = subprocess.run(
            [*command, f"--root={self.root}"], capture_output=True, text=True, check=False
        )
        assert done.returncode == bool(done.stdout), done
        assert not done.stderr, done
        return done.stdout


@contextmanager
def running_process(directory: Path, *flags: object) -> Iterator[Process]:
    process = Process(directory, *flags)
    process.start()
    try:
        yield process
        assert process.stop() == 0
    finally:
        process.kill()
