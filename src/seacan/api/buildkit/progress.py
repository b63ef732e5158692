"""What is told of a build, as vertexes: steps that begin and end, what they print, and say.

A vertex is known by a digest; ours are of the build and of a name in it. Who listens gets all that
was told from the beginning on.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Final

import anyio

from seacan.api.buildkit.messages import (
    StatusResponse,
    Timestamp,
    Vertex,
    VertexLog,
    VertexStatus,
)
from seacan.errors import SeacanError

_LOG_BYTES: Final = 2 << 20  # kept of what a vertex prints, as with BuildKit
_CLIPPED: Final = b"\n[output clipped, log limit 2MiB reached]\n"
_PAUSE_S: Final = 0.1  # between two things said of the same transfer

# Of VertexLog: the streams of a process.
STDOUT, STDERR = 1, 2


def now() -> Timestamp:
    moment = time.time_ns()
    return Timestamp(moment // 10**9, moment % 10**9)


class Telling:
    """All that is told of one build."""

    def __init__(self, ref: str) -> None:
        self._ref = ref
        self._told: list[StatusResponse] = []
        self._is_over = False
        self._news = anyio.Event()

    def tell(self, said: StatusResponse) -> None:
        self._told.append(said)
        self._wake()

    def close(self) -> None:
        """Tell that nothing follows."""
        self._is_over = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def listen(self) -> AsyncIterator[StatusResponse]:
        """Yield what is told from the beginning on, to the end; what waits, together."""
        at = 0
        while True:
            news = self._news
            if waiting := self._told[at:]:
                at += len(waiting)
                yield _together(waiting)
            elif self._is_over:
                return
            else:
                await news.wait()

    def step(self, name: str, key: str = "") -> "Step":
        """Return a vertex that is not there yet; `key` tells it from others of its name."""
        digest = hashlib.sha256(f"{self._ref}\0{key}\0{name}".encode()).hexdigest()
        return Step(self, Vertex(digest=f"sha256:{digest}", name=name))

    @asynccontextmanager
    async def during(self, name: str, key: str = "") -> AsyncIterator["Step"]:
        """Tell of a vertex for as long as the block takes, and of the error that ends it."""
        step = self.step(name, key)
        step.begin()
        try:
            yield step
        except SeacanError as err:
            step.fail(str(err))
            raise
        except BaseException:
            step.fail("canceled")
            raise
        step.end()


class Step:
    """A vertex while it goes on."""

    def __init__(self, telling: Telling, vertex: Vertex) -> None:
        self._telling = telling
        self._vertex = vertex
        self._log_bytes = 0
        self._said: dict[str, tuple[float, VertexStatus]] = {}

    @property
    def digest(self) -> str:
        return self._vertex.digest

    def begin(self) -> None:
        self._change(replace(self._vertex, started=now()))

    def end(self, *, is_cached: bool = False) -> None:
        self.finish_statuses()
        self._change(replace(self._vertex, completed=now(), is_cached=is_cached))

    def fail(self, error: str) -> None:
        self.finish_statuses()
        self._change(replace(self._vertex, completed=now(), error=error))

    def _change(self, vertex: Vertex) -> None:
        self._vertex = vertex
        self._telling.tell(StatusResponse(vertexes=(vertex,)))

    def print(self, data: bytes, stream: int = STDOUT) -> None:
        """Tell what it prints, up to a bound."""
        if self._log_bytes > _LOG_BYTES:
            return
        self._log_bytes += len(data)
        if self._log_bytes > _LOG_BYTES:
            data = _CLIPPED
        log = VertexLog(self.digest, now(), stream, data)
        self._telling.tell(StatusResponse(logs=(log,)))

    def say(
        self, status_id: str, current: int = 0, total: int = 0, *, is_over: bool = False
    ) -> None:
        """Tell how far something within it has come; in between, not each time."""
        at, before = self._said.get(status_id, (0.0, None))
        first = before or VertexStatus(status_id, self.digest, status_id, started=now())
        status = replace(first, current=current, total=total, timestamp=now())
        if is_over:
            status = replace(status, completed=now())
        moment = time.monotonic()
        if is_over or moment - at >= _PAUSE_S:
            at = moment
            self._telling.tell(StatusResponse(statuses=(status,)))
        self._said[status_id] = (at, status)

    def finish_statuses(self) -> None:
        """Tell that all that was going on within it has come to its end."""
        for status_id, (_, status) in [*self._said.items()]:
            if status.completed is None:
                self.say(status_id, status.current, status.total, is_over=True)


def teller(step: Step) -> Callable[[dict[str, Any]], None]:
    """Return what tells, from any thread, messages about layers that are on their way."""
    loop = asyncio.get_running_loop()

    def say(message: dict[str, Any]) -> None:
        detail = message.get("progressDetail") or {}
        said = f"{message['id']} {message.get('status', '')}"
        step.say(said, detail.get("current") or 0, detail.get("total") or 0)

    def tell(message: dict[str, Any]) -> None:
        if message.get("id"):
            with suppress(RuntimeError):  # the daemon has ended meanwhile
                loop.call_soon_threadsafe(say, message)

    return tell


def _together(told: list[StatusResponse]) -> StatusResponse:
    """Return it in one; of a vertex and a status that changed more than once, the last word."""
    vertexes = {each.digest: each for said in told for each in said.vertexes}
    statuses = {(each.vertex, each.id): each for said in told for each in said.statuses}
    return StatusResponse(
        vertexes=tuple(vertexes.values()),
        statuses=tuple(statuses.values()),
        logs=tuple(each for said in told for each in said.logs),
        warnings=tuple(each for said in told for each in said.warnings),
    )
