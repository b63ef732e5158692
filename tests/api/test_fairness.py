"""One client's bytes are taken a few at a time: others have their turns in between."""

import socket
from collections.abc import Iterator

import anyio
import anyio.lowlevel
import pytest
from tests.api.conftest import read_all

from seacan.http.connection import Connection
from seacan.http.limits import Limits
from seacan.http.messages import Answer, Reply, Request
from seacan.http.streams import SocketStream

PING = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"
LAST_PING = b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
CHUNKED = b"PUT / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def turns_of_others(far: socket.socket) -> int:
    """Serve what `far` has got already; return how often something else had its turn."""
    turns = 0

    async def application(request: Request) -> Answer:
        size = 0
        while piece := await request.receive():
            size += len(piece)
        return Reply(200, str(size).encode())

    async def count() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async def serve() -> None:
        connection = Connection(SocketStream(far), application, headers=(), limits=Limits())
        async with anyio.create_task_group() as group:
            group.start_soon(count)
            await connection.serve()
            group.cancel_scope.cancel()

    anyio.run(serve)
    return turns


def test_a_body_of_chunks_of_one_byte(ends: tuple[socket.socket, socket.socket]) -> None:
    """Ten thousand of them, come at once, were a quarter of a second; megabytes are minutes."""
    near, far = ends
    near.sendall(CHUNKED + b"1\r\na\r\n" * 6400 + b"0\r\n\r\n")
    assert turns_of_others(far) >= 100
    assert read_all(near).endswith(b"\r\n\r\n6400")


def test_many_requests_at_once(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    near.sendall(PING * 60 + LAST_PING)
    assert turns_of_others(far) >= 60
    assert read_all(near).count(b" 200 OK") == 61
