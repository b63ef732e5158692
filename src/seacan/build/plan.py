"""The plan of a build: the stages that the target needs, and what each takes from where.

All of it follows from the Dockerfile and what was asked for, but for ONBUILD: what triggers a base
image has is known later, and `with_triggers` puts them into the plan.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from seacan.build.arguments import PROXIES, Wanted, global_values
from seacan.build.dockerfile import expansion
from seacan.build.dockerfile.errors import DockerfileError, Misplaced, at, suggestion
from seacan.build.dockerfile.expansion import Lexer
from seacan.build.dockerfile.instructions import (
    Arg,
    Dockerfile,
    From,
    Instruction,
    Onbuild,
    Source,
    Stage,
)
from seacan.build.dockerfile.parse import MOST_INSTRUCTIONS, parse_trigger
from seacan.build.origins import ImageOrigin, Names, Origin, StageOrigin, taken
from seacan.errors import InvalidArgument
from seacan.images import platforms
from seacan.images.platforms import Platform


class StagePlan(msgspec.Struct, frozen=True):
    """A stage; its instructions have their variables still."""

    index: int  # in the file, from 0
    name: str  # in lower case; empty if it has none
    source: Source  # of its FROM
    base: Origin
    platform: Platform | None  # None: that of its base, or of the target
    instructions: tuple[Instruction, ...]
    needs: frozenset[int]  # stages that must be there first: its base, and what it takes from
    images: frozenset[ImageOrigin]  # images that it is based on, or takes from
    triggers: int = 0  # how many instructions are of its base's ONBUILD: the first ones


class Plan(msgspec.Struct, frozen=True):
    stages: tuple[StagePlan, ...]  # those that are needed, each after what it needs
    every: tuple[StagePlan, ...]  # all of the file, by index
    target: StagePlan
    wanted: Wanted
    global_args: Mapping[str, str]  # the platforms, and ARG before the first FROM
    lexer: Lexer

    @property
    def names(self) -> Names:
        return Names([stage.name for stage in self.every], self.wanted.contexts)

    def source_of(self, stage: StagePlan, image: ImageOrigin) -> Source:
        """Return where a stage names an image: its FROM, or what is copied or mounted of it."""
        if stage.base != image:
            for each in stage.instructions:
                if image in taken([each], stage.index, self.names):
                    return each.source
        return stage.source

    def origin(self, name: str, before: int) -> Origin:
        """Return what `from=name` means in the stage of this index. Raises InvalidArgument."""
        return self.names.taken_from(name, before)


def plan(file: Dockerfile, wanted: Wanted) -> Plan:
    """Return the plan. Raises DockerfileError; InvalidArgument if there is no such target."""
    lexer = Lexer(escape=file.escape)
    global_args = global_values(file, wanted, lexer)
    every = _Planner(file, wanted, global_args, lexer).stages()
    target = _target(every, wanted.target)
    found = Plan((), tuple(every), target, wanted, global_args, lexer)
    for stage in every:
        if isinstance(stage.base, StageOrigin):
            base = found.every[stage.base.index]
            triggers = [each.trigger for each in base.instructions if isinstance(each, Onbuild)]
            found = with_triggers(found, stage.index, triggers)
    return _reached(found)


def with_triggers(found: Plan, index: int, triggers: Sequence[str]) -> Plan:
    """Return the plan with the ONBUILD instructions of a stage's base before its own.

    It may need more stages and images than before. Raises DockerfileError.
    """
    stage = found.every[index]
    if not triggers:
        return found
    if len(triggers) + sum(len(each.instructions) for each in found.every) > MOST_INSTRUCTIONS:
        raise DockerfileError("too many ONBUILD triggers", stage.source.first_line)
    first = tuple(parse_trigger(each, stage.source, found.lexer.escape) for each in triggers)
    origins = taken(first, index, found.names)
    changed = replace(
        stage,
        instructions=first + stage.instructions,
        triggers=stage.triggers + len(first),
        needs=stage.needs | _stages(origins),
        images=stage.images | _images(origins),
    )
    every = (*found.every[:index], changed, *found.every[index + 1 :])
    return _reached(replace(found, every=every, target=every[found.target.index]))


def unused_args(found: Plan, file: Dockerfile) -> list[str]:
    """Return the build arguments that no ARG of the file, or of a trigger, asks for."""
    known = PROXIES | {name for name in found.global_args}
    instructions = [*file.global_args]
    for stage in found.every:
        instructions += [each for each in stage.instructions if isinstance(each, Arg)]
    known |= {each.name for arg in instructions for each in arg.declarations}
    return sorted(name for name in found.wanted.build_args if name not in known)


class _Planner:
    def __init__(
        self, file: Dockerfile, wanted: Wanted, values: Mapping[str, str], lexer: Lexer
    ) -> None:
        self._file = file
        self._contexts = wanted.contexts
        self._names = Names([stage.begin.name for stage in file.stages], wanted.contexts)
        self._values = values
        self._lexer = lexer

    def stages(self) -> list[StagePlan]:
        return [self._stage(index, stage) for index, stage in enumerate(self._file.stages)]

    def _stage(self, index: int, stage: Stage) -> StagePlan:
        begin, instructions = stage.begin, stage.instructions
        try:
            platform = self._platform(begin.platform)
            base = self._base(begin, index, platform)
        except InvalidArgument as err:
            raise at(begin.source, err) from err
        if self._is_replaced(begin):
            instructions = ()
        origins = [base, *taken(instructions, index, self._names)]
        return StagePlan(
            index,
            begin.name,
            begin.source,
            base,
            platform,
            instructions,
            needs=_stages(origins),
            images=_images(origins),
        )

    def _is_replaced(self, begin: From) -> bool:
        """Return whether a context of the stage's name is there in its place."""
        return bool(begin.name) and begin.name in self._contexts

    def _base(self, begin: From, index: int, platform: Platform | None) -> Origin:
        if self._is_replaced(begin):
            return self._names.context(begin.name, platform)
        name = expansion.expand(self._lexer, begin.base, self._values).text
        if not name:
            raise Misplaced(f"base name ({begin.base}) should not be blank", begin.base)
        return self._names.based_on(name, index, platform)

    def _platform(self, written: str) -> Platform | None:
        if not written:
            return None
        found = expansion.expand(self._lexer, written, self._values)
        meant = "".join(suggestion(name, self._values) for name in sorted(found.unset)[:1])
        if not found.text:
            raise Misplaced(f"empty platform value from expression {written}{meant}", written)
        try:
            return platforms.parse(found.text)
        except InvalidArgument as err:
            raise Misplaced(f"failed to parse platform {written}: {err}{meant}", written) from err


def _target(stages: Sequence[StagePlan], name: str) -> StagePlan:
    if not name:
        return stages[-1]
    for stage in reversed(stages):
        if stage.name and stage.name == name.lower():
            return stage
    meant = suggestion(name, [stage.name for stage in stages if stage.name])
    raise InvalidArgument(f'target stage "{name}" could not be found{meant}')


def _reached(found: Plan) -> Plan:
    """Return the plan with the stages that its target needs; what one needs comes before it."""
    needed = {found.target.index}
    for stage in reversed(found.every[: found.target.index + 1]):
        if stage.index in needed:
            needed |= stage.needs
    return replace(found, stages=tuple(found.every[index] for index in sorted(needed)))


def _stages(origins: Iterable[Origin]) -> frozenset[int]:
    return frozenset(origin.index for origin in origins if isinstance(origin, StageOrigin))


def _images(origins: Iterable[Origin]) -> frozenset[ImageOrigin]:
    return frozenset(origin for origin in origins if isinstance(origin, ImageOrigin))
