"""Calls of ours, on a connection that the peer has opened."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from seacan.grpc.calls import CONTENT_TYPE, Call, check_status
from seacan.grpc.http2 import Connection
from seacan.grpc.protobuf import Message
from seacan.grpc.status import Code, failed

M = TypeVar("M", bound=Message)
Metadata = Sequence[tuple[str, str]]


class Outgoing(Call):
    async def wait_status(self) -> None:
        """Take in what is left of the answer. Raises CallFailed if it did not go well."""
        headers = await self._stream.wait_headers()
        while await self._stream.receive():
            pass
        check_status(self._stream.trailers or headers)


class Client:
    """To be run for as long as calls are made."""

    def __init__(self, connection: socket.socket, early: bytes = b"") -> None:
        self._connection = Connection(connection, early, is_client=True)

    async def run(self) -> None:
        """Carry calls until the peer closes the connection, or this is cancelled."""
        await self._connection.run()

    @asynccontextmanager
    async def call(self, path: str, metadata: Metadata = ()) -> AsyncIterator[Outgoing]:
        """Yield a call to be used; it is given up at the end unless it has ended.

        Raises ConnectionLost.
        """
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "localhost"),
            ("content-type", CONTENT_TYPE),
            ("te", "trailers"),
            *metadata,
        ]
        stream = await self._connection.open(headers)
        try:
            yield Outgoing(stream)
        finally:
            stream.reset()

    async def ask(self, path: str, message: Message, kind: type[M], metadata: Metadata = ()) -> M:
        """Return the answer to one message. Raises CallFailed, ConnectionLost, Malformed."""
        async with self.call(path, metadata) as call:
            await call.send(message)
            await call.end()
            answer = await call.receive(kind)
            await call.wait_status()
        if answer is None:
            raise failed(Code.UNKNOWN, f"{path}: an answer without a message")
        return answer
