"""Peers that send, or take, so little that waiting for them has no end."""

import io
import itertools
import socket
from typing import Any

import pytest
import urllib3

from seacan.images.remote import failures, pace
from seacan.images.remote.pace import PacedReader, TooSlow, set_pace


class Source(io.RawIOBase):
    """So many bytes a read, each after so long."""

    def __init__(self, size: int, wait_s: float) -> None:
        self.size = size
        self.wait_s = wait_s
        self.now_s = 0.0

    def readinto(self, buffer: Any) -> int:
        self.now_s += self.wait_s
        return min(self.size, len(buffer))


def reads(monkeypatch: pytest.MonkeyPatch, source: Source) -> int:
    """Return how often it is read from before it is given up; at most 1000 times."""
    monkeypatch.setattr("time.monotonic", lambda: source.now_s)
    reader = PacedReader(source)
    for count in itertools.count():
        if count == 1000:
            return count
        try:
            reader.readinto(bytearray(1 << 16))
        except TooSlow:
            return count
    raise AssertionError


def test_who_drips_is_given_up_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reads(monkeypatch, Source(100, 1.0)) == 60  # after the first, which may be late
    assert reads(monkeypatch, Source(1 << 16, 50.0)) == 1000
    assert reads(monkeypatch, Source(1 << 10, 1.0)) == 1000


def test_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_SEND_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as server, urllib3.PoolManager() as manager:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        body = itertools.repeat(bytes(1 << 20))
        with pytest.raises(urllib3.exceptions.HTTPError) as caught:
            set_pace(manager).request("PUT", url, body=body, retries=False)
    assert failures.cause(caught.value, url) == "the other side takes nothing for 0 s"
