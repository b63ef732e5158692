"""Here-documents: the `<<EOF` of a line, and what comes after it."""

import re
from typing import Final

import msgspec

from seacan.build.dockerfile import expansion
from seacan.build.dockerfile.expansion import Lexer
from seacan.build.dockerfile.lines import SPACES
from seacan.errors import InvalidArgument

_MARK: Final = re.compile(r"(\d*)<<(-?)", re.ASCII)
_LEADING_TABS: Final = re.compile(r"^\t+", re.MULTILINE)
_WORDS: Final = Lexer(keeps_quotes=True, keeps_escapes=True, keeps_unset=True)


class Mark(msgspec.Struct, frozen=True):
    """`3<<-"EOF"`: the name is without its quotes."""

    name: str
    is_expanded: bool
    strips_tabs: bool
    descriptor: int


def marks(line: str) -> list[Mark]:
    """Return the here-documents that a line begins, in their order."""
    if "<<" not in line:
        return []
    try:
        words = expansion.split(_WORDS, line, {})
    except InvalidArgument:
        return []  # a quote without its other: a line for a shell, which may think otherwise
    return [mark for word in words if (mark := read_mark(word))]


def read_mark(word: str) -> Mark | None:
    """Return what `<<EOF` means; None if the word is something else."""
    match = _MARK.match(word)
    name = word[match.end() :].lstrip(SPACES) if match else ""
    if not match or not name or "<" in name:
        return None
    try:
        plain = expansion.split(Lexer(keeps_unset=True), name, {})
        quoted = expansion.split(Lexer(keeps_unset=True, keeps_quotes=True), name, {})
    except InvalidArgument:
        return None
    if len(plain) != 1 or len(quoted) != 1:
        return None
    is_expanded = _quotes(plain[0]) == _quotes(quoted[0])
    return Mark(plain[0], is_expanded, match[2] == "-", int(match[1][:9] or 0))


def without_tabs(content: str) -> str:
    """Return the content without the tabs at the start of its lines."""
    return _LEADING_TABS.sub("", content)


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')
