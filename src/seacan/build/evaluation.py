"""A stage whose base is known: its steps, with values for variables.

    plan ─▶ bases resolved ─▶ with_triggers, while a base has some ─▶ evaluate, stage by stage

What has no file to touch is done here already: each step has the config of the image after it. It
depends on nothing but the Dockerfile, the arguments and the config of the base.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import field
from msgspec.structs import replace

from seacan.build.arguments import PROXIES
from seacan.build.config import Draft
from seacan.build.dockerfile import heredocs, mounts
from seacan.build.dockerfile.errors import at
from seacan.build.dockerfile.instructions import (
    Add,
    Arg,
    Command,
    Copy,
    Declaration,
    Document,
    Env,
    Instruction,
    Run,
    Source,
)
from seacan.build.dockerfile.mounts import Mount, MountType
from seacan.build.origins import ContextOrigin, Origin, Scratch
from seacan.build.plan import Plan, StagePlan
from seacan.build.values import Expander, with_values
from seacan.errors import InvalidArgument
from seacan.spec.image import ExecutionConfig

SCRIPT_DIRECTORY: Final = "/dev/pipes"
_MOST_ARGS: Final = 2000


class Step(msgspec.Struct, frozen=True):
    """An instruction as it is to be done, and the config of the image after it."""

    instruction: Instruction  # its variables have their values
    config: ExecutionConfig
    author: str
    created_by: str  # what history says; of COPY and ADD, the solver knows it
    args: Mapping[str, str]  # build arguments in use: part of the cache key of RUN
    proxies: Mapping[str, str] = field(default_factory=dict)  # for RUN, but in no cache key
    argv: tuple[str, ...] = ()  # of RUN, with the shell before it
    script: Document | None = None  # of RUN: an executable file in SCRIPT_DIRECTORY
    origin: Origin | None = None  # of COPY
    mounts: tuple[tuple[Mount, Origin | None], ...] = ()  # of RUN
    is_onbuild: bool = False  # a trigger of the base

    @property
    def source(self) -> Source:
        return self.instruction.source

    @property
    def environment(self) -> dict[str, str]:
        """What RUN's process has; where Env hides an argument, it is none of `args`."""
        return {**self.proxies, **Draft(self.config).variables, **self.args}


class Evaluated(msgspec.Struct, frozen=True):
    """A stage after its last step, or an image to begin with."""

    config: ExecutionConfig
    author: str = ""
    steps: tuple[Step, ...] = ()
    args: Mapping[str, str | None] = field(default_factory=dict)  # None: declared without a value


Tell = Callable[[Source, str], None]  # of a variable that has no value, where it is used


def evaluate(
    plan: Plan, stage: StagePlan, base: Evaluated, *, unset: Tell = lambda _source, _name: None
) -> Evaluated:
    """Return the steps of a stage on `base`: the other stage, an image, or nothing.

    The triggers of a base image are in the plan by now: see with_triggers.
    Raises DockerfileError.
    """
    evaluation = _Evaluation(plan, stage, base, unset)
    steps = []
    for number, instruction in enumerate(stage.instructions):
        try:
            step = evaluation.step(instruction)
        except InvalidArgument as err:
            raise at(instruction.source, err) from err
        steps.append(replace(step, is_onbuild=number < stage.triggers))
    draft = evaluation.draft
    return Evaluated(draft.config, draft.author, tuple(steps), evaluation.args)


class _Evaluation:
    def __init__(self, plan: Plan, stage: StagePlan, base: Evaluated, unset: Tell) -> None:
        self._plan = plan
        self._names = plan.names
        self._stage = stage
        self._unset = unset
        self.args = dict(base.args)
        self._over: set[str] = set()  # arguments that were given after a variable of the same name
        self.draft = Draft(base.config, base.author)
        self.draft.config.pop("OnBuild", None)  # those are instructions by now
        self.draft.set_default_path()

    def step(self, instruction: Instruction) -> Step:
        expander = self._expander(instruction.source)
        if isinstance(instruction, Arg):
            said = self._declare(instruction, expander)
            return self._step(instruction, self.draft.nop(said))
        changed = with_values(instruction, expander)
        match changed:
            case Env():
                self._over -= {pair.name for pair in changed.pairs}
            case Run():
                return self._run(changed, expander)
            case Copy(origin=name):
                origin = self._origin(name) if name else ContextOrigin()
                return replace(self._step(changed, ""), origin=origin)
            case Add():
                return replace(self._step(changed, ""), origin=ContextOrigin())
        return self._step(changed, self.draft.apply(changed))

    def _expander(self, source: Source) -> Expander:
        def unset(name: str) -> None:
            if name not in self.args:
                self._unset(source, name)

        return Expander(self._plan.lexer, self.draft.variables | self._in_use(), unset)

    def _step(self, instruction: Instruction, created_by: str) -> Step:
        draft = self.draft
        return Step(instruction, {**draft.config}, draft.author, created_by, self._in_use())

    def _in_use(self) -> dict[str, str]:
        """Return the arguments that no variable of the image hides."""
        hidden = self.draft.variables.keys() - self._over
        return {
            name: value
            for name, value in sorted(self.args.items())
            if value is not None and name not in hidden
        }

    def _declare(self, arg: Arg, expander: Expander) -> str:
        said = ["ARG"]
        for each in arg.declarations:
            default = None if each.default is None else expander.word(each.default)
            self._set(each.name, self._value(each, default))
            said.append(each.name if default is None else f"{each.name}={default}")
            if len(self.args) > _MOST_ARGS:
                raise InvalidArgument("too many build arguments")
            expander = self._expander(arg.source)
        return " ".join(said)

    def _set(self, name: str, value: str | None) -> None:
        if self._plan.wanted.is_classic:
            self.args[name] = value
        elif value is None:
            self.args.setdefault(name, None)
        else:
            self.args[name] = value
            self._over.add(name)

    def _value(self, declaration: Declaration, default: str | None) -> str | None:
        given = self._plan.wanted.build_args.get(declaration.name)
        if given is not None or default is not None:
            return default if given is None else given
        return self._plan.global_args.get(declaration.name)

    def _origin(self, name: str) -> Origin:
        return self._names.taken_from(name, self._stage.index)

    def _run(self, run: Run, expander: Expander) -> Step:
        command, script = _with_documents(run.command)
        argv = self.draft.argv(command)
        step = self._step(run, "")
        given = self._plan.wanted.build_args
        proxies = {
            name: value
            for name, value in given.items()
            if name in PROXIES and name not in self.args
        }
        args = [f"{name}={value}" for name, value in step.args.items()]
        said = [f"|{len(args)}", *sorted(args), *argv] if args else argv
        return replace(
            step,
            created_by=" ".join(said),
            argv=argv,
            script=script,
            proxies=proxies,
            mounts=tuple(self._mount(written, expander) for written in run.mounts),
        )

    def _mount(self, written: str, expander: Expander) -> tuple[Mount, Origin | None]:
        mount = mounts.below(
            mounts.parse(written, expander.word), self.draft.config.get("WorkingDir") or "/"
        )
        match mount.type:
            case MountType.BIND:
                return mount, self._origin(mount.origin) if mount.origin else ContextOrigin()
            case MountType.CACHE:
                return mount, self._origin(mount.origin) if mount.origin else Scratch()
        return mount, None


def _with_documents(command: Command) -> tuple[Command, Document | None]:
    """Return a command whose here-documents are part of it, and the script that it runs.

    One that is the whole command is what the shell runs, or a script if it begins with #!.
    """
    if not command.heredocs:
        return command, None
    line = command.words[0]
    first = command.heredocs[0]
    if heredocs.read_mark(line):
        content = heredocs.without_tabs(first.content) if first.strips_tabs else first.content
        if content.startswith("#!"):
            path = f"{SCRIPT_DIRECTORY}/{first.name}"
            return Command((path,), is_for_shell=True), Document(first.name, content)
        return Command((content,), is_for_shell=True), None
    documents = [f"{each.content}{each.name}" for each in command.heredocs]
    return Command(("\n".join([line, *documents]),), is_for_shell=True), None
