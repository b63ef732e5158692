"""`$NAME` and `${NAME…}` in a text.

    ${NAME:-text}  ${NAME-text}    text if NAME is empty or unset; if it is unset
    ${NAME:?text}  ${NAME?text}    an error that says text, likewise
    ${NAME:+text}  ${NAME+text}    text if NAME is not empty; if it is set
    $$                             a dollar sign

What follows an operator may have variables itself. Source: compose specification, interpolation.
"""

from __future__ import annotations

from seacan.errors import InvalidArgument
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Lookup = Callable[[str], str | None]

_FIRST = frozenset("_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_FOLLOWING = _FIRST | frozenset("0123456789")
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")
_DEEPEST = 100  # variables in what follows operators
LIMIT_CHARACTERS = 4 << 20  # of a value: a few lines that double one each would fill any memory


class InvalidTemplate(InvalidArgument):
    """A text whose `$` begins no variable."""


class MissingVariable(InvalidArgument):
    """A variable that must be there is not."""


@record
class Variable:
    """A place in a text where a variable stands. `rest`: what follows the operator, if any."""

    name: str
    operator: str = ""
    rest: str = ""


def pieces(text: str) -> Iterator[str | Variable]:
    """Yield `text` in pieces, literal ones and variables. Raises InvalidTemplate."""
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        yield text[at:dollar]
        at = dollar + 1
        if text.startswith("$", at):
            yield "$"
            at += 1
        elif text.startswith("{", at):
            end = _closing_brace(text, at)
            yield _braced(text, text[at + 1 : end])
            at = end + 1
        elif name := _name_at(text, at):
            yield Variable(name)
            at += len(name)
        else:
            yield "$"  # followed by nothing that a variable could begin with: it means itself
    yield text[at:]


def _name_at(text: str, begin: int) -> str:
    """Return the name of a variable at that place of `text`, or nothing."""
    end = begin
    while end < len(text) and text[end] in (_FOLLOWING if end > begin else _FIRST):
        end += 1
    return text[begin:end]


def _closing_brace(text: str, at: int) -> int:
    depth = 0
    for place in range(at, len(text)):
        if text[place] == "{" and text[place - 1] == "$":
            depth += 1
            if depth > _DEEPEST:
                raise InvalidTemplate(f"variables within variables go too deep: {text[:100]}")
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place
    raise InvalidTemplate(text)


def _braced(text: str, inner: str) -> Variable:
    name = _name_at(inner, 0)
    if not name:
        raise InvalidTemplate(text)
    rest = inner[len(name) :]
    if not rest:
        return Variable(name)
    for operator in _OPERATORS:
        if rest.startswith(operator):
            return Variable(name, operator, rest[len(operator) :])
    raise InvalidTemplate(text)


def substitute(text: str, lookup: Lookup, unset: Callable[[str], None]) -> str:
    """Return `text` with its variables replaced. `unset` is told of one that is not set.

    Raises InvalidTemplate, also for too long a text, or MissingVariable.
    """
    if "$" not in text:
        return text
    parts: list[str] = []
    left = LIMIT_CHARACTERS
    for piece in pieces(text):
        part = piece if isinstance(piece, str) else _value(piece, lookup, unset)
        left -= len(part)
        if left < 0:
            raise InvalidTemplate(f"more than {LIMIT_CHARACTERS} characters: {text[:100]}")
        parts.append(part)
    return "".join(parts)


def _value(variable: Variable, lookup: Lookup, unset: Callable[[str], None]) -> str:
    value = lookup(variable.name)
    if not variable.operator:
        if value is None:
            unset(variable.name)
        return value or ""
    is_there = bool(value) if variable.operator[0] == ":" else value is not None
    kind = variable.operator[-1]
    if kind == "+":
        return substitute(variable.rest, lookup, unset) if is_there else value or ""
    if is_there:
        return value or ""
    rest = substitute(variable.rest, lookup, unset)
    if kind == "?":
        reason = f": {rest}" if rest else ""
        raise MissingVariable(f"required variable {variable.name} is missing a value{reason}")
    return rest


def variables_of(value: Any) -> Iterator[Variable]:
    """Yield all variables in the texts of a model, those in other ones' defaults too."""
    if isinstance(value, str):
        for piece in pieces(value):
            if isinstance(piece, Variable):
                yield piece
                yield from variables_of(piece.rest if piece.operator[-1:] != "?" else "")
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from variables_of(item)
