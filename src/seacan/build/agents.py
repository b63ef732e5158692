"""ssh agents of clients, within reach of builds: each message goes to the client and back.

    command ─▶ socket, mounted into its root ─▶ daemon ─▶ connection of the client's ─▶ its agent

The client gives away connections of its own (POST /build/agents), for a build that it names by a
word that nobody else knows. One is taken for each that a command makes to the socket; the client
then gives another. The keys never leave the agent, and with the build all of it is gone.
"""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio
import msgspec
from msgspec import field

from seacan.build.groups import unwrapped
from seacan.errors import InvalidArgument

_MOST_CONNECTIONS: Final = 16  # of a socket at a time
_BACKLOG: Final = 16
_PIECE_BYTES: Final = 1 << 16
_CLIENT_S: Final = 30.0  # for the build to come, or for the client to give a connection


class _Given(msgspec.Struct, frozen=True):
    """A connection of the client's, and what came on it already."""

    connection: socket.socket
    early: bytes
    used: anyio.Event = field(default_factory=anyio.Event)


class BuildAgents:
    """The agents that the client of one build has, by their ids."""

    def __init__(self, ids: Iterable[str], directory: Path) -> None:
        """`directory` is where sockets are made, each in a directory of its own."""
        self._directory = directory
        self._given = {each: anyio.create_memory_object_stream[_Given](0) for each in ids}

    def __contains__(self, agent_id: object) -> bool:
        return agent_id in self._given

    async def offer(self, agent_id: str, connection: socket.socket, early: bytes) -> None:
        """Return when the connection was used, or when the build has ended.

        Raises InvalidArgument for an id that the build does not know.
        """
        if agent_id not in self._given:
            raise InvalidArgument(f"the build has no ssh agent {agent_id!r}")
        given = _Given(connection, early)
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._given[agent_id][0].send(given)
            await given.used.wait()

    @asynccontextmanager
    async def listen(
        self, agent_id: str, *, uid: int = 0, gid: int = 0, mode: int = 0o600
    ) -> AsyncIterator[Path]:
        """Yield the path of a socket that the agent answers at, for whom its mode lets in."""
        directory = Path(tempfile.mkdtemp(dir=self._directory))
        try:
            path = directory / "agent.sock"
            with _listener(path, uid, gid, mode) as listener, unwrapped():
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._accept, listener, agent_id)
                    yield path
                    tasks.cancel_scope.cancel()
        finally:
            shutil.rmtree(directory)

    def close(self) -> None:
        for sending, receiving in self._given.values():
            sending.close()
            receiving.close()

    async def _accept(self, listener: socket.socket, agent_id: str) -> None:
        loop = asyncio.get_running_loop()
        free = anyio.Semaphore(_MOST_CONNECTIONS)
        async with anyio.create_task_group() as tasks:
            while True:
                await free.acquire()
                connection, _ = await loop.sock_accept(listener)
                tasks.start_soon(self._serve, connection, agent_id, free)

    async def _serve(self, connection: socket.socket, agent_id: str, free: anyio.Semaphore) -> None:
        given: _Given | None = None
        try:
            with anyio.move_on_after(_CLIENT_S):
                given = await self._given[agent_id][1].receive()
            if given is not None:
                await _join(connection, given)
        except anyio.EndOfStream:
            return  # the build has ended
        finally:
            connection.close()
            free.release()
            if given is not None:
                given.used.set()


class Agents:
    """Of all builds: each by the word that its client has chosen."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._builds: dict[str, BuildAgents] = {}
        self._changed = anyio.Condition()

    @asynccontextmanager
    async def of_build(self, word: str, ids: Iterable[str]) -> AsyncIterator[BuildAgents]:
        """Yield the agents of a build, for as long as it takes; without a word there are none.

        Raises InvalidArgument if another build has the word.
        """
        if word in self._builds:
            raise InvalidArgument("there is a build with these ssh agents already")
        agents = BuildAgents(ids if word else (), self._directory)
        if word:
            self._builds[word] = agents
        try:
            async with self._changed:
                self._changed.notify_all()
            yield agents
        finally:
            self._builds.pop(word, None)
            agents.close()

    async def offer(
        self, word: str, agent_id: str, connection: socket.socket, early: bytes
    ) -> None:
        """Take a connection to an agent, which is closed when it was used or is of no use."""
        with connection, suppress(InvalidArgument):
            agents = await self._find(word)
            if agents is not None:
                await agents.offer(agent_id, connection, early)

    async def _find(self, word: str) -> BuildAgents | None:
        """Return the agents of a build; its request may come a little later."""
        with anyio.move_on_after(_CLIENT_S):
            async with self._changed:
                while word not in self._builds:
                    await self._changed.wait()
        return self._builds.get(word)


def _listener(path: Path, uid: int, gid: int, mode: int) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.bind(str(path))
        os.chown(path, uid, gid)
        path.chmod(mode)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


async def _join(connection: socket.socket, given: _Given) -> None:
    """Carry bytes both ways, until one side ends."""
    async with anyio.create_task_group() as tasks:

        async def carry(source: socket.socket, sink: socket.socket, early: bytes) -> None:
            loop = asyncio.get_running_loop()
            with suppress(OSError):
                data = early
                while data or (data := await loop.sock_recv(source, _PIECE_BYTES)):
                    await loop.sock_sendall(sink, data)
                    data = b""
            tasks.cancel_scope.cancel()

        tasks.start_soon(carry, connection, given.connection, b"")
        tasks.start_soon(carry, given.connection, connection, given.early)
