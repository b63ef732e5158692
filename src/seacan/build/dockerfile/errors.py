"""What is wrong with a Dockerfile, and where."""

from collections.abc import Iterable
from typing import Final

from seacan.build.dockerfile.instructions import Source
from seacan.errors import InvalidArgument

PARSE: Final = "failed to parse Dockerfile"

_FARTHEST: Final = 3  # edits between a word and what may have been meant
_LONGEST: Final = 64


class DockerfileError(InvalidArgument):
    """One sentence; `line` (from 1) is where to look, `column` (from 1) is 0 if it is all of it."""

    def __init__(self, sentence: str, line: int, *, last_line: int = 0, column: int = 0) -> None:
        super().__init__(sentence)
        self.line = line
        self.last_line = max(line, last_line)
        self.column = column


class Misplaced(InvalidArgument):
    """A sentence about an instruction, by who does not know where that stands.

    `fragment` is the part of it to look at. `is_syntax` if not even its words could be told.
    """

    def __init__(self, sentence: str, fragment: str = "", *, is_syntax: bool = False) -> None:
        super().__init__(sentence)
        self.fragment = fragment
        self.is_syntax = is_syntax


def at(source: Source, why: InvalidArgument) -> DockerfileError:
    """Return `why` with the place of the instruction that it is about."""
    if isinstance(why, DockerfileError):
        return why
    fragment = why.fragment if isinstance(why, Misplaced) else ""
    is_one_line = source.first_line == source.last_line
    column = source.text.find(fragment) + 1 if fragment and is_one_line else 0
    return DockerfileError(str(why), source.first_line, last_line=source.last_line, column=column)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean RUN?)` if one of `known` is near to `word`, else nothing."""
    found = nearest(word, known)
    return f" (did you mean {found}?)" if found else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the one of `known` that fewer than three edits make of `word`; empty if none."""
    best, least = "", _FARTHEST
    for candidate in known:
        if candidate == word:
            return ""  # it is right: what is wrong is something else
        distance = _edits(word, candidate)
        if distance < least:
            best, least = candidate, distance
    return best


def _edits(one: str, other: str) -> int:
    """Return Levenshtein's distance; _FARTHEST if it is that or more anyway."""
    if abs(len(one) - len(other)) >= _FARTHEST or max(len(one), len(other)) > _LONGEST:
        return _FARTHEST
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
