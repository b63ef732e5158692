"""Sessions: connections on which the clients of builds serve their files, secrets and credentials.

A session is known by the id that its client has chosen, and ends with its connection.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

import anyio

from seacan.api.buildkit.messages import BytesMessage
from seacan.errors import Conflict, NotFound, Unavailable
from seacan.grpc.client import Client, Metadata, Outgoing
from seacan.grpc.http2 import ConnectionLost
from seacan.grpc.protobuf import Message
from seacan.grpc.server import Incoming
from seacan.grpc.status import CallFailed

_MOST: Final = 1000
_COMES_S: Final = 10.0  # after the build that needs it
_LONGEST_ID: Final = 256
_PIECE_BYTES: Final = 32 << 10

M = TypeVar("M", bound=Message)


# Of a request that opens a session, in lower case.
ID_HEADER: Final = "x-docker-expose-session-uuid"
KEY_HEADER: Final = "x-docker-expose-session-sharedkey"


class Session:
    def __init__(self, session_id: str, shared_key: str, client: Client) -> None:
        self.id = session_id
        self.shared_key = shared_key  # what the client calls its directories by, or nothing
        self._client = client

    async def ask(self, path: str, message: Message, kind: type[M]) -> M | None:
        """Return the client's answer; None if it has no such thing, or no such service.

        Raises CallFailed, ConnectionLost.
        """
        try:
            return await self._client.ask(path, message, kind)
        except CallFailed as err:
            if err.is_unimplemented or err.is_not_found:
                return None
            raise

    @asynccontextmanager
    async def call(self, path: str, metadata: Metadata = ()) -> AsyncIterator[Outgoing]:
        """Yield a call of the client's service. Raises ConnectionLost."""
        async with self._client.call(path, metadata) as call:
            yield call


class NoSession(Session):
    """Of a build whose client serves nothing, but for what came with it."""

    def __init__(self) -> None:
        self.id = self.shared_key = ""

    async def ask(self, path: str, message: Message, kind: type[M]) -> M | None:
        return None

    @asynccontextmanager
    async def call(self, path: str, metadata: Metadata = ()) -> AsyncIterator[Outgoing]:
        raise NotFound("no session: the build wants files of its client, which serves none")
        yield


class Sessions:
    """Those whose connections are open."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._changed = anyio.Event()

    def check(self, session_id: str) -> None:
        """Raise Conflict, Unavailable if there cannot be a session of this id."""
        if not session_id or len(session_id) > _LONGEST_ID:
            raise Conflict("a session needs an id (X-Docker-Expose-Session-Uuid)")
        if session_id in self._sessions:
            raise Conflict(f"session {session_id} already exists")
        if len(self._sessions) >= _MOST:
            raise Unavailable(f"there are {_MOST} sessions of builds already")

    async def serve(
        self, session_id: str, shared_key: str, connection: socket.socket, early: bytes
    ) -> None:
        """Let builds use the client's services until it closes the connection."""
        client = Client(connection, early)
        try:
            self.check(session_id)
        except (Conflict, Unavailable):
            connection.close()
            raise
        self._sessions[session_id] = Session(session_id, shared_key, client)
        self._changed.set()
        self._changed = anyio.Event()
        try:
            await client.run()
        finally:
            del self._sessions[session_id]

    async def serve_call(self, call: Incoming) -> None:
        """As `serve`, on a connection that a call carries: what comes and goes are its messages."""
        session_id = call.metadata.get(ID_HEADER, "")
        self.check(session_id)
        ours, given = socket.socketpair()
        with ours:
            ours.setblocking(False)
            await call.begin()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_pass_on, call, ours)
                tasks.start_soon(_send_back, call, ours, tasks.cancel_scope)
                await self.serve(session_id, call.metadata.get(KEY_HEADER, ""), given, b"")
                tasks.cancel_scope.cancel()

    async def get(self, session_id: str) -> Session:
        """Return a session, which may come a little later; without an id, none. Raises NotFound."""
        if not session_id:
            return NoSession()
        with anyio.move_on_after(_COMES_S):
            while session_id not in self._sessions:
                await self._changed.wait()
        if found := self._sessions.get(session_id):
            return found
        raise NotFound(f"no active session for {session_id}")


async def _pass_on(call: Incoming, connection: socket.socket) -> None:
    """Write what the client sends to a connection, to its end."""
    loop = asyncio.get_running_loop()
    with suppress(OSError, ConnectionLost):  # the session, or the call, has ended
        while (message := await call.receive(BytesMessage)) is not None:
            await loop.sock_sendall(connection, message.data)
        connection.shutdown(socket.SHUT_WR)


async def _send_back(call: Incoming, connection: socket.socket, scope: anyio.CancelScope) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError, ConnectionLost):
        while data := await loop.sock_recv(connection, _PIECE_BYTES):
            await call.send(BytesMessage(data))
    scope.cancel()
