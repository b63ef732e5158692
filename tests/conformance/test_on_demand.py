"""The daemon that `seacan` starts when there is none: in a mount namespace with empty roots.

It has a network namespace of its own, too: the default bridge stays when the daemon ends.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest
from tests.daemon import wait_until
from tests.private_host import PrivateHost

pytestmark = [pytest.mark.conformance, pytest.mark.root]


@pytest.fixture
def host() -> Iterator[PrivateHost]:
    host = PrivateHost()
    try:
        yield host
    finally:
        host.close()


def test_the_first_command_starts_a_daemon_that_stays(host: PrivateHost) -> None:
    first = host.seacan("run", "hello-world")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Hello from seacan!" in first.stdout
    [daemon] = host.daemons()
    listed = host.seacan("ps", "-a")
    assert "hello-world" in listed.stdout
    assert host.daemons() == [daemon]


def test_clients_that_come_at_once_start_one_daemon(host: PrivateHost) -> None:
    words = (sys.executable, "-m", "seacan.cli.main", "run", "--rm", "hello-world")
    clients = [
        subprocess.Popen(
            host.command(*words),
            env=host.environment(),
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


def test_after_kill_the_next_command_finds_what_was_there(host: PrivateHost) -> None:
    assert host.seacan("run", "--name", "first", "hello-world").stderr == ""
    os.kill(host.daemons()[0], signal.SIGKILL)
    wait_until(lambda: not host.daemons(), "its end")
    listed = host.seacan("ps", "-a")
    assert "first" in listed.stdout
    assert host.seacan("rm", "first").returncode == 0


def test_a_host_that_is_named_is_never_started(host: PrivateHost) -> None:
    with tempfile.TemporaryDirectory() as directory:
        named = f"unix://{directory}/nobody.sock"
        result = host.seacan("ps", environment={"DOCKER_HOST": named})
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "nobody.sock" in result.stderr
    assert host.daemons() == []
