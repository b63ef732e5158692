"""A build as the classic builder tells of it: a stream of JSON, a line each.

Stages are built side by side, and told of one after the other: what the first one that has not
ended tells goes out at once, and of the others all is kept until it is their turn.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from seacan.api.shapes.progress import progress_line
from seacan.build.progress import (
    Began,
    Ended,
    Event,
    Failed,
    Made,
    Missed,
    Noted,
    Planned,
    Printed,
    Pulled,
    Runs,
    StageEnded,
    Told,
)

_SHORT: Final = 12
_KEPT_BYTES: Final = 2 << 20  # of what a stage's commands print while it is not its turn
_MOST_KEPT_BYTES: Final = 64 << 20  # of all stages together
_RED: Final = "\x1b[91m"
_PLAIN: Final = "\x1b[0m"

Send = Callable[[bytes], Coroutine[Any, Any, None]]


def line(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode(message) + b"\r\n"


def stream(text: str) -> bytes:
    return line({"stream": text})


def made(image_id: str) -> bytes:
    return line({"aux": {"ID": image_id}})


def finished(image_id: str, tags: list[str]) -> bytes:
    """Return what is told at the end."""
    lines = [stream(f"Successfully built {short(image_id)}\n")]
    lines += [stream(f"Successfully tagged {tag}\n") for tag in tags]
    return b"".join(lines)


def failed(text: str, status: int | None) -> bytes:
    """Return the last line of a build that failed, `status` that of its command."""
    detail: dict[str, Any] = {"message": text}
    if status is not None:
        detail = {"code": status, "message": text}
    return line({"errorDetail": detail, "error": text})


def short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:_SHORT]


class ClassicProgress:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: dict[int, list[bytes]] = defaultdict(list)
        self._kept: dict[int, int] = defaultdict(int)
        self._kept_limit = _KEPT_BYTES
        self._to_come: deque[int] = deque()  # stages, from the first one that has not ended
        self._ended: set[int] = set()

    async def flush(self) -> None:
        """Tell what waits for its turn, which will not come."""
        for stage in sorted(self._waiting):
            await self._send(b"".join(self._waiting[stage]))
        self._waiting.clear()

    async def __call__(self, event: Event) -> None:
        match event:
            case Planned(stages):
                self._to_come, self._ended = deque(sorted(stages)), set()
                self._kept_limit = min(_KEPT_BYTES, _MOST_KEPT_BYTES // len(stages))
            case Made(image_id):
                await self._send(made(image_id))
            case Noted(text):
                await self._send(stream(f"{text}\n"))
            case Pulled(message):
                await self._send(progress_line(dict(message)))
            case StageEnded(stage):
                await self._end(stage)
            case Failed():
                pass  # the error says so
            case Printed(step):
                await self._printed(step.stage, event)
            case Missed():
                pass  # the classic builder does not say where
            case _:
                if data := _words(event):
                    await self._tell(event.step.stage, data)

    async def _tell(self, stage: int, data: bytes) -> None:
        if self._is_turn(stage):
            await self._send(data)
        else:
            self._waiting[stage].append(data)

    def _is_turn(self, stage: int) -> bool:
        return not self._to_come or stage <= self._to_come[0]

    async def _printed(self, stage: int, event: Printed) -> None:
        text = event.data.decode(errors="replace")
        data = stream(f"{_RED}{text}{_PLAIN}" if event.is_error else text)
        if not self._is_turn(stage):
            before = self._kept[stage]
            self._kept[stage] += len(data)
            if self._kept[stage] > self._kept_limit:
                if before <= self._kept_limit:
                    limit = f"{self._kept_limit >> 10}KiB".replace("2048KiB", "2MiB")
                    said = f"[output clipped, log limit {limit} reached]\n"
                    self._waiting[stage].append(stream(said))
                return
        await self._tell(stage, data)

    async def _end(self, stage: int) -> None:
        self._ended.add(stage)
        while self._to_come and self._to_come[0] in self._ended:
            self._to_come.popleft()
            if self._to_come and (waiting := self._waiting.pop(self._to_come[0], None)):
                await self._send(b"".join(waiting))


def _words(event: Began | Runs | Told | Ended) -> bytes:
    match event:
        case Began(is_trigger=False):
            step = f"Step {event.step.number}/{event.total} : {event.text}"
            return stream(step) + stream("\n")
        case Runs():
            return stream(f" ---> Running in {event.id[:_SHORT]}\n")
        case Told():
            return stream(f"{event.text}\n")
        case Ended():
            return _ended(event)
    return b""


def _ended(event: Ended) -> bytes:
    lines = b""
    if event.is_cached:
        lines += stream(" ---> Using cache\n")
    if event.had_run:
        lines += stream(f" ---> Removed intermediate container {event.had_run[:_SHORT]}\n")
    if not event.is_passed_over:
        lines += stream(f" ---> {short(event.id)}\n")
    return lines
