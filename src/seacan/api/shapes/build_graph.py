"""A build as seacan's own client hears of it: its steps, several of them at once.

    {"began": {"id": 3, "total": 9, "stage": "deps", "text": "RUN npm ci",
               "line": 4, "lastLine": 5}}
    {"printed": {"id": 3, "text": "added 7 packages"}}
    {"ended": {"id": 3, "isCached": false}}
    {"failed": {"id": 3}}

Beside these, what the classic stream has as well: `stream` (something to be said), `status` (a
pull), `aux` (the image's id), `errorDetail`, here with the lines of the Dockerfile.
"""

from collections.abc import Sequence
from typing import Any

from seacan.api.shapes.build import Send, line, made, stream
from seacan.api.shapes.progress import progress_line
from seacan.build.dockerfile.errors import DockerfileError
from seacan.build.dockerfile.parse import parse
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
from seacan.build.runs import CommandFailed
from seacan.errors import SeacanError


class GraphProgress:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._stages: Sequence[str] = ()
        self.missed = (0, 0)  # the lines that name an image that cannot be had

    def name_stages(self, dockerfile: bytes) -> None:
        """Take the names of the stages. Raises DockerfileError."""
        self._stages = [stage.begin.name for stage in parse(dockerfile).stages]

    async def __call__(self, event: Event) -> None:
        if data := self._message(event):
            await self._send(data)

    def _message(self, event: Event) -> bytes:
        match event:
            case Began():
                return line({"began": self._began(event)})
            case Printed(step, data):
                text = data.decode(errors="replace")
                return line({"printed": {"id": step.number, "text": text}})
            case Ended(step, is_cached=is_cached):
                return line({"ended": {"id": step.number, "isCached": is_cached}})
            case Failed(step):
                return line({"failed": {"id": step.number}})
            case Told(step, text):
                return line({"printed": {"id": step.number, "text": f"{text}\n"}})
            case Noted(text):
                return stream(f"{text}\n")
            case Pulled(message):
                return progress_line(dict(message))
            case Made(image_id):
                return made(image_id)
            case Missed(line_, last_line):
                self.missed = (line_, last_line)
                return b""
            case Planned() | Runs() | StageEnded():
                return b""

    def _began(self, event: Began) -> dict[str, Any]:
        step = event.step
        return {
            "id": step.number,
            "total": event.total,
            "stage": self._stages[step.stage] if step.stage < len(self._stages) else "",
            "text": f"ONBUILD {event.text}" if event.is_trigger else event.text,
            "line": event.line,
            "lastLine": max(event.line, event.last_line),
        }


def failed(err: SeacanError, lines: tuple[int, int] = (0, 0)) -> bytes:
    """Return the last line of a build that failed; `lines` are what it is of if `err` says none."""
    detail: dict[str, Any] = {"message": str(err)}
    if isinstance(err, CommandFailed):
        detail["code"] = err.status
    if isinstance(err, DockerfileError):
        lines = (err.line, err.last_line)
    if any(lines):
        detail |= {"line": lines[0], "lastLine": lines[1]}
    return line({"errorDetail": detail, "error": str(err)})
