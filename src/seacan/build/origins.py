"""Where files come from: what a stage is based on, COPY --from, RUN --mount=from."""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from seacan.build.dockerfile import mounts
from seacan.build.dockerfile.errors import Misplaced, at
from seacan.build.dockerfile.instructions import Copy, Instruction, Run
from seacan.errors import InvalidArgument
from seacan.images import references
from seacan.images.platforms import Platform

SCRATCH: Final = "scratch"


class Scratch(msgspec.Struct, frozen=True):
    """Nothing: FROM scratch."""


class StageOrigin(msgspec.Struct, frozen=True):
    """Another stage of the file, by its index."""

    index: int


class ImageOrigin(msgspec.Struct, frozen=True):
    """An image, by its full reference (docker.io/library/busybox:latest)."""

    reference: str
    platform: Platform | None  # None: that of the target
    written: str = ""  # as it is in the Dockerfile, for messages


class ContextOrigin(msgspec.Struct, frozen=True):
    """A context, by its name; the empty name is the main one."""

    name: str = ""


Origin = Scratch | StageOrigin | ImageOrigin | ContextOrigin


class Names:
    """What a name means after FROM, COPY --from= and RUN --mount=from=."""

    def __init__(self, stages: Sequence[str], contexts: Mapping[str, str]) -> None:
        """Take the names of all stages, in lower case, and the contexts (see Wanted)."""
        self._names = stages
        self._indexes: dict[str, list[int]] = {}
        for index, name in enumerate(stages):
            self._indexes.setdefault(name, []).append(index)
        self._contexts = contexts

    def based_on(self, name: str, index: int, platform: Platform | None) -> Origin:
        """Return the base of the stage `index`. Raises InvalidArgument."""
        return self._stage(name, index) or self._elsewhere(name, platform, "")

    def taken_from(self, name: str, index: int) -> Origin:
        """Return what the stage `index` copies from. Raises InvalidArgument."""
        if name.isascii() and name.isdecimal():
            if len(name) > 9 or int(name) >= index:
                raise Misplaced(f"invalid from flag value {name}: index out of bounds", name)
            return StageOrigin(int(name))
        found = self._stage(name, index)
        if found is None and name.lower() in self._indexes:
            raise Misplaced(
                f'cannot copy from stage "{name}", it needs to be defined before current stage '
                f'"{self._names[index] or f"stage-{index}"}"',
                name,
            )
        return found or self._elsewhere(name, None, f"invalid from flag value {name}: ")

    def context(self, name: str, platform: Platform | None) -> Origin:
        """Return a context by its name. Raises InvalidArgument."""
        image = self._contexts[name]
        if not image:
            return ContextOrigin(name)
        reference = references.parse(image).with_default_tag()
        return ImageOrigin(str(reference), platform, image)

    def _stage(self, name: str, index: int) -> StageOrigin | None:
        """Return the last stage of this name before `index`."""
        indexes = self._indexes.get(name.lower(), []) if name else []
        count = bisect.bisect_left(indexes, index)
        return StageOrigin(indexes[count - 1]) if count else None

    def _elsewhere(self, name: str, platform: Platform | None, beginning: str) -> Origin:
        if name == SCRATCH:
            return Scratch()
        if name in self._contexts:
            return self.context(name, platform)
        try:
            reference = references.parse(name).with_default_tag()
        except InvalidArgument as err:
            why = beginning or f'failed to parse stage name "{name}": '
            raise Misplaced(f"{why}{err}", name) from err
        for other in (reference.familiar, str(reference)):
            if other in self._contexts:
                return self.context(other, platform)
        return ImageOrigin(str(reference), platform, name)


def taken(instructions: Iterable[Instruction], index: int, names: Names) -> list[Origin]:
    """Return what instructions of the stage `index` copy and mount from. Raises DockerfileError."""
    found = []
    for each in instructions:
        try:
            found += [names.taken_from(name, index) for name in _from_names(each)]
        except InvalidArgument as err:
            raise at(each.source, err) from err
    return found


def _from_names(instruction: Instruction) -> list[str]:
    match instruction:
        case Copy(origin=name) if name:
            if "$" in name:
                raise Misplaced(
                    "variable expansion is not supported for --from, define a new stage with FROM "
                    "using ARG from global scope as a workaround",
                    name,
                )
            return [name]
        case Run(mounts=written):
            return [name for each in written if (name := mounts.origin_name(each))]
    return []
