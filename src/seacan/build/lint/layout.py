"""What shows in the text alone: cases, names, forms."""

import re
from collections.abc import Iterator
from typing import Final

from seacan.build.dockerfile.instructions import (
    Arg,
    Cmd,
    Dockerfile,
    Entrypoint,
    Env,
    From,
    Healthcheck,
    Instruction,
    Label,
    Maintainer,
    Source,
    Stage,
)
from seacan.build.dockerfile.words import split_blanks
from seacan.build.lint.findings import Findings
from seacan.build.lint.rules import Rule

_RESERVED: Final = ("context", "scratch")
_SECRETS: Final = re.compile(
    "(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)",
    re.IGNORECASE,
)
_NO_SECRETS: Final = re.compile("(?:_|^)(?:public|file|version)(?:_|$)", re.IGNORECASE)


def check_layout(file: Dockerfile, found: Findings) -> None:
    """Look at everything that needs no values."""
    for line in file.empty_continuations:
        found.add_line(Rule.NO_EMPTY_CONTINUATION, line, "Empty continuation line")
    _check_casing(file, found)
    for arg in file.global_args:
        _check_description(arg, found)
    names: set[str] = set()
    for stage in file.stages:
        _check_from(stage.begin, names, found)
        _check_stage(stage, found)


def _sources(file: Dockerfile) -> Iterator[Source]:
    for stage in file.stages:
        yield stage.begin.source
        yield from (instruction.source for instruction in stage.instructions)


def _check_casing(file: Dockerfile, found: Findings) -> None:
    keywords = [source.name for source in _sources(file)]
    lower = sum(keyword.islower() for keyword in keywords)
    upper = sum(keyword.isupper() for keyword in keywords)
    is_lower = lower > upper
    wanted = "lowercase" if is_lower else "uppercase"
    for source in _sources(file):
        if not (source.name.islower() if is_lower else source.name.isupper()):
            found.add(
                Rule.CONSISTENT_INSTRUCTION_CASING,
                source,
                f"Command '{source.name}' should match the case of the command majority ({wanted})",
            )


def _check_from(begin: From, names: set[str], found: Findings) -> None:
    if not begin.name:
        return
    source = begin.source
    *_, keyword, name = split_blanks(source.text)
    if name != begin.name:
        found.add(Rule.STAGE_NAME_CASING, source, f"Stage name '{name}' should be lowercase")
    is_like = (source.name.islower() and keyword.islower()) or (
        source.name.isupper() and keyword.isupper()
    )
    if not is_like and (source.name.islower() or source.name.isupper()):
        found.add(
            Rule.FROM_AS_CASING,
            source,
            f"'{keyword}' and '{source.name}' keywords' casing do not match",
        )
    if begin.name in _RESERVED:
        found.add(
            Rule.RESERVED_STAGE_NAME,
            source,
            f'Stage name should not use the same name as reserved stage "{begin.name}"',
        )
    if begin.name in names:
        found.add(
            Rule.DUPLICATE_STAGE_NAME,
            source,
            f'Duplicate stage name "{begin.name}", stage names should be unique',
        )
    names.add(begin.name)
    _check_comment("FROM", [begin.name], source, found)


def _check_stage(stage: Stage, found: Findings) -> None:
    before: dict[type, Instruction] = {}
    for each in stage.instructions:
        match each:
            case Maintainer():
                message = "Maintainer instruction is deprecated in favor of using label"
                found.add(Rule.MAINTAINER_DEPRECATED, each.source, message)
            case Env():
                _check_pairs(each, found)
                for pair in each.pairs:
                    _check_secret("ENV", pair.name, each.source, found)
            case Label():
                _check_pairs(each, found)
            case Arg():
                _check_description(each, found)
                for declaration in each.declarations:
                    _check_secret("ARG", declaration.name, each.source, found)
            case Cmd() | Entrypoint() | Healthcheck():
                if type(each) in before:
                    found.add(
                        Rule.MULTIPLE_INSTRUCTIONS_DISALLOWED,
                        before[type(each)].source,
                        f"Multiple {each.source.name} instructions should not be used in the same "
                        "stage because only the last one will be used",
                    )
                before[type(each)] = each


def _check_pairs(instruction: Env | Label, found: Findings) -> None:
    keyword = instruction.source.name
    if any(pair.is_legacy for pair in instruction.pairs):
        found.add(
            Rule.LEGACY_KEY_VALUE_FORMAT,
            instruction.source,
            f'"{keyword} key=value" should be used instead of legacy "{keyword} key value" format',
        )


def _check_secret(keyword: str, name: str, source: Source, found: Findings) -> None:
    if _SECRETS.search(name) and not _NO_SECRETS.search(name):
        found.add(
            Rule.SECRETS_USED_IN_ARG_OR_ENV,
            source,
            f'Do not use ARG or ENV instructions for sensitive data ({keyword} "{name}")',
        )


def _check_description(arg: Arg, found: Findings) -> None:
    _check_comment("ARG", [each.name for each in arg.declarations], arg.source, found)


def _check_comment(keyword: str, names: list[str], source: Source, found: Findings) -> None:
    if not source.comments or source.comments[-1].partition(" ")[0] in names:
        return
    name = names[0] if len(names) == 1 else "<arg_key>"
    found.add(
        Rule.INVALID_DEFINITION_DESCRIPTION,
        source,
        f"Comment for {keyword} should follow the format: `# {name} <description>`",
    )
