"""The plan of a build: the stages that the target needs, and what each takes from where."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from seacan.build.dockerfile.instructions import Declaration, Instruction, Source
from seacan.build.origins import Origin
from seacan.images.platforms import Platform, host


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a build is asked for, beside its Dockerfile."""

    target: str = ""  # the name or index of a stage; empty: the last
    build_args: Mapping[str, str] = field(default_factory=dict)
    platform: Platform = field(default_factory=host)
    build_platform: Platform = field(default_factory=host)
    contexts: frozenset[str] = frozenset()  # names of those beside the main one


@dataclass(frozen=True, slots=True)
class StagePlan:
    """A stage that is needed; its instructions have their variables still."""

    index: int  # in the file, from 0
    name: str  # in lower case; empty if it has none
    source: Source  # of its FROM
    base: Origin
    platform: Platform | None  # None: that of the target
    instructions: tuple[Instruction, ...]
    needs: frozenset[int]  # stages that must be there first: its base, and what it copies from


@dataclass(frozen=True, slots=True)
class Plan:
    stages: tuple[StagePlan, ...]  # each after those that it needs
    target: StagePlan
    wanted: Wanted
    global_args: Mapping[str, str]  # with values: those before the first FROM, and the platform's
    escape: str
    names: Mapping[str, int]  # of all stages of the file
    declared: tuple[Declaration, ...] = ()
