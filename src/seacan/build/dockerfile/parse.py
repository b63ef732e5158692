"""A whole Dockerfile → its stages."""

import re
from typing import Final

import msgspec
from msgspec import field
from msgspec.structs import replace

from seacan.build.dockerfile import commands
from seacan.build.dockerfile.errors import PARSE, DockerfileError, Misplaced
from seacan.build.dockerfile.heredocs import Mark
from seacan.build.dockerfile.instructions import (
    Arg,
    Dockerfile,
    From,
    Heredoc,
    Instruction,
    Onbuild,
    Source,
    Stage,
)
from seacan.build.dockerfile.lines import SPACES, Line, Lines
from seacan.build.dockerfile.words import split_keyword
from seacan.build.dockerfile.written import Written
from seacan.errors import InvalidArgument

# What is evaluated keeps the environment after each instruction: both are bounded.
MOST_INSTRUCTIONS: Final = 2000
# docker/dockerfile, and what mirrors and forks of it are called.
_DOCKERFILES: Final = re.compile(r"(^|/)dockerfile[^/]*$")


class _Parsed(msgspec.Struct):
    global_args: list[Arg] = field(default_factory=list)
    stages: list[tuple[From, list[Instruction]]] = field(default_factory=list)

    def add(self, found: Instruction | From) -> None:
        if isinstance(found, From):
            self.stages.append((found, []))
        elif self.stages:
            self.stages[-1][1].append(found)
        elif isinstance(found, Arg):
            self.global_args.append(found)
        else:
            raise DockerfileError("no build stage in current context", found.source.first_line)


def parse(data: bytes) -> Dockerfile:
    """Return what a Dockerfile says. Raises DockerfileError."""
    lines = _open(data)
    parsed = _Parsed()
    count = 0
    for line in lines:
        found = _read(lines, line)
        if isinstance(found, Onbuild):
            parse_trigger(found.trigger, found.source, lines.escape)
        parsed.add(found)
        count += 1
        if count > MOST_INSTRUCTIONS:
            raise DockerfileError(f"more than {MOST_INSTRUCTIONS} instructions", line.first)
    if not count:
        raise DockerfileError(f"{PARSE}: file with no instructions", lines.count)
    if not parsed.stages:
        raise DockerfileError("dockerfile contains no stages to build", lines.count)
    return Dockerfile(
        tuple(parsed.global_args),
        tuple(Stage(begin, tuple(instructions)) for begin, instructions in parsed.stages),
        lines.escape,
        lines.directives.get("check", ""),
        lines.directives.get("syntax", ""),
        tuple(lines.empty_continuations),
    )


def parse_trigger(trigger: str, source: Source, escape: str) -> Instruction:
    """Return the instruction of an ONBUILD; for messages, it stands where `source` does.

    Raises DockerfileError.
    """
    lines = Lines(trigger.encode("utf-8", "replace"), escape)
    found = []
    try:
        for line in lines:
            found.append(_read(lines, replace(line, first=source.first_line)))
    except DockerfileError as err:
        raise DockerfileError(str(err), source.first_line, last_line=source.last_line) from err
    if len(found) != 1 or isinstance(found[0], From | Onbuild):
        raise DockerfileError("onbuild trigger should be a single expression", source.first_line)
    instruction = found[0]
    place = replace(
        instruction.source, first_line=source.first_line, last_line=source.last_line, comments=()
    )
    return replace(instruction, source=place)


def _open(data: bytes) -> Lines:
    if not data:
        raise DockerfileError("the Dockerfile (Dockerfile) cannot be empty", 1)
    lines = Lines(data)
    syntax = lines.directives.get("syntax", "")
    if syntax and not _DOCKERFILES.search(syntax):
        line, column = lines.find(syntax, 1, len(lines.directives))
        raise DockerfileError(
            f"syntax {syntax} is not supported: only Dockerfiles are read (docker/dockerfile)",
            line,
            column=column,
        )
    return lines


def _read(lines: Lines, line: Line) -> Instruction | From:
    name, _ = split_keyword(line.text)
    source = Source(name, line.text.strip(SPACES), line.first, line.last, line.comments)
    try:
        written = Written.read(source, lines.escape)
        found = tuple(_heredoc(lines, mark, line.first) for mark in written.marks())
        source = replace(source, last_line=lines.at)
        return commands.read(replace(written, source=source, heredocs=found))
    except DockerfileError:
        raise
    except InvalidArgument as err:
        raise _placed(lines, source, err) from err


def _heredoc(lines: Lines, mark: Mark, started: int) -> Heredoc:
    content = lines.read_heredoc(mark.name, strips_tabs=mark.strips_tabs, started=started)
    return Heredoc(mark.name, content, mark.is_expanded, mark.strips_tabs, mark.descriptor)


def _placed(lines: Lines, source: Source, why: InvalidArgument) -> DockerfileError:
    is_syntax = isinstance(why, Misplaced) and why.is_syntax
    beginning = f"dockerfile parse error on line {source.first_line}"
    sentence = f"{PARSE if is_syntax else beginning}: {why}"
    fragment = why.fragment if isinstance(why, Misplaced) else ""
    line, column = lines.find(fragment, source.first_line, source.last_line)
    return DockerfileError(sentence, line, last_line=source.last_line, column=column)
