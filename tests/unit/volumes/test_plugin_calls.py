"""Plugins that never come to an end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from seacan.errors import Internal, Unavailable
from seacan.volumes import plugin_calls
from seacan.volumes.plugin_calls import Address, call

HEAD = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def answering(path: Path, first: bytes, then: bytes) -> Iterator[Address]:
    """Serve one call: `first`, and `then` again and again until the caller hangs up."""

    def serve() -> None:
        client, _ = listener.accept()
        with client, suppress(OSError):
            client.recv(1 << 16)
            client.sendall(first)
            while not ended.wait(0.01 if len(then) == 1 else 0):
                client.sendall(then)

    ended = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Address(f"unix://{path}")
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize("first", [HEAD + b"X: ", HEAD + b"Content-Length: 100000\r\n\r\n"])
def test_one_that_drips_is_not_waited_for(tmp_path: Path, first: bytes) -> None:
    with (
        answering(tmp_path / "s", first, b"x") as address,
        pytest.raises(Unavailable, match="timed out"),
    ):
        call(address, "A.B", {}, timeout_s=0.1)


def test_one_that_answers_without_end_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_calls, "_ANSWER_LIMIT", 1 << 20)
    with (
        answering(tmp_path / "s", HEAD + b"\r\n", bytes(1 << 16)) as address,
        pytest.raises(Internal, match="longer than 1048576 bytes"),
    ):
        call(address, "A.B", {}, timeout_s=60)
