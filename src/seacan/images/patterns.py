"""Patterns that names of images are looked for by: Go's path.Match.

`*` and `?` stand for what is no slash, `[a-z]` and `[^a-z]` for one character, a backslash takes
the meaning from what follows. A pattern means a whole name, with its tag or digest or without.
Source: Go, path.Match; distribution/reference, FamiliarMatch.
"""

import re
from collections.abc import Callable, Sequence

from seacan.errors import InvalidArgument
from seacan.images.references import Reference


def reference_matcher(patterns: Sequence[str]) -> Callable[[Reference], bool]:
    """Return the test whether a reference matches one of `patterns`. Raises InvalidArgument."""
    compiled = [_compile(pattern) for pattern in patterns]

    def matches(reference: Reference) -> bool:
        texts = (reference.familiar, reference.familiar_name)
        return any(pattern.fullmatch(text) for pattern in compiled for text in texts)

    return matches


def _compile(pattern: str) -> re.Pattern[str]:
    chunks = [""]  # of a regular expression, with a star between each two
    at = 0
    while at < len(pattern):
        match pattern[at]:
            case "*":
                chunks.append("")
            case "?":
                chunks[-1] += "[^/]"
            case "[":
                text, at = _class(pattern, at + 1)
                chunks[-1] += text
            case "\\":
                at += 1
                chunks[-1] += re.escape(_character(pattern, at))
            case character:
                chunks[-1] += re.escape(character)
        at += 1
    return re.compile(_joined(chunks), re.DOTALL)


def _joined(chunks: Sequence[str]) -> str:
    """Return one expression, in which what follows a star is looked for once, from the left.

    A later place could match no more than the first one (hence the atomic groups), and a pattern of
    many stars would take for ever.
    """
    if len(chunks) == 1:
        return chunks[0]
    first, *inner, last = chunks
    return first + "".join(f"(?>[^/]*?{chunk})" for chunk in inner if chunk) + f"[^/]*{last}"


def _class(pattern: str, at: int) -> tuple[str, int]:
    """Return what follows a `[` as a regular expression, and where its `]` is."""
    negation = "^" if pattern[at : at + 1] == "^" else ""
    at += len(negation)
    ranges: list[str] = []
    while not ranges or _character(pattern, at) != "]":
        low, at = _bound(pattern, at)
        high = low
        if pattern[at : at + 1] == "-":
            high, at = _bound(pattern, at + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            ranges.append("")  # from z to a: nothing, which is no error in Go
    found = "".join(ranges)
    if not found:
        return ("[^/]" if negation else "(?!)"), at
    return f"(?!/)[{negation}{found}]", at


def _bound(pattern: str, at: int) -> tuple[str, int]:
    character = _character(pattern, at)
    if character in "-]":
        raise _bad()
    if character == "\\":
        at += 1
        character = _character(pattern, at)
    return character, at + 1


def _character(pattern: str, at: int) -> str:
    if at >= len(pattern):
        raise _bad()
    return pattern[at]


def _bad() -> InvalidArgument:
    return InvalidArgument("syntax error in pattern")
