"""RUN --mount=type=ssh: agents of the client, asked by commands of its builds."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Result
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@dataclass
class Keys:
    directory: Path

    def __getitem__(self, name: str) -> Path:
        return self.directory / name

    def public(self, name: str) -> str:
        return (self.directory / f"{name}.pub").read_text().strip()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    directory = tmp_path_factory.mktemp("keys")
    for name in ("one", "two"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]
        subprocess.run([*command, str(directory / name)], check=True, timeout=120)
    return Keys(directory)


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with an image `ssh`, that has this machine's ssh-add and ssh-keygen."""
    context = tmp_path_factory.mktemp("ssh")
    programs = [shutil.which(name) or name for name in ("ssh-add", "ssh-keygen")]
    listed = subprocess.run(["ldd", *programs], capture_output=True, check=True, text=True).stdout
    for path in {*programs, *(word for word in listed.split() if word.startswith("/"))}:
        place = context / path.removesuffix(":").lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path.removesuffix(":"), place)
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        text = 'FROM busybox\nCOPY . /\nRUN echo "root:x:0:0::/:/bin/sh" > /etc/passwd\n'
        done = build(daemon, "-t", "ssh", "-f", "-", str(context), stdin=text)
        assert done.status == 0, done.err
        yield daemon


def command_of(daemon: Daemon, words: Sequence[str]) -> list[str]:
    program = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host]
    return [*program, "build", "--network=none", "--progress=plain", *words]


def build(daemon: Daemon, *words: str, stdin: str, **environment: str) -> Result:
    done = subprocess.run(
        command_of(daemon, words),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    return Result(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def agent(directory: Path, key: Path) -> Iterator[Path]:
    """Yield the socket of an agent of the test's own."""
    path = directory / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        wait_until(path.exists, "ssh-agent to listen")
        add = ["ssh-add", "-q", str(key)]
        subprocess.run(add, env={**os.environ, "SSH_AUTH_SOCK": str(path)}, check=True, timeout=120)
        yield path
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_keys_are_listed_and_sign(daemon: Daemon, keys: Keys, tmp_path: Path) -> None:
    text = (
        "FROM ssh\n"
        "RUN --mount=type=ssh --mount=type=ssh,id=own,target=/x/s,mode=0666 "
        "test $SSH_AUTH_SOCK = /run/buildkit/ssh_agent.0 && ssh-add -L >/default && "
        "SSH_AUTH_SOCK=/x/s ssh-add -L >/own && "
        "for i in 1 2 3 4 5 6; do ssh-keygen -Y sign -n n -f /default /etc/hostname & done; wait; "
        "ls -l /x/s >/mode\n"
    )
    out = tmp_path / "out"
    with agent(tmp_path, keys["one"]) as path:
        ssh = ("--ssh", "default", "--ssh", f"own={keys['two']},{keys['one']}", "-o", str(out))
        done = build(daemon, *ssh, "-", stdin=text, SSH_AUTH_SOCK=str(path))
    assert done.status == 0, done.err
    assert (out / "default").read_text().strip() == keys.public("one")
    listed = (out / "own").read_text().splitlines()
    assert sorted(listed) == sorted([keys.public("one"), keys.public("two")])
    assert done.err.count("Signing file /etc/hostname") == 6
    assert (out / "mode").read_text().startswith("srw-rw-rw-")
    assert not (out / "run" / "buildkit").exists()
    assert not (out / "x").exists()


def test_compose_build_gives_its_agent_to_all_services(
    daemon: Daemon, keys: Keys, tmp_path: Path
) -> None:
    """It comes in the place of the one that the file asks for, and that is not there."""
    run = "RUN --mount=type=ssh ssh-add -L | grep -q ' one$'"
    inline = f'{{dockerfile_inline: "FROM ssh\\n{run}", network: none, ssh: [default]}}'
    file = tmp_path / "compose.yaml"
    file.write_text(f"services: {{a: {{build: {inline}}}, b: {{build: {inline}}}}}\n")
    program = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host]
    words = ["compose", "-f", str(file), "build", "--progress=plain", "--ssh"]
    environment = {name: text for name, text in os.environ.items() if name != "SSH_AUTH_SOCK"}
    with agent(tmp_path, keys["one"]) as path:
        done, wrong = (
            subprocess.run(
                [*program, *words, ssh],
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
                env=environment,
            )
            for ssh in (f"default={path}", "other")
        )
    assert done.returncode == 0, done.stderr
    assert wrong.returncode
    assert 'invalid ssh key "other"' in wrong.stderr


def test_the_agent_is_not_changed(daemon: Daemon, keys: Keys, tmp_path: Path) -> None:
    text = "FROM ssh\nRUN --mount=type=ssh ssh-add -D; ssh-add -x </dev/null; ssh-add -L\n"
    with agent(tmp_path, keys["one"]) as path:
        done = build(daemon, f"--ssh=default={path}", "-", stdin=text)
        listed = subprocess.run(
            ["ssh-add", "-L"],
            env={**os.environ, "SSH_AUTH_SOCK": str(path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert done.status == 0, done.err
    assert "Failed to remove all identities" in done.err
    assert listed.strip() == keys.public("one")


def test_no_agent(daemon: Daemon, keys: Keys) -> None:
    text = "FROM ssh\nRUN --mount=type=ssh{} test -z $SSH_AUTH_SOCK && test ! -e /run/buildkit\n"
    done = build(daemon, "-", stdin=text.format(""))
    assert done.status == 0, done.err
    done = build(daemon, f"--ssh=other={keys['one']}", "-", stdin=text.format(",required"))
    assert "no ssh agent 'default' was forwarded from the client (--ssh default)" in done.err
    assert build(daemon, "--ssh=default", "-", stdin=text, SSH_AUTH_SOCK="").err.endswith(
        "--ssh default: there is no agent, SSH_AUTH_SOCK is not set\n"
    )


@pytest.mark.parametrize("how", ["client", "daemon"])
def test_what_is_cut_short(daemon: Daemon, keys: Keys, how: str) -> None:
    """The command holds a connection to the agent, and asks nothing."""
    before = daemon.leftovers()
    text = (
        "FROM ssh\nRUN --mount=type=ssh echo runs; ssh-add -L >/dev/null; "
        "mkfifo /f; ssh-keygen -Y sign -n n -f /none /f; sleep 1000\n"
    )
    client = subprocess.Popen(
        command_of(daemon, [f"--ssh=default={keys['one']}", "-"]),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with client:
        assert client.stdin
        assert client.stderr
        client.stdin.write(text)
        client.stdin.close()
        assert any(" runs" in line for line in client.stderr)
        agents = _agents(client.pid)
        assert agents
        if how == "client":
            client.send_signal(signal.SIGKILL)
        else:
            daemon.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in agents), "the agent's end")
    if how == "daemon":
        daemon.start()
    daemon.assert_nothing_left(before=before)


def _agents(pid: int) -> list[int]:
    """Return the pids of agents that a client has started: they end with it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = []
    for child in children:
        found.append(int(child))
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found += map(int, Path(f"/proc/{child}/task/{child}/children").read_text().split())
    return found
