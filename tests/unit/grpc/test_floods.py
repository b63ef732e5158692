"""Clients that break no rule of HTTP/2, but wear a server out; and those that must be borne."""

import asyncio
import socket
import struct
import tracemalloc
from contextlib import suppress

import anyio
import h2.connection
import h2.events
import pytest

from seacan.grpc import http2
from seacan.grpc.http2 import Connection, Stream


def frame(kind: int, stream_id: int = 0, payload: bytes = b"", flags: int = 0) -> bytes:
    head = struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
    return head + struct.pack(">I", stream_id) + payload


DATA, PRIORITY, SETTINGS, PING, WINDOW_UPDATE, UNKNOWN = 0, 2, 4, 6, 8, 99
FLOODS = {
    "ping": frame(PING, payload=b"12345678"),  # CVE-2019-9512
    "settings": frame(SETTINGS, payload=struct.pack(">HI", 4, 65536)),  # CVE-2019-9515
    "empty": frame(DATA, 1),  # CVE-2019-9518
    "a byte": frame(DATA, 1, b"x"),
    "priority": frame(PRIORITY, 1, b"\0\0\0\0\1"),  # CVE-2019-9513
    "window": frame(WINDOW_UPDATE, payload=struct.pack(">I", 1)),
    "unknown": frame(UNKNOWN),
}


def begin() -> tuple[h2.connection.H2Connection, bytes]:
    """Return a client, and what it says first: a stream is open."""
    client = h2.connection.H2Connection()
    client.initiate_connection()
    client.send_headers(1, [(":method", "POST"), (":scheme", "http"), (":path", "/"),
                            (":authority", "x")])  # fmt: skip
    return client, client.data_to_send()


@pytest.mark.parametrize("name", FLOODS)
def test_who_says_nothing_in_many_frames_is_hung_up_on(name: str) -> None:
    async def never(stream: Stream) -> None:
        await anyio.sleep_forever()

    async def flood() -> list[h2.events.Event]:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        loop = asyncio.get_running_loop()
        client, first = begin()
        found: list[h2.events.Event] = []

        async def send() -> None:
            with suppress(OSError):
                await loop.sock_sendall(theirs, first)
                while True:
                    await loop.sock_sendall(theirs, FLOODS[name] * 1000)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Connection(ours, is_client=False, answer=never).run)
            tasks.start_soon(send)
            with suppress(ConnectionError):
                while data := await loop.sock_recv(theirs, 1 << 16):
                    found += client.receive_data(data)
            tasks.cancel_scope.cancel()
        theirs.close()
        return found

    ended = [e for e in asyncio.run(flood()) if isinstance(e, h2.events.ConnectionTerminated)]
    assert [each.error_code for each in ended] in ([11], [])  # its word may be lost in a reset


def test_who_is_said_much_may_ping_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Go's client does to measure what it can be sent; and grants a window for each piece."""
    monkeypatch.setattr(http2, "_MOST_WORDS", 20)
    pieces = 200

    async def answer(stream: Stream) -> None:
        await stream.send_headers([(":status", "200")])
        for _ in range(pieces):
            await stream.send(b"content")
            assert await stream.receive() == b"go on"
        await stream.end()

    async def listen() -> int:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        loop = asyncio.get_running_loop()
        client, first = begin()
        heard = 0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Connection(ours, is_client=False, answer=answer).run)
            await loop.sock_sendall(theirs, first)
            while data := await loop.sock_recv(theirs, 1 << 16):
                for event in client.receive_data(data):
                    if isinstance(event, h2.events.DataReceived) and event.data:
                        heard += 1
                        client.ping(b"12345678")
                        client.send_data(1, b"go on")
                    if isinstance(event, h2.events.StreamEnded):
                        tasks.cancel_scope.cancel()
                await loop.sock_sendall(theirs, client.data_to_send())
        theirs.close()
        return heard

    assert asyncio.run(listen()) == pieces


def test_what_comes_byte_by_byte_takes_no_more_than_it_is() -> None:
    """The window counts bytes: a million of them in pieces of their own would be 100 MiB."""
    stream = Stream(Connection(socket.socket(), is_client=False), 1)
    tracemalloc.start()
    try:
        for _ in range(100_000):
            stream.came(b"x", 1)
        size_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        stream._connection._socket.close()
    assert size_bytes < 1 << 20
    assert stream.drop() == 100_000
