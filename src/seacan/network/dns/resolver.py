"""Serves one container: answers what is known of others, and has the rest asked elsewhere.

Its sockets hold queries while no daemon is there; the next one answers them.
"""

import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio
from anyio.abc import TaskGroup

from seacan import log
from seacan.network.dns import messages, tcp
from seacan.network.dns.messages import BadQuery, Question, Record

Answer = Callable[[Question], Sequence[Record] | None]
# Takes a query, and whether it came over TCP; returns an answer, or nothing.
Forward = Callable[[bytes, bool], Awaitable[bytes]]

_QUERY_LIMIT: Final = 0xFFFF
_AT_ONCE: Final = 64  # datagrams, before others get their turn
_FORWARDED_LIMIT: Final = 100  # queries that wait for an answer from elsewhere
_CONNECTION_LIMIT: Final = 32
_IDLE_S: Final = 10.0


class Resolver:
    def __init__(
        self, udp: socket.socket, tcp: socket.socket, answer: Answer, forward: Forward
    ) -> None:
        """`answer` gives None for what `forward` is to be asked. The sockets become its own."""
        self._udp = udp
        self._tcp = tcp
        self._answer = answer
        self._forward = forward
        self._forwarded = 0
        self._connections = anyio.Semaphore(_CONNECTION_LIMIT)

    def close(self) -> None:
        self._udp.close()
        self._tcp.close()

    async def serve(self) -> None:
        """Serve until cancelled. No deadline: a container runs as long as it likes."""
        self._udp.setblocking(False)
        self._tcp.setblocking(False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._accept, tasks)
            while True:
                await anyio.wait_readable(self._udp)
                self._take_datagrams(tasks)

    # -- over UDP ---------------------------------------------------------------------------------

    def _take_datagrams(self, tasks: TaskGroup) -> None:
        for _ in range(_AT_ONCE):
            try:
                query, client = self._udp.recvfrom(_QUERY_LIMIT)
            except BlockingIOError:
                return
            if not messages.is_query(query):
                continue
            answer = self._answer_known(query, is_tcp=False)
            if answer is None:
                tasks.start_soon(self._forward_datagram, query, client)
            else:
                self._send(answer, client)

    async def _forward_datagram(self, query: bytes, client: tuple[str, int]) -> None:
        self._send(await self._ask_elsewhere(query, is_tcp=False), client)

    def _send(self, answer: bytes, client: tuple[str, int]) -> None:
        try:
            self._udp.sendto(answer, client)
        except OSError as err:  # as if it were lost on the way: the client asks again
            log.debug("answer is not sent", error=err)

    # -- over TCP ---------------------------------------------------------------------------------

    async def _accept(self, tasks: TaskGroup) -> None:
        while True:
            await self._connections.acquire()
            tasks.start_soon(self._serve_connection, await self._next_connection())

    async def _next_connection(self) -> socket.socket:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except BlockingIOError:
                await anyio.wait_readable(self._tcp)
            except OSError as err:  # it was gone already, or there are too many descriptors
                log.debug("connection is not accepted", error=err)
                await anyio.sleep(0.1)
            else:
                connection.setblocking(False)
                return connection

    async def _serve_connection(self, connection: socket.socket) -> None:
        try:
            with connection:
                while await self._serve_next(connection):
                    pass
        except OSError as err:
            log.debug("connection broke off", error=err)
        finally:
            self._connections.release()

    async def _serve_next(self, connection: socket.socket) -> bool:
        """Answer one query; False if none comes any more."""
        query = b""
        with anyio.move_on_after(_IDLE_S):
            query = await tcp.receive(connection)
        if not messages.is_query(query):
            return False
        answer = self._answer_known(query, is_tcp=True)
        if answer is None:
            answer = await self._ask_elsewhere(query, is_tcp=True)
        with anyio.fail_after(_IDLE_S):
            await tcp.send(connection, answer)
        return True

    # -- what is said -----------------------------------------------------------------------------

    def _answer_known(self, query: bytes, *, is_tcp: bool) -> bytes | None:
        """Return the answer to a query; None if somebody else may have one."""
        try:
            question = messages.parse(query)
        except BadQuery as err:
            return messages.refuse(query, err.rcode)
        records = self._answer(question)
        if records is None:
            return None
        limit = _QUERY_LIMIT if is_tcp else question.limit
        return messages.respond(query, question, records, limit=limit)

    async def _ask_elsewhere(self, query: bytes, *, is_tcp: bool) -> bytes:
        if self._forwarded >= _FORWARDED_LIMIT:
            return messages.refuse(query, messages.REFUSED)
        self._forwarded += 1
        try:
            answer = await self._forward(query, is_tcp)
        finally:
            self._forwarded -= 1
        return answer or messages.refuse(query, messages.SERVFAIL)
