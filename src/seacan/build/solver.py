"""One build, carried out: the stages of a plan, side by side as far as they do not need another.

stage ─┬ waits for the stages that it needs
├ base: an image, another stage, nothing
└ steps, one after the other: found in the cache, or done (steps.py), then remembered
"""

from collections.abc import Mapping, Sequence

import anyio
import msgspec
from msgspec import field

from seacan.build.dockerfile.heredocs import read_mark
from seacan.build.dockerfile.instructions import Arg, Command, Instruction, Run
from seacan.build.evaluation import Evaluated, Step, evaluate
from seacan.build.groups import unwrapped
from seacan.build.origins import ContextOrigin, ImageOrigin, Origin, Scratch, StageOrigin
from seacan.build.plan import Plan, StagePlan
from seacan.build.progress import Began, Ended, Failed, Progress, StageEnded, StepId, Told
from seacan.build.state import State
from seacan.build.steps import Steps
from seacan.errors import SeacanError


class _Stage(msgspec.Struct):
    """A stage while it is built."""

    plan: StagePlan
    first: int  # the number of its FROM
    done: anyio.Event = field(default_factory=anyio.Event)
    base: State | None = None
    state: State | None = None
    evaluated: Evaluated | None = None


class Solver:
    def __init__(
        self,
        plan: Plan,
        images: Mapping[ImageOrigin, State],
        arguments: Sequence[Arg],
        steps: Steps,
        progress: Progress,
    ) -> None:
        """`images` are all that the plan needs, `arguments` those before the first stage."""
        self._plan = plan
        self._images = images
        self._steps = steps
        self._progress = progress
        self._stages: dict[int, _Stage] = {}
        self._arguments = arguments
        number = 1 + len(arguments)
        for stage in plan.stages:
            self._stages[stage.index] = _Stage(stage, number)
            number += 1 + len(stage.instructions) - stage.triggers
        self._total = number - 1

    async def solve(self) -> State:
        """Return what the target has come to. Raises what the first step raises that fails."""
        for number, argument in enumerate(self._arguments, 1):
            step_id = StepId(self._plan.stages[0].index, number)
            source = argument.source
            await self._progress(Began(step_id, self._total, source.text, source.first_line))
        with unwrapped():
            async with anyio.create_task_group() as tasks:
                for stage in self._stages.values():
                    tasks.start_soon(self._build, stage)
        return self._state(self._plan.target.index)

    @property
    def base(self) -> State:
        """What the target is based on, once it is solved."""
        base = self._stages[self._plan.target.index].base
        assert base is not None
        return base

    def _state(self, index: int) -> State:
        state = self._stages[index].state
        assert state is not None
        return state

    async def _build(self, stage: _Stage) -> None:
        for index in sorted(stage.plan.needs):
            await self._stages[index].done.wait()
        step_id = StepId(stage.plan.index, stage.first)
        source = stage.plan.source
        await self._progress(Began(step_id, self._total, source.text, source.first_line))
        state, base = await self._base(stage)
        stage.base = state
        shown = "" if isinstance(stage.plan.base, Scratch) else state.id
        await self._progress(Ended(step_id, shown, is_passed_over=bool(stage.plan.triggers)))
        evaluated = await anyio.to_thread.run_sync(evaluate, self._plan, stage.plan, base)
        state = await self._do(stage, state, evaluated)
        stage.state, stage.evaluated = state, evaluated
        await self._progress(StageEnded(stage.plan.index))
        stage.done.set()

    async def _base(self, stage: _Stage) -> tuple[State, Evaluated]:
        origin = stage.plan.base
        if isinstance(origin, StageOrigin):
            evaluated = self._stages[origin.index].evaluated
            assert evaluated is not None
            return self._state(origin.index), evaluated
        if isinstance(origin, ContextOrigin):
            state = await self._steps.base(origin, self._empty(stage))
        else:
            state = self._root(origin, stage)
        return state, Evaluated(config=state.config, author=state.author)

    def _empty(self, stage: _Stage) -> State:
        return State(stage.plan.platform or self._plan.wanted.platform, {})

    def _root(self, origin: Scratch | StageOrigin | ImageOrigin, stage: _Stage) -> State:
        """Return what a stage is based on, or takes something from; it is there by now."""
        match origin:
            case Scratch():
                return self._empty(stage)
            case StageOrigin(index):
                return self._state(index)
            case ImageOrigin():
                return self._images[origin]

    async def _do(self, stage: _Stage, state: State, evaluated: Evaluated) -> State:
        triggers = stage.plan.triggers
        number = stage.first
        if triggers:
            said = f"# Executing {triggers} build trigger{'s' if triggers > 1 else ''}"
            await self._progress(Told(StepId(stage.plan.index, number), said))
        for at, step in enumerate(evaluated.steps):
            if at == triggers > 0:
                await self._progress(Ended(StepId(stage.plan.index, number), state.id))
            number += not step.is_onbuild
            step_id = StepId(stage.plan.index, number)
            source = step.instruction.source
            await self._progress(
                Began(
                    step_id,
                    self._total,
                    _shown(step.instruction),
                    source.first_line,
                    step.is_onbuild,
                    source.last_line,
                )
            )
            try:
                state = await self._steps.do(step_id, step, state, self._origins(step, stage))
            except SeacanError:
                await self._progress(Failed(step_id))
                raise
        if triggers and triggers == len(evaluated.steps):
            await self._progress(Ended(StepId(stage.plan.index, number), state.id))
        return state

    def _origins(self, step: Step, stage: _Stage) -> Mapping[Origin, State]:
        """Return the roots that a step takes something from; a context of files is none."""
        wanted = [step.origin, *(origin for _, origin in step.mounts)]
        return {
            origin: self._root(origin, stage)
            for origin in wanted
            if origin is not None and not isinstance(origin, ContextOrigin)
        }


def _shown(instruction: Instruction) -> str:
    """Return an instruction as it is told of: of a here-document that is run, how it begins."""
    text = instruction.source.text
    match instruction:
        case Run(command=Command(words=(line,), heredocs=(first, *_))) if read_mark(line):
            lines = first.content.strip().splitlines() or [""]
            return f"{text} ({lines[0]}{'...' if len(lines) > 1 else ''})"
    return text
