"""The builder's events as vertexes, named as BuildKit names the steps of a Dockerfile.

    [base 2/3] RUN make         the second of what changes files in the stage `base`

Instructions that change no file are none of them.
"""

from collections.abc import Collection
from typing import Final

import msgspec

from seacan.api.buildkit.progress import STDERR, STDOUT, Step, Telling
from seacan.build.dockerfile.instructions import Add, Copy, Dockerfile, Run, Workdir
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
    StepId,
    Told,
)
from seacan.errors import InvalidArgument
from seacan.images import references

_CHANGING: Final = (Run, Copy, Add, Workdir)
_CHANGING_WORDS: Final = ("RUN", "COPY", "ADD", "WORKDIR")


class _Stage(msgspec.Struct, frozen=True):
    label: str  # empty if it is the only one
    base: str  # an image; empty if it is another stage
    total: int


class Place(msgspec.Struct, frozen=True):
    """Where in the Dockerfile something is; lines from 1, 0 if it is not known."""

    first_line: int = 0
    last_line: int = 0


class StepProgress:
    """A Progress of the builder's."""

    def __init__(self, telling: Telling, dockerfile: bytes, contexts: Collection[str]) -> None:
        """`contexts` are names that mean no image. Raise DockerfileError if it is none."""
        self._telling = telling
        self._stages = _stages(parse(dockerfile), contexts)
        self._numbers: dict[int, int] = {}  # of the last vertex of a stage
        self._going_on: dict[StepId, Step] = {}
        self._places: dict[StepId, Place] = {}
        self._failed: Step | None = None
        self._pulling: dict[str, Step] = {}
        self._platform = ""
        self.failed_at = Place()

    async def __call__(self, event: Event) -> None:
        match event:
            case Planned():
                self._numbers.clear()  # of another platform, they come again
                self._end_pulls()
            case Began():
                self._begin(event)
            case Printed(step, data, is_error):
                self._print(step, data, STDERR if is_error else STDOUT)
            case Told(step, text):
                self._print(step, f"{text}\n".encode(), STDOUT)
            case Ended(step, is_cached=is_cached, is_passed_over=False):
                if told := self._going_on.pop(step, None):
                    told.end(is_cached=is_cached)
            case Failed(step):
                self._failed = self._going_on.pop(step, None)
                self.failed_at = self._places.get(step, Place())
            case Missed(line, last_line):
                self.failed_at = Place(line, last_line)
            case Noted(text):
                self._note(text)
            case Pulled():
                self._pull(event)
            case Made() | Runs() | StageEnded() | Ended():
                pass

    def finish(self, error: str = "") -> None:
        """Tell of the error that ended the build, and of what was cut short by it."""
        self._end_pulls(error)
        for step in self._going_on.values():
            step.fail("canceled")
        self._going_on.clear()
        if self._failed is not None:
            self._failed.fail(error)

    def _begin(self, event: Began) -> None:
        step_id = event.step
        self._places[step_id] = Place(event.line, max(event.line, event.last_line))
        stage = self._stages[step_id.stage]
        keyword = event.text.split(None, 1)[0].upper() if event.text else ""
        if keyword == "FROM" and stage.base:
            text = f"FROM {stage.base}"
        elif keyword in _CHANGING_WORDS:
            text = f"ONBUILD {event.text}" if event.is_trigger else event.text
        else:
            return
        count = "" if event.is_trigger else f"{self._next(step_id.stage)}/{stage.total}"
        label = " ".join(word for word in (self._platform, stage.label, count) if word)
        step = self._telling.step(f"[{label}] {text}", str(step_id))
        step.begin()
        self._going_on[step_id] = step

    def _next(self, stage: int) -> int:
        self._numbers[stage] = self._numbers.get(stage, 0) + 1
        return self._numbers[stage]

    def _print(self, step_id: StepId, data: bytes, stream: int) -> None:
        if step := self._going_on.get(step_id):
            step.print(data, stream)

    def _note(self, text: str) -> None:
        before, _, platform = text.partition("Platform ")
        if platform and not before:
            self._platform = platform
            return
        step = self._telling.step("[internal] notes", text)
        step.begin()
        step.print(f"{text}\n".encode(), STDERR)
        step.end()

    def _pull(self, event: Pulled) -> None:
        step = self._pulling.get(event.reference)
        if step is None:
            name = f"[internal] load metadata for {event.reference}"
            step = self._pulling[event.reference] = self._telling.step(name, self._platform)
            step.begin()
        message = event.message
        detail = message.get("progressDetail") or {}
        if layer := message.get("id"):
            done = message.get("status") == "Pull complete"
            step.say(f"{layer}", detail.get("current") or 0, detail.get("total") or 0, is_over=done)

    def _end_pulls(self, error: str = "") -> None:
        for step in self._pulling.values():
            if error:
                step.fail(error)
            else:
                step.end()
        self._pulling.clear()


def _stages(file: Dockerfile, contexts: Collection[str]) -> list[_Stage]:
    names = {stage.begin.name for stage in file.stages if stage.begin.name}
    found = []
    for index, stage in enumerate(file.stages):
        base = stage.begin.base
        is_image = base.lower() not in names and base.lower() != "scratch"
        changes = sum(isinstance(each, _CHANGING) for each in stage.instructions)
        label = stage.begin.name or f"stage-{index}"
        found.append(
            _Stage(
                label if len(file.stages) > 1 else "",
                (base if base in contexts else _full(base)) if is_image else "",
                changes + is_image,
            )
        )
    return found


def _full(base: str) -> str:
    """Return the name of an image in full, if it is one without variables."""
    try:
        return str(references.parse(base).with_default_tag())
    except InvalidArgument:
        return base
