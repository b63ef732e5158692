"""What a template may call: Go's own functions and Docker's.

Source: Go's text/template, Functions; docker/cli, templates.
"""

from __future__ import annotations

import itertools

from seacan.cli.output.templates.values import (
    MISSING,
    Duration,
    Missing,
    Nil,
    Time,
    is_true,
    plain,
    to_json,
    type_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class CallError(Exception):
    """A function cannot do what is asked; the text is Go's."""


class Function:
    """`kinds`: what each argument must be (any, string, int, []string); `more`: what others are."""

    __slots__ = ("call", "kinds", "more")

    def __init__(self, call: Callable[..., Any], *kinds: str, more: str = "") -> None:
        self.call = call
        self.kinds = kinds
        self.more = more


def _length(value: Any) -> int:
    if value is None or isinstance(value, Missing):
        raise CallError("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(value, Nil):
        raise CallError("len of nil pointer")
    if isinstance(value, str):
        return len(value.encode(errors="surrogateescape"))
    if isinstance(value, list | dict):
        return len(value)
    raise CallError(f"len of type {type_name(value).lstrip('*')}")


def _index(value: Any, *keys: Any) -> Any:
    if value is None or isinstance(value, Missing):
        raise CallError("index of untyped nil")
    for key in keys:
        value = _item(value, key)
    return value


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, list | str):
        items = value if isinstance(value, list) else value.encode(errors="surrogateescape")
        at = _position(key, len(items))
        if at == len(items):
            kind = "slice" if isinstance(value, list) else "string"
            raise CallError(f"reflect: {kind} index out of range")
        return items[at]
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise CallError(f"value has type {type_name(key)}; should be string")
        if key in value:
            return value[key]
        return "" if all(isinstance(one, str) for one in value.values()) else MISSING
    if isinstance(value, Nil) or value is None:
        raise CallError("index of nil pointer")
    raise CallError(f"can't index item of type {type_name(value).lstrip('*')}")


def _position(key: Any, last: int) -> int:
    if isinstance(key, bool) or not isinstance(key, int):
        if key is None or isinstance(key, Missing):
            raise CallError("cannot index slice/array with nil")
        raise CallError(f"cannot index slice/array with type {type_name(key)}")
    if not 0 <= key <= last:
        raise CallError(f"index out of range: {key}")
    return key


def _slice(value: Any, *ends: Any) -> Any:
    if value is None or isinstance(value, Missing):
        raise CallError("slice of untyped nil")
    if len(ends) > 3:
        raise CallError(f"too many slice indexes: {len(ends)}")
    if isinstance(value, str):
        if len(ends) == 3:
            raise CallError("cannot 3-index slice a string")
        data: Any = value.encode(errors="surrogateescape")
    elif isinstance(value, list):
        data = value
    else:
        raise CallError(f"can't slice item of type {type_name(value)}")
    places = [_position(end, len(data)) for end in ends]
    for before, after in itertools.pairwise(places):
        if before > after:
            raise CallError(f"invalid slice index: {before} > {after}")
    start = places[0] if places else 0
    end = places[1] if len(places) > 1 else len(data)
    part = data[start:end]
    return part.decode(errors="replace") if isinstance(value, str) else part


def _kind(value: Any) -> str:
    """Return the kind that a comparison looks at; "" of what has none."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | Duration):
        return "int"
    return {float: "float", str: "string"}.get(type(value), "")


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise CallError("missing argument for comparison")
    return any(_is_same(first, other) for other in others)


def _is_same(first: Any, other: Any) -> bool:
    empty = [value is None or isinstance(value, Missing | Nil) for value in (first, other)]
    if any(empty):
        return all(empty)
    kinds = _kind(first), _kind(other)
    if kinds[0] != kinds[1]:
        raise CallError("incompatible types for comparison")
    if not kinds[0] and isinstance(first, list | dict):
        raise CallError(
            f"non-comparable type {plain(first)}: {type_name(first)}"
            if type_name(first) == type_name(other)
            else "incompatible types for comparison"
        )
    if isinstance(first, Time) and isinstance(other, Time):
        return first.text == other.text
    return bool(first == other)


def _is_less(first: Any, other: Any) -> bool:
    kinds = _kind(first), _kind(other)
    if not all(kinds):
        raise CallError("invalid type for comparison")
    if kinds[0] != kinds[1]:
        raise CallError("incompatible types for comparison")
    if kinds[0] == "bool":
        raise CallError("invalid type for comparison")
    return bool(first < other)


def _print(*values: Any) -> str:
    """Go's Sprint: a blank between two values neither of which is a text."""
    text = ""
    for at, value in enumerate(values):
        if at and not isinstance(value, str) and not isinstance(values[at - 1], str):
            text += " "
        text += plain(value)
    return text


def _print_line(*values: Any) -> str:
    return " ".join(map(plain, values)) + "\n"


def _printf(form: str, *values: Any) -> str:
    from seacan.cli.output.templates.verbs import sprintf

    return sprintf(form, list(values))


_HTML = {0: "\ufffd", 34: "&#34;", 38: "&amp;", 39: "&#39;", 60: "&lt;", 62: "&gt;"}
_JAVASCRIPT = {code: f"\\u{code:04X}" for code in (*range(32), *map(ord, "<>&="))}
_JAVASCRIPT |= {ord(letter): f"\\{letter}" for letter in "\\'\""}


def _html(*values: Any) -> str:
    return _print(*values).translate(_HTML)


def _js(*values: Any) -> str:
    return _print(*values).translate(_JAVASCRIPT)


def _query(*values: Any) -> str:
    from urllib.parse import quote_plus

    return quote_plus(_print(*values), safe="~")


def _call(value: Any, *_: Any) -> Any:
    raise CallError(f"non-function of type {type_name(value)}")


def _title(text: str) -> str:
    """Every letter that begins a word, in upper case."""
    return "".join(
        letter.upper() if at == 0 or _ends_word(text[at - 1]) else letter
        for at, letter in enumerate(text)
    )


def _ends_word(letter: str) -> bool:
    if letter.isascii():
        return not (letter.isalnum() or letter == "_")
    return letter.isspace()


def _pad(text: str, before: int, after: int) -> str:
    if before < 0 or after < 0:
        raise CallError("strings: negative Repeat count")
    return f"{' ' * before}{text}{' ' * after}" if text else text


def _truncate(text: str, length: int) -> str:
    data = text.encode(errors="surrogateescape")
    return text if len(data) < length else data[: max(length, 0)].decode(errors="ignore")


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if separator else list(text)


# `and` and `or` do not ask for all of their arguments; execution does them.
GO = {
    "and": Function(lambda *values: values, "any", more="any"),
    "call": Function(_call, "any", more="any"),
    "eq": Function(_equal, "any", more="any"),
    "ge": Function(lambda a, b: not _is_less(a, b), "any", "any"),
    "gt": Function(lambda a, b: not _is_less(a, b) and not _is_same(a, b), "any", "any"),
    "html": Function(_html, more="any"),
    "index": Function(_index, "any", more="any"),
    "js": Function(_js, more="any"),
    "le": Function(lambda a, b: _is_less(a, b) or _is_same(a, b), "any", "any"),
    "len": Function(_length, "any"),
    "lt": Function(_is_less, "any", "any"),
    "ne": Function(lambda a, b: not _is_same(a, b), "any", "any"),
    "not": Function(lambda value: not is_true(value), "any"),
    "or": Function(lambda *values: values, "any", more="any"),
    "print": Function(_print, more="any"),
    "printf": Function(_printf, "string", more="any"),
    "println": Function(_print_line, more="any"),
    "slice": Function(_slice, "any", more="any"),
    "urlquery": Function(_query, more="any"),
}

DOCKER = {
    **GO,
    "join": Function(lambda texts, separator: separator.join(texts), "[]string", "string"),
    "json": Function(to_json, "any"),
    "lower": Function(str.lower, "string"),
    "pad": Function(_pad, "string", "int", "int"),
    "split": Function(_split, "string", "string"),
    "title": Function(_title, "string"),
    "truncate": Function(_truncate, "string", "int"),
    "upper": Function(str.upper, "string"),
}

# For the line of headers, which stay as they are.
HEADER = {
    **DOCKER,
    "json": Function(lambda text: text, "string"),
    "join": Function(lambda text, _: text, "string", "string"),
    "lower": Function(lambda text: text, "string"),
    "split": Function(lambda text, _: text, "string", "string"),
    "title": Function(lambda text: text, "string"),
    "truncate": Function(lambda text, _: text, "string", "int"),
    "upper": Function(lambda text: text, "string"),
}
