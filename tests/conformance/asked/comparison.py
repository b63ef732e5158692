"""What differs between two answers to the same request: status, headers, kinds, sentences.

A kind is the type of a JSON value, and whether it is empty: `""` is another than `"x"`, as null is
another than `[]`. Ids are data where they are keys; so are the names of files in an archive.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tests.conformance.asked.http import Answer

# Of each connection or moment, and how Go frames a body that is longer than its buffer.
_UNCOMPARED: Final = ("connection", "content-length", "date", "transfer-encoding")
_STAT: Final = "x-docker-container-path-stat"
_ID: Final = re.compile(r"\b(sha256:)?[0-9a-f]{64}\b")
_SHORT_ID: Final = re.compile(r"\b[0-9a-f]{12}\b")
# What tells one element of a list from another, where the order is by chance.
_NAMES: Final = ("Names", "RepoTags", "Destination", "Name")
_SERVER: Final = re.compile(r"\w+/[\w.+-]+ (\(\w+\))")


def differences(ours: Answer, theirs: Answer) -> list[str]:
    """Return what differs, one line each, ours first."""
    if ours.status != theirs.status:
        found = [f"status: {ours.status} != {theirs.status}"]
        if not (ours.status >= 400 <= theirs.status):
            return [*found, f"body: {ours.body!r} != {theirs.body!r}"[:400]]
    else:
        found = []
    found += _headers(ours.headers, theirs.headers)
    kind = theirs.headers.get("content-type", "")
    if kind.startswith("application/json") and kind == ours.headers.get("content-type"):
        return [*found, *_documents(ours, theirs)]
    if "tar" in kind or "octet-stream" in kind:
        return found
    if _text(ours.body) != _text(theirs.body):
        found.append(f"body: {ours.body!r} != {theirs.body!r}")
    return found


def _headers(ours: dict[str, str], theirs: dict[str, str]) -> Iterator[str]:
    for name in sorted((ours.keys() | theirs.keys()) - {*_UNCOMPARED}):
        one, other = ours.get(name), theirs.get(name)
        if name == _STAT and one and other:
            yield from _values(_decode(one), _decode(other), name)
        elif _header(one) != _header(other):
            yield f"{name}: {one} != {other}"


def _header(value: str | None) -> str | None:
    return None if value is None else _SERVER.sub(r"<engine> \1", value)


def _decode(stat: str) -> Any:
    return json.loads(base64.b64decode(stat))


def _documents(ours: Answer, theirs: Answer) -> Iterator[str]:
    """Compare bodies that are one JSON value, or one a line."""
    one, other = _lines(ours.body), _lines(theirs.body)
    if len(one) != len(other):
        yield f"lines: {len(one)} != {len(other)}"
    for mine, yours in zip(one, other, strict=False):
        if ours.status >= 400:
            if _text(mine) != _text(yours):
                yield f"message: {mine!r} != {yours!r}"
        else:
            yield from _values(json.loads(mine), json.loads(yours), "")


def _lines(body: bytes) -> list[bytes]:
    return body.splitlines(keepends=True)


def _values(ours: Any, theirs: Any, at: str) -> Iterator[str]:
    if _kind(ours) != _kind(theirs):
        yield f"{at or 'body'}: {_kind(ours)} != {_kind(theirs)}: {ours!r} != {theirs!r}"[:300]
    elif isinstance(ours, dict):
        ours, theirs = _named(ours), _named(theirs)
        for name in sorted(ours.keys() | theirs.keys()):
            if name not in theirs:
                yield f"{at}.{name}: only here: {ours[name]!r}"
            elif name not in ours:
                yield f"{at}.{name}: missing: {theirs[name]!r}"
            else:
                yield from _values(ours[name], theirs[name], f"{at}.{name}")
    elif isinstance(ours, list):
        yield from _elements(ours, theirs, at)


def _elements(ours: list[Any], theirs: list[Any], at: str) -> Iterator[str]:
    """Compare those of the same name; of others, the engines have each its own."""
    one, other = _by_name(ours), _by_name(theirs)
    if not (one and other):
        for mine, yours in zip(ours, theirs, strict=False):
            yield from _values(mine, yours, f"{at}[]")
        return
    for name in sorted(one.keys() & other.keys()):
        yield from _values(one[name], other[name], f"{at}[]")
    for name in sorted(one.keys() ^ other.keys()):
        if "Destination" in (one | other)[name]:
            yield f"{at}[]: {name} is in one alone"


def _by_name(elements: list[Any]) -> dict[str, Any]:
    """Return the elements by what tells them apart; none if they have no names."""
    names = {}
    for element in elements:
        if isinstance(element, dict):
            for key in _NAMES:
                if found := element.get(key):
                    names[found if isinstance(found, str) else found[0]] = element
                    break
    return names


def _named(value: dict[str, Any]) -> dict[str, Any]:
    return {_ID.sub("<id>", name): one for name, one in value.items()}


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string" if value else "empty string"
        case dict():
            return "object"
        case _:
            return "array" if value else "empty array"


def _text(text: bytes) -> str:
    return _SHORT_ID.sub("<id>", _ID.sub("<id>", text.decode(errors="replace")))
