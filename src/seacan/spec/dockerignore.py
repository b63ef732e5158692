"""What a .dockerignore leaves out of a context. It is the client's and the daemon's to know.

A line is a pattern of paths from the context's root; what it matches is left out, with all that is
below, unless a later line that begins with `!` matches. `*` and `?` stay within a directory, `**`
crosses any number. Source: the Dockerfile reference; at the edges, moby/patternmatcher.

A pattern becomes a regular expression. What follows a star is looked for once, from the left, and
not again (an atomic group): a later place could match no more than the first one, and a pattern of
many stars would take for ever.
"""

import posixpath
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from seacan.errors import InvalidArgument
from seacan.records import record

LIMIT_BYTES: Final = 1 << 20
_DEEPEST: Final = 2
_STAR: Final = "*"
_DEEP: Final = "**"
# The end of any path, whatever is before it: **.pyc
_ANY_END: Final = re.compile(r"\*\*[^*?/\[\]\\][^*?\[\]\\]*", re.DOTALL)


class Verdict(NamedTuple):
    """What the patterns say of a path: the last word, and which of them match it or above it."""

    is_excluded: bool
    matched: tuple[bool, ...]


_INCLUDED: Final = Verdict(is_excluded=False, matched=())


@record
class Pattern:
    text: str  # without the !
    is_exception: bool
    expression: "re.Pattern[str]"

    def matches(self, path: str) -> bool:
        return self.expression.match(path) is not None


class Ignored:
    """The patterns of a .dockerignore."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._nothing = (False,) * len(self.patterns)

    @property
    def has_exceptions(self) -> bool:
        return any(pattern.is_exception for pattern in self.patterns)

    def is_excluded(self, path: str) -> bool:
        """Return whether a path, from the context's root, is left out."""
        verdict = Verdict(is_excluded=False, matched=self._nothing)
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            verdict = self.judge("/".join(parts[:count]), verdict)
        return verdict.is_excluded

    def judge(self, path: str, above: Verdict | None = None) -> Verdict:
        """Return what is said of a path; `above` is what was said of its directory."""
        if not self.patterns:
            return _INCLUDED
        matched = above.matched if above else self._nothing
        is_excluded = False
        found = []
        for pattern, is_above in zip(self.patterns, matched, strict=True):
            does_match = is_above or pattern.matches(path)
            found.append(does_match)
            if does_match:
                is_excluded = not pattern.is_exception
        return Verdict(is_excluded, tuple(found))

    def may_have_exceptions(self, directory: str) -> bool:
        """Return whether something in a directory that is left out may be there all the same."""
        below = directory + "/"
        for pattern in self.patterns:
            if not pattern.is_exception:
                continue
            fixed = re.split(r"[*?[\\]", pattern.text, maxsplit=1)[0]
            has_wildcard = fixed != pattern.text
            if (fixed if has_wildcard else f"{fixed}/").startswith(below):
                return True
            if has_wildcard and below.startswith(fixed):
                return True
        return False


def parse(data: bytes) -> Ignored:
    """Return the patterns of a file. Raises InvalidArgument."""
    if len(data) > LIMIT_BYTES:
        raise InvalidArgument(f".dockerignore is larger than {LIMIT_BYTES} bytes")
    text = data.decode("utf-8-sig", "surrogateescape")
    lines = (line for line in text.split("\n") if not line.startswith("#"))
    return Ignored([_pattern(line) for line in map(str.strip, lines) if line])


def of_names(text: str) -> Pattern:
    """Return the pattern of names in one directory, as COPY has them. Raises InvalidArgument."""
    return Pattern(text, False, _compile(text))


def _pattern(line: str) -> Pattern:
    is_exception = line.startswith("!")
    text = line[1:].strip() if is_exception else line
    if not text:
        raise InvalidArgument('illegal exclusion pattern: "!"')
    text = posixpath.normpath(text)
    # normpath keeps two slashes at the start; and a path of a context begins with none.
    text = text.lstrip("/") or "."
    return Pattern(text, is_exception, _compile(text))


def _compile(text: str) -> "re.Pattern[str]":
    if _ANY_END.fullmatch(text):
        return re.compile(f".*{re.escape(text[2:])}\\Z")
    tokens = _tokens(text)
    if tokens == [_DEEP]:
        return re.compile("")
    if _DEEP not in tokens[:-1] and tokens[-1] == _DEEP:
        return re.compile(_group(tokens[:-1], is_last=False))
    groups: list[list[str]] = [[]]
    for token in tokens:
        if token == _DEEP:
            groups.append([])
        else:
            groups[-1].append(token)
    ends_deep = not groups[-1]
    if ends_deep:
        groups.pop()
    wholes = [group[-1:] == ["/"] for group in groups]
    wholes[-1] = wholes[-1] and ends_deep
    if _depth(wholes[1:]) > _DEEPEST:
        raise InvalidArgument(f"pattern has too many ** within names: {text:.100}")
    parts = []
    for number, group in enumerate(groups):
        is_last = number == len(groups) - 1 and not ends_deep
        part = ("(?:.*?/)??" if number else "") + _group(group, is_last=is_last)
        parts.append(f"(?>{part})" if wholes[number] else part)
    return re.compile("".join(parts))


def _depth(wholes: Sequence[bool]) -> int:
    """Return how many `**` are nested: each tried at every place, for all places of those before.

    One is followed by what is whole: once found, it is not looked for again.
    """
    deepest = tried = 0
    for is_whole in wholes:
        deepest = max(deepest, tried + 1)
        tried += not is_whole
    return deepest


def _group(tokens: Sequence[str], *, is_last: bool) -> str:
    """Return the expression of tokens without `**`; the last one ends where the path does."""
    chunks: list[list[str]] = [[]]
    for token in tokens:
        if token == _STAR:
            chunks.append([])
        else:
            chunks[-1].append(token)
    end = r"\Z" if is_last else ""
    parts = ["".join(chunks[0])]
    for number, chunk in enumerate(chunks[1:], 2):
        text = "".join(chunk)
        is_end = number == len(chunks)
        if is_end and not is_last and chunk[-1:] != ["/"]:
            parts.append(f"[^/]*{text}")  # what comes next may need a later place
        else:
            parts.append(f"(?>[^/]*?{text}{end if is_end else ''})")
    return "".join(parts) + (end if len(chunks) == 1 else "")


def _tokens(text: str) -> list[str]:
    """Return regular expressions of one character each, `*` and `**`."""
    tokens: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "*" and text.startswith("*", at):
            at += 1
            if text.startswith("/", at):
                at += 1
            token = _DEEP
        elif character == "*":
            token = _STAR
        elif character == "?":
            token = "[^/]"
        elif character == "[":
            token, at = _class(text, at)
        elif character == "\\":
            if at == len(text):
                raise InvalidArgument("syntax error in pattern")
            token = re.escape(text[at])
            at += 1
        else:
            token = re.escape(character)
        if not (token in (_STAR, _DEEP) and tokens[-1:] == [token]):
            tokens.append(token)
    return tokens


def _class(text: str, at: int) -> tuple[str, int]:
    """Return the class after a `[` as a regular expression, and where it ends."""
    negation = "^" if text[at : at + 1] == "^" else ""
    at += len(negation)
    ranges: list[str] = []
    while not ranges or text[at : at + 1] != "]":
        low, at = _bound(text, at)
        high = low
        if text[at : at + 1] == "-":
            high, at = _bound(text, at + 1)
        if low > high:
            raise InvalidArgument("syntax error in pattern")
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    return f"[{negation}{''.join(ranges)}]", at + 1


def _bound(text: str, at: int) -> tuple[str, int]:
    character = text[at : at + 1]
    if character == "\\":
        at += 1
        character = text[at : at + 1]
    elif character in "-]":
        raise InvalidArgument("syntax error in pattern")
    if not character:
        raise InvalidArgument("syntax error in pattern")
    return character, at + 1
