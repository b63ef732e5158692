"""What shows once variables have values: bases, undefined variables, paths, ports."""

import posixpath
from collections.abc import Callable, Mapping
from typing import Final

from seacan.build import ports
from seacan.build.arguments import Wanted, global_values
from seacan.build.dockerfile import expansion
from seacan.build.dockerfile.errors import nearest
from seacan.build.dockerfile.expansion import Lexer
from seacan.build.dockerfile.instructions import (
    Add,
    Cmd,
    Copy,
    Dockerfile,
    Entrypoint,
    Expose,
    From,
    Source,
    Workdir,
)
from seacan.build.evaluation import Evaluated, Step, evaluate
from seacan.build.lint.findings import Findings
from seacan.build.lint.rules import Rule
from seacan.build.origins import ContextOrigin, ImageOrigin, StageOrigin
from seacan.build.plan import Plan, StagePlan
from seacan.errors import InvalidArgument
from seacan.images import platforms, references
from seacan.spec.dockerignore import Ignored
from seacan.spec.image import ExecutionConfig

_EVERYTHING: Final = ("*", "**", "**/*")

# The config of an image that is here; None if it is not.
FindConfig = Callable[[ImageOrigin], ExecutionConfig | None]


def check_bases(
    file: Dockerfile, wanted: Wanted, values: Mapping[str, str], found: Findings
) -> None:
    """Look at what FROM says, with these values of the global arguments.

    Raises InvalidArgument.
    """
    lexer = Lexer(escape=file.escape)
    declared = {each.name for arg in file.global_args for each in arg.declarations} | set(values)
    defaults = _defaults(file, wanted)
    for begin in (stage.begin for stage in file.stages):
        unset = {
            name
            for written in (begin.base, begin.platform)
            for name in expansion.expand(lexer, written, values).unset
        }
        for name in sorted(unset - declared):
            meant = nearest(name, sorted(declared))
            message = f"FROM argument '{name}' is not declared"
            message += f" (did you mean {meant}?)" if meant else ""
            found.add(Rule.UNDEFINED_ARG_IN_FROM, begin.source, message)
        if begin.platform:
            _check_platform(begin, lexer, values, found)
        name = expansion.expand(lexer, begin.base, defaults or values).text
        if defaults is not None and not _is_name(name):
            what = f"Default value for ARG {begin.base}"
            message = f"{what} results in empty or invalid base image name"
            found.add(Rule.INVALID_DEFAULT_ARG_IN_FROM, begin.source, message)


def check_stages(
    plan: Plan, ignored: Ignored | None, find_config: FindConfig, found: Findings
) -> None:
    """Look at the steps of all stages that are needed. Raises DockerfileError."""
    done: dict[int, Evaluated] = {}
    known: dict[int, bool] = {}  # whether the environment of the base is
    has_workdir: dict[int, bool] = {}
    for stage in plan.stages:
        base, known[stage.index] = _base(stage, done, known, find_config)
        tell = _Variables(plan, base, found).tell if known[stage.index] else _ignore
        done[stage.index] = evaluated = evaluate(plan, stage, base, unset=tell)
        is_set = isinstance(stage.base, StageOrigin) and has_workdir[stage.base.index]
        for step in evaluated.steps:
            if isinstance(step.instruction, Workdir):
                if not is_set and not step.instruction.path.startswith("/"):
                    message = (
                        f'Relative workdir "{step.instruction.path}" can have unexpected results '
                        "if the base image changes"
                    )
                    found.add(Rule.WORKDIR_RELATIVE_PATH, step.source, message)
                is_set = True
            _check_step(step, ignored, found)
        has_workdir[stage.index] = is_set


def _defaults(file: Dockerfile, wanted: Wanted) -> dict[str, str] | None:
    """Return the values that there are if nobody gives any; None if that does not work."""
    try:
        return global_values(
            file,
            Wanted(platform=wanted.platform, build_platform=wanted.build_platform),
            Lexer(escape=file.escape),
        )
    except InvalidArgument:
        return None


def _is_name(text: str) -> bool:
    try:
        references.parse(text)
    except InvalidArgument:
        return False
    return True


def _check_platform(begin: From, lexer: Lexer, values: Mapping[str, str], found: Findings) -> None:
    platform = expansion.expand(lexer, begin.platform, values)
    if platform.used == {"TARGETPLATFORM"} and not platform.unset:
        if platform.text == values["TARGETPLATFORM"]:
            message = (
                f"Setting platform to predefined {begin.platform} in FROM is redundant "
                "as this is the default behavior"
            )
            found.add(Rule.REDUNDANT_TARGET_PLATFORM, begin.source, message)
        return
    if platform.used or platform.unset:
        return
    meant = platforms.parse(platform.text)
    if meant.os not in begin.name and meant.architecture not in begin.name:
        message = f'FROM --platform flag should not use constant value "{platform.text}"'
        found.add(Rule.FROM_PLATFORM_FLAG_CONST_DISALLOWED, begin.source, message)


def _base(
    stage: StagePlan,
    done: Mapping[int, Evaluated],
    known: Mapping[int, bool],
    find_config: FindConfig,
) -> tuple[Evaluated, bool]:
    match stage.base:
        case StageOrigin(index=index):
            return done[index], known[index]
        case ImageOrigin() as image:
            config = find_config(image)
            return Evaluated(config or {}), config is not None
        case ContextOrigin():
            return Evaluated({}), False
    return Evaluated({}), True


class _Variables:
    """Tells of variables without a value, and which may have been meant."""

    def __init__(self, plan: Plan, base: Evaluated, found: Findings) -> None:
        self._names = sorted({*base.args, *plan.global_args, *_environment(base)})
        self._found = found

    def tell(self, source: Source, name: str) -> None:
        meant = nearest(name, self._names)
        message = f"Usage of undefined variable '${name}'"
        message += f" (did you mean ${meant}?)" if meant else ""
        self._found.add(Rule.UNDEFINED_VAR, source, message)


def _environment(base: Evaluated) -> list[str]:
    return [entry.partition("=")[0] for entry in base.config.get("Env") or []]


def _ignore(_source: Source, _name: str) -> None:
    """Say nothing: the base may have the variable."""


def _check_step(step: Step, ignored: Ignored | None, found: Findings) -> None:
    match step.instruction:
        case Cmd(command=command) | Entrypoint(command=command):
            if command.is_for_shell and not step.config.get("Shell"):
                message = (
                    f"JSON arguments recommended for {step.source.name} to prevent unintended "
                    "behavior related to OS signals"
                )
                found.add(Rule.JSON_ARGS_RECOMMENDED, step.source, message)
        case Expose(ports=written):
            for port in written:
                _check_port(port, step.source, found)
        case Copy(paths=paths) if step.origin == ContextOrigin():
            _check_ignored("Copy", paths, ignored, step.source, found)
        case Add(paths=paths):
            _check_ignored("Add", paths, ignored, step.source, found)


def _check_port(written: str, source: Source, found: Findings) -> None:
    address, host, container = ports.host_parts(written)
    protocol = container.partition("/")[2]
    if protocol != protocol.lower():
        message = f"Defined protocol '{written}' in EXPOSE instruction should be lowercase"
        found.add(Rule.EXPOSE_PROTO_CASING, source, message)
    if address or host:
        message = (
            "EXPOSE instruction should not define an IP address or host-port mapping, "
            f"found '{written}'"
        )
        found.add(Rule.EXPOSE_INVALID_FORMAT, source, message)


def _check_ignored(
    verb: str, paths: tuple[str, ...], ignored: Ignored | None, source: Source, found: Findings
) -> None:
    # With exceptions nobody knows: what is below may be there.
    if ignored is None or ignored.has_exceptions:
        return
    for written in paths:
        path = posixpath.normpath(written).lstrip("/") or "."
        if "://" in written:
            continue
        if path == ".":
            is_excluded = any(pattern.text in _EVERYTHING for pattern in ignored.patterns)
        else:
            is_excluded = ignored.is_excluded(path)
        if is_excluded:
            message = f'Attempting to {verb} file "{path}" that is excluded by .dockerignore'
            found.add(Rule.COPY_IGNORED_FILE, source, message)
