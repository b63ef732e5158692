"""Calls between our client and our server, over a pair of sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import anyio
import anyio.lowlevel
import pytest

from seacan.build.groups import unwrapped
from seacan.errors import InvalidArgument
from seacan.grpc import calls, http2
from seacan.grpc.client import Client
from seacan.grpc.http2 import ConnectionLost
from seacan.grpc.protobuf import Message, message
from seacan.grpc.server import Answer, Incoming, serve, unary
from seacan.grpc.status import Any as Detail
from seacan.grpc.status import CallFailed, Code, Status

T = TypeVar("T")


@message
class Text(Message):
    text: Annotated[str, 1] = ""


async def echo(call: Incoming, request: Text) -> Text:
    return request


async def count(call: Incoming) -> None:
    while (request := await call.receive(Text)) is not None:
        await call.send(Text(str(len(request.text))))


@asynccontextmanager
async def client_of(methods: Mapping[str, Answer]) -> AsyncIterator[Client]:
    ours, theirs = socket.socketpair()
    client = Client(ours)
    with unwrapped():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.run)
            tasks.start_soon(serve, theirs, b"", methods)
            yield client
            tasks.cancel_scope.cancel()


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def ask(answer: Answer, text: str = "", metadata: Any = ()) -> Text:
    async def work() -> Text:
        async with client_of({"/a": answer}) as client:
            return await client.ask("/a", Text(text), Text, metadata)

    return run(work())


def test_one_message_each() -> None:
    assert ask(unary(Text, echo), "häß") == Text("häß")


def test_more_than_the_windows_take() -> None:
    text = "x" * (5 << 20)
    assert ask(unary(Text, echo), text) == Text(text)


def test_many_messages_both_ways() -> None:
    async def work() -> list[str]:
        found = []
        async with client_of({"/a": count}) as client, client.call("/a") as call:
            for size in (0, 1, 100_000, 2):
                await call.send(Text("x" * size))
                answer = await call.receive(Text)
                assert answer is not None
                found.append(answer.text)
            await call.end()
            assert await call.receive(Text) is None
            await call.wait_status()
        return found

    assert run(work()) == ["0", "1", "100000", "2"]


def test_several_calls_at_once() -> None:
    async def work() -> list[str]:
        found: list[str] = []
        async with client_of({"/a": unary(Text, echo)}) as client, anyio.create_task_group() as all:

            async def one(text: str) -> None:
                found.append((await client.ask("/a", Text(text), Text)).text)

            for number in range(50):
                all.start_soon(one, str(number) * 1000)
        return found

    assert sorted(run(work())) == sorted(str(number) * 1000 for number in range(50))


def test_errors_and_their_details() -> None:
    status = Status(Code.NOT_FOUND, "no ü, 100 %\n", (Detail("type", b"\0\xff"),))

    async def fails(call: Incoming, request: Text) -> Text:
        raise CallFailed(status)

    with pytest.raises(CallFailed) as info:
        ask(unary(Text, fails))
    assert info.value.status == status


@pytest.mark.parametrize(
    ("raised", "code", "sentence"),
    [
        (InvalidArgument("bad"), Code.INVALID_ARGUMENT, "^bad$"),
        (TypeError("oops"), Code.INTERNAL, "^internal error: oops$"),
    ],
)
def test_what_is_raised_is_a_status(
    raised: Exception, code: Code, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fails(call: Incoming, request: Text) -> Text:
        raise raised

    with pytest.raises(CallFailed, match=sentence) as info:
        ask(unary(Text, fails))
    assert info.value.status.code == code
    assert ("TypeError" in capfd.readouterr().err) == isinstance(raised, TypeError)


def test_a_method_that_there_is_not() -> None:
    async def work() -> None:
        async with client_of({}) as client:
            await client.ask("/a.B/C", Text(), Text)

    with pytest.raises(CallFailed, match=r"^not supported: a\.B/C$"):
        run(work())


def test_a_message_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MESSAGE_BYTES", 100)
    assert ask(unary(Text, echo), "x" * 90)
    with pytest.raises(CallFailed, match="message of more than 100 bytes"):
        ask(unary(Text, echo), "x" * 101)


def test_a_deadline_of_the_clients() -> None:
    async def waits(call: Incoming, request: Text) -> Text:
        await anyio.sleep_forever()
        raise AssertionError

    with pytest.raises(CallFailed) as info:
        ask(unary(Text, waits), metadata=[("grpc-timeout", "1m")])
    assert info.value.status.code == Code.DEADLINE_EXCEEDED


def test_a_call_that_is_given_up_is_cancelled() -> None:
    async def work() -> None:
        begun, cancelled = anyio.Event(), anyio.Event()

        async def waits(call: Incoming) -> None:
            begun.set()
            try:
                await anyio.sleep_forever()
            finally:
                cancelled.set()

        async with client_of({"/a": waits}) as client:
            async with client.call("/a"):
                await begun.wait()
            await cancelled.wait()

    run(work())


def test_a_client_that_goes_away_cancels_what_it_asked_for() -> None:
    async def work() -> None:
        begun, cancelled = anyio.Event(), anyio.Event()

        async def waits(call: Incoming) -> None:
            begun.set()
            try:
                await anyio.sleep_forever()
            finally:
                cancelled.set()

        ours, theirs = socket.socketpair()
        client = Client(ours)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve, theirs, b"", {"/a": waits})
            async with anyio.create_task_group() as of_client:
                of_client.start_soon(client.run)
                async with client.call("/a"):
                    await begun.wait()
                    of_client.cancel_scope.cancel()
            await cancelled.wait()
        with pytest.raises(ConnectionLost):
            await client.ask("/a", Text(), Text)

    run(work())


def test_streams_that_are_given_up_at_once_end_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CVE-2023-44487, rapid reset."""
    monkeypatch.setattr(http2, "_MOST_RESETS", 5)

    async def waits(call: Incoming) -> None:
        await anyio.sleep_forever()

    async def work() -> None:
        async with client_of({"/a": waits}) as client:
            for _ in range(50):
                async with client.call("/a"):
                    pass
                await anyio.lowlevel.checkpoint()

    with pytest.raises(ConnectionLost):
        run(work())


def test_what_nobody_reads_is_not_kept_beyond_a_window() -> None:
    async def work() -> int:
        sent = 0

        async def never_reads(call: Incoming) -> None:
            await anyio.sleep_forever()

        async with client_of({"/a": never_reads}) as client, anyio.create_task_group() as tasks:

            async def send() -> None:
                nonlocal sent
                async with client.call("/a") as call:
                    while True:
                        await call.send(Text("x" * 100_000))
                        sent += 100_000

            tasks.start_soon(send)
            before, still = 0, 0
            while still < 1000:
                await anyio.lowlevel.checkpoint()
                still = still + 1 if sent == before else 0
                before = sent
            tasks.cancel_scope.cancel()
        return sent

    assert 500_000 < run(work()) < 2 << 20
