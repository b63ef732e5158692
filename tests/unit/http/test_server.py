"""The server's own life: requests are asked in tests/api."""

import socket

import anyio
import pytest
from anyio.lowlevel import checkpoint

from seacan.http.messages import Answer, Request
from seacan.http.server import Server


async def no_answer(request: Request) -> Answer:
    raise NotImplementedError


@pytest.mark.parametrize("steps", range(6))
def test_one_that_is_cancelled_at_once_ends(steps: int) -> None:
    async def begin_and_end() -> None:
        with anyio.fail_after(60), listener:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(Server(no_answer).serve, [listener])
                for _ in range(steps):
                    await checkpoint()
                tasks.cancel_scope.cancel()

    listener = socket.create_server(("127.0.0.1", 0))
    anyio.run(begin_and_end)
    assert listener.fileno() == -1
