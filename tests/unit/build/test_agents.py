"""Agents of clients: who is paired with whom, and when all of it ends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
import pytest

from seacan.build.agents import Agents, BuildAgents
from seacan.errors import InvalidArgument

WORD = "a-word-that-nobody-guesses"


@asynccontextmanager
async def given(agents: Agents, agent_id: str, early: bytes = b"") -> AsyncIterator[socket.socket]:
    """Yield the client's end of a connection that it gave away."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    with ours:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(agents.offer, WORD, agent_id, theirs, early)
            yield ours
            tasks.cancel_scope.cancel()


async def ask(path: Path, message: bytes) -> bytes:
    """Return what is answered to a command, up to the end."""
    async with await anyio.connect_unix(path) as stream:
        if message:
            await stream.send(message)
        with anyio.fail_after(60):
            return b"".join([piece async for piece in stream])


def test_a_connection_is_one_of_the_client(tmp_path: Path) -> None:
    async def scenario() -> None:
        agents = Agents(tmp_path)
        async with (
            given(agents, "default", early=b"early ") as client,  # before there is the build
            agents.of_build(WORD, ["default"]) as build,
            build.listen("default", mode=0o640) as path,
        ):
            assert (await anyio.Path(path).stat()).st_mode & 0o777 == 0o640

            async def answer() -> None:
                loop = asyncio.get_running_loop()
                assert await loop.sock_recv(client, 100) == b"asked"
                await loop.sock_sendall(client, b"answered")
                client.shutdown(socket.SHUT_WR)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(answer)
                assert await ask(path, b"asked") == b"early answered"

    anyio.run(scenario)
    assert list(tmp_path.iterdir()) == []


def test_with_the_build_all_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        agents = Agents(tmp_path)
        async with given(agents, "default") as client:
            async with agents.of_build(WORD, ["default"]) as build, build.listen("default") as path:
                asking = await anyio.connect_unix(path)
                await asking.send(b"asked")
                await anyio.wait_readable(client)
            with anyio.fail_after(60):
                with pytest.raises(anyio.EndOfStream):
                    await asking.receive()
                await asyncio.get_running_loop().sock_recv(client, 100)
                assert await asyncio.get_running_loop().sock_recv(client, 100) == b""
            await asking.aclose()

    anyio.run(scenario)
    assert list(tmp_path.iterdir()) == []


def test_an_agent_that_the_build_does_not_know(tmp_path: Path) -> None:
    async def scenario() -> None:
        agents = Agents(tmp_path)
        async with agents.of_build(WORD, ["default"]) as build, given(agents, "other") as client:
            assert ("default" in build, "other" in build) == (True, False)
            with anyio.fail_after(60):
                assert await asyncio.get_running_loop().sock_recv(client, 100) == b""

    anyio.run(scenario)


def test_a_word_is_of_one_build(tmp_path: Path) -> None:
    async def scenario() -> None:
        agents = Agents(tmp_path)
        async with agents.of_build(WORD, []):
            with pytest.raises(InvalidArgument):
                await agents.of_build(WORD, []).__aenter__()
        async with agents.of_build("", []) as build:
            assert "default" not in build

    anyio.run(scenario)


def test_a_failure_is_raised_as_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        with closing(BuildAgents(["a"], tmp_path)) as agents:
            async with agents.listen("a"):
                raise InvalidArgument("x")

    with pytest.raises(InvalidArgument, match="x"):
        anyio.run(scenario)
