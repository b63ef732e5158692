"""What is told of a build while it goes on, to whoever shows it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec


class StepId(msgspec.Struct, frozen=True):
    """A step by the index of its stage in the file, and its number in the whole build, from 1."""

    stage: int
    number: int


class Planned(msgspec.Struct, frozen=True):
    """The stages that are built, by their index in the file."""

    stages: Sequence[int]


class Began(msgspec.Struct, frozen=True):
    step: StepId
    total: int  # steps of the build
    text: str  # the instruction
    line: int  # in the Dockerfile, from 1
    is_trigger: bool = False  # ONBUILD of the base
    last_line: int = 0  # if it is not of one line


class Runs(msgspec.Struct, frozen=True):
    """A command was started; `id` is what it is known by while it runs."""

    step: StepId
    id: str


class Printed(msgspec.Struct, frozen=True):
    step: StepId
    data: bytes
    is_error: bool = False  # on its standard error


class Told(msgspec.Struct, frozen=True):
    """Something to be said of a step, a line."""

    step: StepId
    text: str


class Ended(msgspec.Struct, frozen=True):
    step: StepId
    id: str  # of the image that the stage would be if it ended here
    is_cached: bool = False
    had_run: str = ""  # the id of the command that ran
    is_passed_over: bool = False  # a trigger of the base follows, whose end counts


class Failed(msgspec.Struct, frozen=True):
    """The step is what ends the build; its error follows."""

    step: StepId


class Missed(msgspec.Struct, frozen=True):
    """An image that these lines name cannot be had: its error ends the build, and follows."""

    line: int
    last_line: int


class Made(msgspec.Struct, frozen=True):
    """The image is there."""

    id: str


class Noted(msgspec.Struct, frozen=True):
    """Something to be said of the whole build, a line."""

    text: str


class Pulled(msgspec.Struct, frozen=True):
    """A message about an image that is being pulled, as `docker pull` gets it."""

    message: Mapping[str, Any]
    reference: str = ""  # of the image, in full


class StageEnded(msgspec.Struct, frozen=True):
    stage: int


Event = (
    Planned
    | Began
    | Runs
    | Printed
    | Told
    | Ended
    | Failed
    | StageEnded
    | Missed
    | Made
    | Noted
    | Pulled
)


class Progress(Protocol):
    async def __call__(self, event: Event, /) -> None:
        """Be told; who is slow to listen slows down the build, if it listens to that stage."""
