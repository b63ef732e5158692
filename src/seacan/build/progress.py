"""What is told of a build while it goes on, to whoever shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StepId:
    """A step by the index of its stage in the file, and its number in the whole build, from 1."""

    stage: int
    number: int


@dataclass(frozen=True, slots=True)
class Planned:
    """The stages that are built, by their index in the file."""

    stages: Sequence[int]


@dataclass(frozen=True, slots=True)
class Began:
    step: StepId
    total: int  # steps of the build
    text: str  # the instruction
    line: int  # in the Dockerfile, from 1
    is_trigger: bool = False  # ONBUILD of the base
    last_line: int = 0  # if it is not of one line


@dataclass(frozen=True, slots=True)
class Runs:
    """A command was started; `id` is what it is known by while it runs."""

    step: StepId
    id: str


@dataclass(frozen=True, slots=True)
class Printed:
    step: StepId
    data: bytes
    is_error: bool = False  # on its standard error


@dataclass(frozen=True, slots=True)
class Told:
    """Something to be said of a step, a line."""

    step: StepId
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    step: StepId
    id: str  # of the image that the stage would be if it ended here
    is_cached: bool = False
    had_run: str = ""  # the id of the command that ran
    is_passed_over: bool = False  # a trigger of the base follows, whose end counts


@dataclass(frozen=True, slots=True)
class Failed:
    """The step is what ends the build; its error follows."""

    step: StepId


@dataclass(frozen=True, slots=True)
class Made:
    """The image is there."""

    id: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to be said of the whole build, a line."""

    text: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """A message about an image that is being pulled, as `docker pull` gets it."""

    message: Mapping[str, Any]
    reference: str = ""  # of the image, in full


@dataclass(frozen=True, slots=True)
class StageEnded:
    stage: int


Event = (
    Planned | Began | Runs | Printed | Told | Ended | Failed | StageEnded | Made | Noted | Pulled
)


class Progress(Protocol):
    async def __call__(self, event: Event, /) -> None:
        """Be told; who is slow to listen slows down the build, if it listens to that stage."""
