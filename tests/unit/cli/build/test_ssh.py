"""--ssh: what is an agent, and what it may be asked."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from tests.fakes.ssh_agent import FAILURE, FakeAgent, message

from seacan.cli.build import ssh
from seacan.client.client import Client
from seacan.errors import InvalidArgument, Unavailable


class Connection:
    """A connection to a daemon, whose other end a test has."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def receive(self, most_bytes: int) -> bytes:
        return self._socket.recv(most_bytes)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)


class FakeClient:
    """Gives connections as long as there are some; `asked` are the words and ids."""

    def __init__(self, count: int) -> None:
        pairs = [socket.socketpair() for _ in range(count)]
        self.ends = [end for end, _ in pairs]
        self._others = [other for _, other in pairs]
        self.asked: list[tuple[str, str]] = []
        self.is_exhausted = threading.Event()
        self.builds = self

    def agent(self, word: str, agent_id: str) -> Connection:
        if not self._others:
            self.is_exhausted.set()
            raise Unavailable("no more")
        self.asked.append((word, agent_id))
        return Connection(self._others.pop(0))


@contextmanager
def forwarded(count: int, *texts: str) -> Iterator[tuple[FakeClient, list[str], str]]:
    client = FakeClient(count)
    with ssh.forwarded(cast(Client, client), texts) as (ids, word):
        try:
            yield client, ids, word
        finally:
            for end in client.ends:
                end.close()


def exchange(end: socket.socket, sent: bytes) -> bytes:
    end.settimeout(60)
    end.sendall(sent)
    try:
        return end.recv(1000)
    except ConnectionResetError:  # it ended with something unread
        return b""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[FakeAgent]:
    with FakeAgent(tmp_path / "agent") as agent:
        yield agent


def test_messages_go_to_the_agent_and_back(
    agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(agent.path))
    with forwarded(2, "default", f"other={agent.path}") as (client, ids, word):
        assert ids == ["default", "other"]
        assert len(word) == 64
        for end in client.ends:
            assert exchange(end, message(11)) == message(12, b"of 11")
            assert exchange(end, message(13, b"x" * 300)) == message(12, b"of 13")
        assert client.is_exhausted.wait(60)  # for the next, once one is in use
        assert sorted(client.asked) == [(word, "default"), (word, "other")]


@pytest.mark.parametrize("kind", [17, 18, 19, 22, 23, 25, 27])
def test_what_would_change_it_is_refused(agent: FakeAgent, kind: int) -> None:
    with forwarded(1, f"default={agent.path}") as (client, _, _):
        assert exchange(client.ends[0], message(kind, b"x")) == FAILURE
        assert exchange(client.ends[0], message(11)) == message(12, b"of 11")
    assert agent.asked == [11]


@pytest.mark.parametrize("sent", [b"\0\0\0\0", b"\xff\xff\xff\xff\x0b", b"\0\4\0\1\x0b"])
def test_what_is_no_message_ends_the_connection(agent: FakeAgent, sent: bytes) -> None:
    with forwarded(1, f"default={agent.path}") as (client, _, _):
        assert exchange(client.ends[0], sent) == b""


def test_an_agent_that_has_gone_refuses(agent: FakeAgent) -> None:
    with forwarded(1, f"default={agent.path}") as (client, _, _):
        agent.close()
        assert exchange(client.ends[0], message(11)) == FAILURE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("default", "SSH_AUTH_SOCK is not set"),
        ("a=/nowhere/key", "--ssh a: /nowhere/key: no such file or directory"),
        ("a={agent},{agent}", "--ssh a: one socket, or keys"),
    ],
)
def test_what_is_no_agent(
    agent: FakeAgent, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(InvalidArgument, match=said), forwarded(0, text.format(agent=agent.path)):
        pass
