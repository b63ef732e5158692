"""Builds that are cut short: by their client, or by kill -9 of the daemon."""

import contextlib
import json
import random
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.docker_cli import Engine
from tests.daemon import Daemon
from tests.images.archives import member, tar

pytestmark = [pytest.mark.root, pytest.mark.conformance]

FILES = [member(f"d/{number}", b"x" * number) for number in range(300)]
STEPS = b"""FROM busybox
COPY d /d
RUN echo 1 > /1
RUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t echo 2 > /2
COPY d /d2
RUN echo 3 > /3
FROM busybox
COPY --from=0 /d /d
RUN echo end
"""


@pytest.fixture
def daemon(engine: Engine) -> Iterator[Daemon]:
    assert engine.daemon is not None
    before = engine.daemon.leftovers()
    yield engine.daemon
    engine.daemon.assert_nothing_left(before=before)


def context(dockerfile: bytes, *members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    return tar([member("Dockerfile", dockerfile), *members])


class Client:
    """POST /build on a connection that can be cut."""

    def __init__(
        self, daemon: Daemon, sent: bytes, query: str = "networkmode=none", hidden: str = ""
    ) -> None:
        """`hidden` is what X-Seacan-Secrets says."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(120)
        self._socket.connect(str(daemon.socket))
        head = (
            f"POST /build?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Content-Type: application/x-tar\r\nContent-Length: {len(sent)}\r\n"
            f"X-Seacan-Secrets: {hidden}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + sent)
        self.received = bytearray()

    def read_until(self, text: bytes) -> None:
        while text not in self.received:
            data = self._socket.recv(65536)
            assert data, self.received
            self.received += data

    def read(self) -> bytes:
        with contextlib.suppress(ConnectionResetError):
            while data := self._socket.recv(65536):
                self.received += data
        return bytes(self.received)

    def close(self) -> None:
        self._socket.close()


def build(daemon: Daemon, sent: bytes, query: str = "networkmode=none") -> list[dict[str, Any]]:
    client = Client(daemon, sent, query)
    body = client.read().partition(b"\r\n\r\n")[2]
    client.close()
    lines = [line for line in body.splitlines() if line.startswith(b"{")]
    return [json.loads(line) for line in lines]


def check(daemon: Daemon) -> None:
    status, _, body = daemon.raw("GET", "/system/check")
    assert (status, b"problem" in body) == (200, False), body


def kill(daemon: Daemon, client: Client) -> None:
    """Kill the daemon at any instant from now on; start it, and see that nothing is left."""
    threading.Event().wait(random.uniform(0, 0.05))
    daemon.kill()
    client.close()
    daemon.start()
    daemon.assert_nothing_left()
    check(daemon)


def test_a_client_that_goes_away_ends_its_command(daemon: Daemon) -> None:
    text = b"FROM busybox\nRUN touch /left && echo runs && sleep 1000\n"
    client = Client(daemon, context(text), "networkmode=none&nocache=1")
    client.read_until(b'{"stream":"runs')
    client.close()
    daemon.assert_nothing_left()
    check(daemon)


def test_a_client_that_goes_away_while_it_sends(daemon: Daemon) -> None:
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(daemon.socket))
    client.sendall(
        b"POST /build HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\n"
        b"Content-Length: 1000000\r\n\r\n" + context(b"FROM busybox\n")[:700]
    )
    client.close()
    daemon.assert_nothing_left()


def test_kill_while_contents_are_sent_and_kept(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is kept by then: the next build sends what is missing, and is of the right files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM busybox\nCOPY . /c\nRUN cat /c/f; sleep 0.1\n")
    command = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, "build", str(context)]
    command += ["--network", "none", "--progress", "plain"]
    for number in range(4):
        (context / "large").write_bytes(random.randbytes(4 << 20))
        (context / "f").write_text(f"this is {number}\n")
        client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        threading.Event().wait(random.uniform(0.05, 0.3))
        daemon.kill()
        client.wait(120)
        daemon.start()
        directories = [*(daemon.data_root / "build-contexts").iterdir()]
        assert all((path / "index.json").exists() for path in directories)
        again = [*command, "--no-cache"]  # the run may have been over before the kill
        done = subprocess.run(again, capture_output=True, timeout=180, check=False)
        assert f"this is {number}".encode() in done.stderr, done.stderr
        check(daemon)


def test_a_client_that_goes_away_ends_its_download(daemon: Daemon) -> None:
    """The server sends without end, until nobody takes it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/endless"
        client = Client(daemon, context(f"FROM busybox\nADD {url} /x\n".encode()))
        connection, _ = server.accept()
        with connection:
            connection.settimeout(120)
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            connection.sendall(b"x" * (1 << 20))
            client.close()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while True:
                    connection.sendall(b"x" * 65536)
    daemon.assert_nothing_left()


def test_an_image_that_was_told_of_has_its_names(daemon: Daemon) -> None:
    text = "FROM busybox\nRUN echo $RANDOM > /made\n"
    client = Client(daemon, context(text.encode()), "networkmode=none&nocache=1&t=kept:1&t=kept:2")
    client.read_until(b'"aux"')
    kill(daemon, client)
    for name in ("kept:1", "kept:2"):
        assert daemon.request("GET", f"/images/{name}/json")[0] == 200
    daemon.request("DELETE", "/images/kept:1")
    daemon.request("DELETE", "/images/kept:2")


@pytest.mark.parametrize("at", [b"Step 2/", b"Step 3/", b"Running in", b"Step 5/", b"Step 8/"])
def test_kill_of_the_daemon(daemon: Daemon, at: bytes) -> None:
    sent = context(STEPS, *FILES)
    client = Client(daemon, sent, "networkmode=none&nocache=1")
    client.read_until(at)
    kill(daemon, client)
    assert "aux" in build(daemon, sent)[-2]
    lines = [line.get("stream") for line in build(daemon, sent)]
    assert lines.count(" ---> Using cache\n") == 7
    check(daemon)
