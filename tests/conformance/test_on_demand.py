"""The daemon that `seacan` starts when there is none: in a mount namespace with empty roots.

It has a network namespace of its own, too: the default bridge stays when the daemon ends.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon import wait_until

pytestmark = [pytest.mark.conformance, pytest.mark.root]

# The default roots, of which there is one set on a host, are this namespace's own.
_PRIVATE = "mount -t tmpfs none /run && mount -t tmpfs none /var/lib && exec sleep 1000"


class Host:
    """A private view of the host: commands run in it see no daemon but those started in it."""

    def __init__(self) -> None:
        command = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", _PRIVATE]
        self._holder = subprocess.Popen(command)
        pid = self._holder.pid
        # The shell has the word, too, before it has mounted anything.
        command_line = Path(f"/proc/{pid}/cmdline")
        wait_until(lambda: command_line.read_bytes().startswith(b"sleep"), "the namespace")

    def seacan(
        self, *words: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        enter = ["nsenter", "--mount", "--net", "--target", str(self._holder.pid), "--"]
        plain = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")}
        return subprocess.run(
            [*enter, sys.executable, "-m", "seacan.cli.main", *words],
            env={**plain, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def daemons(self) -> list[int]:
        """Return the pids of the daemons in this namespace."""
        own = os.readlink(f"/proc/{self._holder.pid}/ns/mnt")
        found = []
        for process in Path("/proc").iterdir():
            try:
                is_daemon = b"seacan.daemon.main" in (process / "cmdline").read_bytes()
                if is_daemon and os.readlink(process / "ns/mnt") == own:
                    found.append(int(process.name))
            except (OSError, ValueError):
                continue
        return found

    def close(self) -> None:
        for pid in self.daemons():
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not self.daemons(), "the daemons to end")
        self._holder.kill()
        self._holder.wait()


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    try:
        yield host
    finally:
        host.close()


def test_the_first_command_starts_a_daemon_that_stays(host: Host) -> None:
    first = host.seacan("run", "hello-world")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Hello from seacan!" in first.stdout
    [daemon] = host.daemons()
    listed = host.seacan("ps", "-a")
    assert "hello-world" in listed.stdout
    assert host.daemons() == [daemon]


def test_clients_that_come_at_once_start_one_daemon(host: Host) -> None:
    enter = ["nsenter", "--mount", "--net", "--target", str(host._holder.pid), "--"]
    clients = [
        subprocess.Popen(
            [*enter, sys.executable, "-m", "seacan.cli.main", "run", "--rm", "hello-world"],
            env={k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = [client.communicate(timeout=60)[0] for client in clients]
    assert [client.returncode for client in clients] == [0, 0, 0, 0]
    assert all("Hello from seacan!" in output for output in outputs)
    # Those that came second are perhaps still finding that out.
    wait_until(lambda: len(host.daemons()) == 1, "one daemon to be left")


def test_after_kill_the_next_command_finds_what_was_there(host: Host) -> None:
    assert host.seacan("run", "--name", "first", "hello-world").stderr == ""
    os.kill(host.daemons()[0], signal.SIGKILL)
    listed = host.seacan("ps", "-a")
    assert "first" in listed.stdout
    assert host.seacan("rm", "first").returncode == 0


def test_a_host_that_is_named_is_never_started(host: Host) -> None:
    with tempfile.TemporaryDirectory() as directory:
        named = f"unix://{directory}/nobody.sock"
        result = host.seacan("ps", environment={"DOCKER_HOST": named})
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "nobody.sock" in result.stderr
    assert host.daemons() == []
