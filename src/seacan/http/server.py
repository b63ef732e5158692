"""Listeners, the cap of connections, and an end that lets answers under way be sent."""

import errno
import resource
import socket
import ssl
from collections.abc import Sequence
from typing import Final

import anyio
import anyio.abc

from seacan import log
from seacan.http.connection import Connection
from seacan.http.errors import log_bug
from seacan.http.limits import Limits
from seacan.http.messages import Application, HeaderLine
from seacan.http.streams import ByteStream, SocketStream
from seacan.http.tls import TlsStream

_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    b'Connection: close\r\nContent-Length: 35\r\n\r\n{"message":"too many connections"}\n'
)
_SHORT_OF: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Server:
    """Answers what comes to its listeners by `application`; `headers` are part of every answer.

    With `tls`, clients have to speak that.
    """

    def __init__(
        self,
        application: Application,
        *,
        headers: Sequence[HeaderLine] = (),
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._application = application
        self._tls = tls
        self._headers = tuple(headers)
        self._limits = limits or Limits()
        # A request needs descriptors beside its connection's.
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = min(self._limits.connections, descriptors // 2)
        self._connections: dict[Connection, None] = {}  # the oldest first
        self._ending = anyio.Event()

    async def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve until cancelled; then close the listeners and let answers under way be sent.

        Streams are cut at once; other answers have `limits.grace_s`.
        """
        async with anyio.create_task_group() as group:
            with anyio.CancelScope(shield=True):  # else nobody would tell it to end
                answering: anyio.abc.TaskGroup = await group.start(self._answer)
            try:
                async with anyio.create_task_group() as accepting:
                    for listener in listeners:
                        accepting.start_soon(self._accept, listener, answering)
            finally:
                for listener in listeners:
                    listener.close()
                self._ending.set()

    async def _answer(self, *, task_status: anyio.abc.TaskStatus[anyio.abc.TaskGroup]) -> None:
        # The connections live in a scope of their own, that the server's cancellation spares.
        with anyio.CancelScope(shield=True) as scope:
            async with anyio.create_task_group() as answering:
                task_status.started(answering)
                await self._ending.wait()
                scope.deadline = anyio.current_time() + self._limits.grace_s
                for connection in self._connections:
                    connection.hang_up()

    async def _accept(self, listener: socket.socket, answering: anyio.abc.TaskGroup) -> None:
        listener.setblocking(False)
        while True:
            await anyio.wait_readable(listener)
            try:
                client, _ = listener.accept()
            except (BlockingIOError, ConnectionError):
                continue
            except OSError as err:
                if err.errno not in _SHORT_OF:
                    raise
                log.warn("accept", error=str(err))
                await anyio.sleep(0.1)
                continue
            if len(self._connections) >= self._most and not self._make_room():
                self._refuse(client)
            else:
                answering.start_soon(self._serve_client, client)

    def _make_room(self) -> bool:
        """Close the oldest connection that only waits: whoever opens many keeps nobody out.

        One whose client has not shown who it is goes first.
        """
        nobodys = (each for each in self._connections if each.is_nobodys)
        idle = (each for each in self._connections if each.is_idle)
        waiting = next(nobodys, None) or next(idle, None)
        if waiting is None:
            return False
        del self._connections[waiting]
        waiting.hang_up()
        return True

    def _refuse(self, client: socket.socket) -> None:
        log.warn("too many connections", limit=self._most)
        with client:
            client.setblocking(False)
            try:
                client.send(_FULL)
            except OSError as err:
                log.debug("refuse a connection", error=str(err))

    async def _serve_client(self, client: socket.socket) -> None:
        stream: ByteStream = TlsStream(client, self._tls) if self._tls else SocketStream(client)
        connection = Connection(
            stream, self._application, headers=self._headers, limits=self._limits
        )
        self._connections[connection] = None
        try:
            await connection.serve()
        except Exception as err:
            log_bug(err)  # it ends one connection, not the server
        finally:
            self._connections.pop(connection, None)
