"""Filters of the build cache as containerd words them: `type==regular,shared`, `id~=^ab`.

Of one text all have to hold, of several texts one. Source: containerd, pkg/filters; moby/buildkit,
cache/manager.go (adaptUsageInfo).
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from seacan.engine.builds.cache import CacheEntry
from seacan.engine.expressions import finder
from seacan.errors import InvalidArgument, Unsupported

_MOST: Final = 100
_SELECTOR: Final = re.compile(
    r"""(?P<name>[A-Za-z]+) (?: (?P<sign>==|!=|~=) (?: "(?P<quoted>[^"\\]*)" | (?P<bare>[^,"]*)))?
    (?:,|$)""",
    re.VERBOSE | re.ASCII,
)
_FIELDS: Final = (
    "id", "parents", "description", "type", "inuse", "mutable", "immutable", "shared", "private",
)  # fmt: skip

Passes = Callable[[CacheEntry], bool]


def reading(texts: Sequence[str]) -> Passes:
    """Return what tells whether an entry passes; all do if there is no text.

    Raises InvalidArgument, and Unsupported for fields that no entry has a word for.
    """
    read = [_conjunction(text) for text in texts if text]
    return lambda entry: not read or any(passes(entry) for passes in read)


def _conjunction(text: str) -> Passes:
    selectors: list[Passes] = []
    at = 0
    while at < len(text):
        match = _SELECTOR.match(text, at)
        if match is None or len(selectors) == _MOST:
            raise InvalidArgument(f"invalid filter {text}")
        selectors.append(_selector(match))
        at = match.end()
    return lambda entry: all(passes(entry) for passes in selectors)


def _selector(match: re.Match[str]) -> Passes:
    name, sign = match["name"], match["sign"]
    if name not in _FIELDS:
        raise Unsupported(f"not supported: filter {match[0].rstrip(',')}")
    # buildx makes `type!==a` of --filter type!=a.
    value = match["quoted"] if match["bare"] is None else match["bare"].removeprefix("=")
    match sign:
        case "==":
            return lambda entry: _fields(entry).get(name) == value
        case "!=":
            return lambda entry: _fields(entry).get(name) != value
        case "~=":
            is_found = finder(value)
            return lambda entry: name in (found := _fields(entry)) and is_found(found[name])
    return lambda entry: name in _fields(entry)


def _fields(entry: CacheEntry) -> dict[str, str]:
    """Return what an entry has: of yes and no, the words that hold."""
    held = ("shared" if entry.is_shared else "private", "immutable")
    return {
        "id": entry.id,
        "description": entry.description,
        "type": entry.type,
        "parents": "",
        **dict.fromkeys(held, "true"),
    }
