"""Where files come from: what a stage is based on, COPY --from, RUN --mount=from."""

from dataclasses import dataclass

from seacan.images.platforms import Platform


@dataclass(frozen=True, slots=True)
class Scratch:
    """Nothing: FROM scratch."""


@dataclass(frozen=True, slots=True)
class StageOrigin:
    """Another stage of the file, by its index."""

    index: int


@dataclass(frozen=True, slots=True)
class ImageOrigin:
    """An image, by its full reference (docker.io/library/busybox:latest)."""

    reference: str
    platform: Platform | None  # None: that of the target
    written: str = ""  # as it is in the Dockerfile, for messages


@dataclass(frozen=True, slots=True)
class ContextOrigin:
    """A context, by its name; the empty name is the main one."""

    name: str = ""


Origin = Scratch | StageOrigin | ImageOrigin | ContextOrigin
