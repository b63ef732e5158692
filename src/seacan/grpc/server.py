"""Calls of a client on a connection, each answered by a function."""

import functools
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import anyio

from seacan.errors import SeacanError
from seacan.grpc.calls import CONTENT_TYPE, Call, status_headers
from seacan.grpc.http2 import Connection, Stream
from seacan.grpc.protobuf import Message
from seacan.grpc.status import Code, Status, failed, of_error
from seacan.http.errors import log_bug

_UNITS: Final = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_TIMEOUT: Final = re.compile(r"(\d{1,8})([HMSmun])", re.ASCII)

Answer = Callable[["Incoming"], Awaitable[None]]
Request = TypeVar("Request", bound=Message)


class Incoming(Call):
    """A call of the client; the first message of the answer, or its end, begins it."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self.has_begun = False
        self.headers: list[tuple[str, str]] = []  # told with the beginning of the answer

    async def begin(self) -> None:
        if not self.has_begun:
            self.has_begun = True
            answered = [(":status", "200"), ("content-type", CONTENT_TYPE), *self.headers]
            await self._stream.send_headers(answered)

    async def send(self, message: Message) -> None:
        await self.begin()
        await super().send(message)

    async def only(self, kind: type[Request]) -> Request:
        """Return the one message that the client sends. Raises CallFailed, Malformed."""
        request = await self.receive(kind)
        if request is None:
            raise failed(Code.INVALID_ARGUMENT, "the call has no message")
        return request

    async def finish(self, status: Status) -> None:
        await self.begin()
        await self._stream.send_headers(status_headers(status), ends=True)


def unary(kind: type[Request], answer: Callable[[Incoming, Request], Awaitable[Message]]) -> Answer:
    """Return what answers one message with one."""

    async def answered(call: Incoming) -> None:
        await call.send(await answer(call, await call.only(kind)))

    return answered


async def serve(connection: socket.socket, early: bytes, methods: Mapping[str, Answer]) -> None:
    """Answer calls, by their paths, until the client closes the connection, which is closed."""
    answer = functools.partial(_answer, methods)
    await Connection(connection, early, is_client=False, answer=answer).run()


async def _answer(methods: Mapping[str, Answer], stream: Stream) -> None:
    call = Incoming(stream)
    path = call.metadata.get(":path", "")
    try:
        method = methods.get(path)
        if method is None:
            raise failed(Code.UNIMPLEMENTED, f"not supported: {path.removeprefix('/')}")
        with anyio.fail_after(_timeout_s(call.metadata)):
            await method(call)
        status = Status()
    except TimeoutError:
        status = Status(Code.DEADLINE_EXCEEDED, "the client's deadline has passed")
    except SeacanError as err:
        status = of_error(err)
    except Exception as err:
        log_bug(err)
        status = Status(Code.INTERNAL, f"internal error: {err}")
    await call.finish(status)


def _timeout_s(metadata: Mapping[str, str]) -> float | None:
    """Return how long the client wants to wait; None without a limit."""
    match = _TIMEOUT.fullmatch(metadata.get("grpc-timeout", ""))
    return int(match[1]) * _UNITS[match[2]] if match else None
