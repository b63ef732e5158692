"""--ssh: agents of this machine, which a build may ask to sign, and nothing else.

    id             the agent at $SSH_AUTH_SOCK
    id=SOCKET      the agent there
    id=KEY[,KEY]   an agent of our own, for as long as the build takes, with these keys

A connection to the daemon waits for each agent. When a message comes on one, the next is made, and
the messages of the first are answered until it ends.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import threading

from seacan.errors import InvalidArgument, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    from seacan.client.client import Client

    class Stream(Protocol):
        def receive(self, most_bytes: int) -> bytes: ...


_VARIABLE = "SSH_AUTH_SOCK"
# What may be asked. Source: draft-ietf-sshm-ssh-agent, SSH_AGENTC_*; others change the agent.
_REQUEST_IDENTITIES, _SIGN_REQUEST = 11, 13
_FAILURE = b"\0\0\0\1\5"
# Of an agent of our own: reads what nobody writes, and so sees our end, also by kill -9.
_UNTIL_THE_END = 'echo; cat; kill "$SSH_AGENT_PID"; rm -rf -- "$0"'
_MESSAGE_LIMIT_BYTES = 256 << 10  # as OpenSSH has it


@contextlib.contextmanager
def forwarded(client: Client, texts: Iterable[str]) -> Iterator[tuple[list[str], str]]:
    """Yield the ids of agents, and the word that the build is sent with, while they answer it.

    Raises InvalidArgument for what is no agent and no key.
    """
    with contextlib.ExitStack() as held:
        given = {}  # the last one of an id counts
        for text in texts:
            agent_id, _, paths = text.partition("=")
            given[agent_id or "default"] = paths
        agents = {each: held.enter_context(_socket(each, paths)) for each, paths in given.items()}
        word = secrets.token_hex(32)
        for agent_id, path in agents.items():
            _wait_in_thread(client, word, agent_id, path)
        yield list(agents), word if agents else ""


@contextlib.contextmanager
def _socket(agent_id: str, paths: str) -> Iterator[str]:
    """Yield the socket of an agent."""
    if not paths:
        path = os.environ.get(_VARIABLE, "")
        if not path:
            raise InvalidArgument(f"--ssh {agent_id}: there is no agent, {_VARIABLE} is not set")
        yield path
        return
    names = paths.split(",")
    kinds = [_kind(agent_id, name) for name in names]
    if stat.S_ISSOCK(kinds[0]):
        if len(names) > 1:
            raise InvalidArgument(f"--ssh {agent_id}: one socket, or keys")
        yield names[0]
        return
    with _own_agent(agent_id, names) as path:
        yield path


def _kind(agent_id: str, path: str) -> int:
    try:
        return os.stat(path).st_mode
    except OSError as err:
        raise InvalidArgument(f"--ssh {agent_id}: {path}: {(err.strerror or '').lower()}") from err


@contextlib.contextmanager
def _own_agent(agent_id: str, keys: list[str]) -> Iterator[str]:
    """Yield the socket of an agent that has these keys, until the end of the block, or of us."""
    if shutil.which("ssh-agent") is None:
        raise InvalidArgument(f"--ssh {agent_id}: keys need ssh-agent, of OpenSSH")
    directory = tempfile.mkdtemp(prefix="seacan-ssh-")
    path = os.path.join(directory, "agent.sock")
    command = ["ssh-agent", "-a", path, "sh", "-c", _UNTIL_THE_END, directory]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as agent:
        assert agent.stdin
        assert agent.stdout
        try:
            agent.stdout.readline()  # it listens
            _add(agent_id, path, keys)
            yield path
        finally:
            agent.stdin.close()


def _add(agent_id: str, path: str, keys: list[str]) -> None:
    """Give an agent its keys; ssh-add asks at the terminal for what they are encrypted with."""
    done = subprocess.run(
        ["ssh-add", "-q", "--", *keys],
        env={**os.environ, _VARIABLE: path},
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().replace("\n", "; ")
        raise InvalidArgument(f"--ssh {agent_id}: {why}")


def _wait_in_thread(client: Client, word: str, agent_id: str, path: str) -> None:
    """Answer for an agent in a thread, which does not keep this process from ending."""
    threading.Thread(target=_wait, args=(client, word, agent_id, path), daemon=True).start()


def _wait(client: Client, word: str, agent_id: str, path: str) -> None:
    """Answer what is asked on a new connection, while the next waits."""
    with (
        contextlib.suppress(OSError, SeacanError),  # the build has ended, or tells why it fails
        client.builds.agent(word, agent_id) as asked,
        _Agent(path) as agent,
    ):
        message = _receive(asked)
        if message:
            _wait_in_thread(client, word, agent_id, path)
        while message:
            asked.send(agent.answer(message))
            message = _receive(asked)


class _Agent:
    """A connection to an agent, made when it is first needed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._is_connected = False

    def __enter__(self) -> _Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def receive(self, most_bytes: int) -> bytes:
        return self._socket.recv(most_bytes)

    def answer(self, message: bytes) -> bytes:
        """Return the agent's answer to a message; a refusal to what would change it."""
        if message[4] not in (_REQUEST_IDENTITIES, _SIGN_REQUEST):
            return _FAILURE
        try:
            if not self._is_connected:
                self._socket.connect(self._path)
                self._is_connected = True
            self._socket.sendall(message)
            return _receive(self) or _FAILURE
        except OSError:
            return _FAILURE


def _receive(stream: Stream) -> bytes:
    """Return a message with its length before it; nothing at the end, or of what is too long."""
    head = _exactly(stream, 4)
    size = int.from_bytes(head, "big")
    if not 0 < size <= _MESSAGE_LIMIT_BYTES:
        return b""
    content = _exactly(stream, size)
    return head + content if content else b""


def _exactly(stream: Stream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = stream.receive(size - len(data))
        if not piece:
            return b""
        data += piece
    return data
