"""The servers that are asked for what no container is called.

A query goes on as it came, under an id and from a port of its own each time, over what it came
over: a client that gets a truncated answer asks again over TCP, and so do we. Who does not answer
soon is still listened to while the next one is asked.
"""

import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio
import msgspec
from anyio.abc import TaskGroup

from seacan import log
from seacan.network.dns import messages, tcp

# Opens a socket that does not block, for a family and a type, in the network of the asker.
Open = Callable[[int, int], Awaitable[socket.socket]]

_PORT: Final = 53
_SERVER_LIMIT: Final = 3  # resolv.conf(5), MAXNS
_PATIENCE_S: Final = 1.5  # with one server alone
_DEADLINE_S: Final = 8.0
_REPLY_LIMIT: Final = 0xFFFF
_FAILED: Final = (messages.SERVFAIL, messages.NOTIMP, messages.REFUSED)


class Server(msgspec.Struct, frozen=True):
    address: str  # numeric
    port: int = _PORT


async def open_here(family: int, kind: int) -> socket.socket:
    """Return a socket in the daemon's own network, hence the host's."""
    return socket.socket(family, kind | socket.SOCK_NONBLOCK)


async def ask(
    query: bytes,
    servers: Sequence[Server],
    open_socket: Open,
    *,
    over_tcp: bool,
    patience_s: float = _PATIENCE_S,
    deadline_s: float = _DEADLINE_S,
) -> bytes:
    """Return the answer of the first of `servers` that has one; one that tells of failure if none.

    Empty if nobody answers. After `patience_s` the next one is asked, too.
    """
    race = _Race(query, open_socket, socket.SOCK_STREAM if over_tcp else socket.SOCK_DGRAM)
    with anyio.move_on_after(deadline_s):
        async with anyio.create_task_group() as tasks:
            await race.run(servers[:_SERVER_LIMIT], tasks, patience_s)
    return race.answer or race.failure


class _Race:
    def __init__(self, query: bytes, open_socket: Open, kind: int) -> None:
        self._query = query
        self._open = open_socket
        self._kind = kind
        self.answer = b""
        self.failure = b""

    async def run(self, servers: Sequence[Server], tasks: TaskGroup, patience_s: float) -> None:
        """Have one after the other asked; the first answer cancels the tasks."""
        for server in servers:
            failed = anyio.Event()
            tasks.start_soon(self._try, server, failed, tasks)
            with anyio.move_on_after(patience_s):
                await failed.wait()

    async def _try(self, server: Server, failed: anyio.Event, tasks: TaskGroup) -> None:
        try:
            reply = await self._exchange(server)
        except OSError as err:
            log.debug("server of names", address=server.address, error=err)
            reply = b""
        if reply and messages.rcode(reply) not in _FAILED:
            self.answer = reply
            tasks.cancel_scope.cancel()
        self.failure = self.failure or reply
        failed.set()

    async def _exchange(self, server: Server) -> bytes:
        """Ask one server; return its answer under the id of the query. Raises OSError."""
        asked = messages.with_id(self._query, secrets.randbits(16))
        family, _, _, _, address = socket.getaddrinfo(
            server.address, server.port, type=self._kind, flags=socket.AI_NUMERICHOST
        )[0]
        with await self._open(family, self._kind) as connection:
            await _connect(connection, address)
            if self._kind == socket.SOCK_STREAM:
                await tcp.send(connection, asked)
                reply = await tcp.receive(connection)
            else:
                connection.send(asked)
                reply = await _hear(connection, asked)
        if not messages.answers_to(asked, reply):
            raise OSError("no answer to what was asked")
        return messages.with_id(reply, int.from_bytes(self._query[:2]))


async def _connect(connection: socket.socket, address: object) -> None:
    try:
        connection.connect(address)  # type: ignore[arg-type]
    except BlockingIOError:
        await anyio.wait_writable(connection)
        if number := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(number, os.strerror(number)) from None


async def _hear(connection: socket.socket, asked: bytes) -> bytes:
    """Return the datagram that answers; others may be somebody's who guesses. Raises OSError."""
    while True:
        try:
            reply = connection.recv(_REPLY_LIMIT)
        except BlockingIOError:
            await anyio.wait_readable(connection)
            continue
        if messages.answers_to(asked, reply):
            return reply
