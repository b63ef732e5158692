"""A daemon on one host, clients on another, a cable between them; docs/remote.md, step by step."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon import wait_until
from tests.private_host import PrivateHost, join

pytestmark = [pytest.mark.conformance, pytest.mark.root]

GUIDE = Path(__file__).parents[2] / "docs" / "remote.md"
CLIENTS = pytest.mark.parametrize("client", ["docker", "seacan"])
BOX, CLIENT = "10.77.0.1", "10.77.0.2"
SSHD = f"""
AuthorizedKeysFile /root/.ssh/authorized_keys
HostKey /run/sshd/host-key
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
SetEnv PATH={Path(sys.executable).parent}:/usr/local/bin:{os.environ["PATH"]}
"""
SSH = """
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
LogLevel ERROR
"""


class Pair:
    """`box`, where sshd runs, and `client`, with a key that box knows."""

    def __init__(self) -> None:
        self.box, self.client = PrivateHost(), PrivateHost()
        join(self.box, self.client, (BOX, CLIENT))
        for host in (self.box, self.client):
            self.script(host, f"echo {BOX} box >>/etc/hosts; mkdir -m 700 -p /root/.ssh")
        generate = "ssh-keygen -q -t ed25519 -N '' -f"
        self.script(self.client, f"{generate} /root/.ssh/id_ed25519; cat >/root/.ssh/config", SSH)
        key = self.script(self.client, "cat /root/.ssh/id_ed25519.pub")
        self.script(self.box, "cat >/root/.ssh/authorized_keys", key)
        self.script(
            self.box, f"rm -f /usr/local/bin/docker; mkdir /run/sshd; {generate} /run/sshd/host-key"
        )
        self.script(self.box, "cat >/run/sshd/config", SSHD)
        self._sshd = subprocess.Popen(
            self.box.command(
                "/usr/sbin/sshd", "-D", "-f", "/run/sshd/config", "-E", "/run/sshd/log"
            )
        )
        self.script(self.client, "until ssh root@box true 2>/dev/null; do sleep 0.1; done")

    def script(self, host: PrivateHost, text: str, stdin: str = "") -> str:
        """Run lines of shell that must succeed, in a directory of the host's own."""
        done = host.run("sh", "-ec", f"cd /run\n{text}", stdin=stdin)
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        return done.stdout

    def connections(self) -> list[int]:
        """Return the pids of ssh on one side, and of what it runs on the other."""
        there = self.box.processes(b"dial-stdio")
        return there + self.client.processes(b"ssh\0-o\0ConnectTimeout", b"ssh\0-o ConnectTimeout")

    def close(self) -> None:
        self._sshd.terminate()
        self._sshd.wait()
        self.client.close()
        self.box.close()


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    pair = Pair()
    try:
        yield pair
    finally:
        pair.close()


def steps() -> list[tuple[str, str]]:
    """Return (host, lines of shell) in the guide's order."""
    found = re.findall(r"^```sh (box|client)\n(.*?)^```$", GUIDE.read_text(), re.M | re.S)
    assert len(found) == GUIDE.read_text().count("```sh")
    return found


def test_every_step_of_the_guide(pair: Pair, busybox_tar: Path) -> None:
    outputs = []
    for host, text in steps():
        if "seacand -H unix" in text:  # one was started on demand
            stop_daemons(pair.box)
        outputs.append(pair.script(getattr(pair, host), text))
        if "--tlsverify" in text:
            # Asked for too early, `seacan` would start another one.
            pair.script(pair.box, "until grep -q serves /var/log/seacand.log; do sleep 0.1; done")
            pair.script(pair.box, f"seacan load -q -i {busybox_tar}")
    assert "Hello from seacan!" in outputs[0]
    assert "hello-world" in outputs[2]
    assert [text.splitlines()[-1] for text in outputs[4:6]] == ["x", "x"]
    stop_daemons(pair.box)


def stop_daemons(host: PrivateHost) -> None:
    for pid in host.daemons():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not host.daemons(), "the daemons to end")


@pytest.fixture
def loaded(pair: Pair, busybox_tar: Path) -> Iterator[Pair]:
    """The pair, and a daemon with busybox; afterwards no ssh is there, nor a container."""
    pair.script(pair.box, f"seacan load -q -i {busybox_tar}")
    yield pair
    wait_until(lambda: not pair.connections(), "ssh to end")
    pair.script(
        pair.box, 'containers=$(seacan ps -aq); test -z "$containers" || seacan rm -f $containers'
    )


@CLIENTS
def test_over_ssh_all_is_as_on_the_host(loaded: Pair, client: str) -> None:
    there = (client, "-H", "ssh://root@box")
    run = (*there, "run", "--network=none")
    cat = loaded.client.run(*run, "--rm", "-i", "busybox", "cat", stdin="x\n")
    assert (cat.returncode, cat.stdout, cat.stderr) == (0, "x\n", "")
    assert loaded.client.run(*run, "--rm", "busybox", "sh", "-c", "exit 3").returncode == 3
    container = loaded.client.run(*run, "-d", "busybox", "sleep", "1000").stdout.strip()
    data = os.urandom(1 << 20).hex()
    exec_cat = loaded.client.run(*there, "exec", "-i", container, "cat", stdin=data)
    assert (exec_cat.returncode, exec_cat.stdout == data, exec_cat.stderr) == (0, True, "")
    named = loaded.client.run(client, "-H", "ssh://root@box:22/run/seacan.sock", "ps", "-q")
    assert named.stdout.strip() == container[:12]


@CLIENTS
def test_a_client_that_is_killed_leaves_no_ssh(loaded: Pair, client: str) -> None:
    """Also while nothing is printed, so that nobody would notice by writing."""
    words = (client, "-H", "ssh://root@box", "run", "--network=none", "busybox", "sleep", "1000")
    attached = subprocess.Popen(
        loaded.client.command(*words), env=loaded.client.environment(), stdout=subprocess.DEVNULL
    )
    running = ("ps", "-q", "--filter", "status=running")
    wait_until(lambda: loaded.box.seacan(*running).stdout, "the container")
    attached.kill()
    attached.wait()
    wait_until(lambda: not loaded.connections(), "ssh to end")
    assert loaded.box.seacan(*running).stdout


def test_a_daemon_that_dies_keeps_who_is_attached_over_ssh(loaded: Pair) -> None:
    words = ("seacan", "-H", "ssh://root@box", "run", "--network=none", "-i", "busybox", "cat")
    with subprocess.Popen(
        loaded.client.command(*words),
        env=loaded.client.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as attached:
        assert attached.stdin is not None
        assert attached.stdout is not None
        attached.stdin.write(b"before\n")
        attached.stdin.flush()
        assert attached.stdout.readline() == b"before\n"
        [daemon] = loaded.box.daemons()
        os.kill(daemon, signal.SIGKILL)
        attached.stdin.write(b"after\n")
        attached.stdin.flush()
        assert attached.stdout.readline() == b"after\n"
        attached.stdin.close()


@CLIENTS
def test_what_ssh_complains_of_is_told(pair: Pair, client: str) -> None:
    for _ in range(20):
        failed = pair.client.run(client, "-H", "ssh://root@box:1", "ps")
        if client != "docker" or "broken pipe" not in failed.stderr:
            break  # docker asks ssh, and if that is gone by then, tells of that alone
    assert failed.returncode == 1
    assert failed.stderr.startswith("error during connect: ")
    assert "has exited with exit status 255, make sure the URL is valid, and " in failed.stderr
    assert "stderr=ssh: connect to host box port 1: Connection refused" in failed.stderr
