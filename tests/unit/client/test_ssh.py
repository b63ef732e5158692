"""The stream that ssh is, with a program of the test in its place."""

import os
import select
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from seacan.client.endpoint import parse_host
from seacan.client.ssh import SshStream
from seacan.errors import Unavailable


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A shell script that is called instead of ssh."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    script = tmp_path / "ssh"
    script.touch(mode=0o755)
    yield script
    with pytest.raises(ChildProcessError):  # nobody was left
        os.waitpid(-1, os.WNOHANG)


def test_the_end_of_input_reaches_it_and_its_answer_us(ssh: Path) -> None:
    ssh.write_text("#!/bin/sh\ncat; echo end\n")
    stream = SshStream(parse_host("ssh://there"))
    stream.sendall(b"sent\n")
    stream.shutdown(socket.SHUT_WR)
    received = b""
    while piece := stream.recv(100):
        received += piece
    stream.close()
    assert received == b"sent\nend\n"


def test_its_failure_is_told_in_its_words(ssh: Path) -> None:
    ssh.write_text("#!/bin/sh\necho no such host >&2; exit 255\n")
    stream = SshStream(parse_host("ssh://me@there"))
    with pytest.raises(Unavailable) as raised:
        stream.recv(100)
    stream.close()
    assert str(raised.value).startswith(
        "error during connect: command [ssh -o ConnectTimeout=30 -T -l me -- there sh -c"
    )
    assert str(raised.value).endswith("on the remote host: stderr=no such host")


def test_one_that_goes_on_is_ended(ssh: Path) -> None:
    ssh.write_text("#!/bin/sh\necho ready; exec sleep 1000\n")
    stream = SshStream(parse_host("ssh://there"))
    assert stream.recv(100) == b"ready\n"
    stream.close()
    stream.close()


def test_it_ends_with_us(ssh: Path, tmp_path: Path) -> None:
    """However we end: the process that has the stream is killed."""
    ssh.write_text("#!/bin/sh\necho $$; exec sleep 1000\n")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        stream = SshStream(parse_host("ssh://there"))
        os.write(writer, stream.recv(100))
        signal.pause()
    os.close(writer)
    with open(reader) as lines:
        child = os.pidfd_open(int(lines.readline()))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert select.select([child], [], [], 60)[0]
    os.close(child)


def test_without_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="error during connect: ssh: no such file"):
        SshStream(parse_host("ssh://there"))
