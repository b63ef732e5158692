"""Go's values, as Python has them: what is true, what a type is called, how a value is printed.

    None              nil of no type
    MISSING           no value at all: of a key that a map has not
    NIL               a nil pointer to a struct
    NilList, NilMap   a nil slice or map: empty, and `null` as JSON
    Record            a struct, or a pointer to one: fields by name, and methods
    Time, Duration    time.Time and time.Duration
Source: Go's fmt, %v; text/template, how values are printed.
"""

from __future__ import annotations

import json

from seacan.cli.output.rows import Row, row_json
from seacan.cli.output.units import go_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, Final


class Missing:
    __slots__ = ()


class Nil:
    __slots__ = ()


MISSING: Final = Missing()
NIL: Final = Nil()


class NilList(list["Any"]):
    pass


class NilMap(dict[str, "Any"]):
    pass


class Record:
    """A struct: `fields` by name, in Go's order; `methods`, which take a text.

    `wire`: what it is as JSON, unless that is its fields. `used`: the names of fields that a
    template asked for.
    """

    __slots__ = ("_as_row", "_fields", "methods", "type_name", "used", "wire")

    def __init__(
        self,
        type_name: str,
        fields: Mapping[str, Any],
        *,
        methods: Mapping[str, Callable[[str], str]] | None = None,
        wire: Any = None,
        as_row: Row | None = None,
    ) -> None:
        """`as_row`: a row of a list, which is its fields as JSON."""
        self.type_name = type_name
        self._fields = fields
        self.methods = methods or {}
        self.wire = wire
        self._as_row = as_row
        self.used: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def get(self, name: str) -> Any:
        self.used.add(name)
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def values(self) -> list[Any]:
        return list(self._fields.values())

    def as_json(self) -> str:
        if self.wire is not None:
            return json.dumps(self.wire, ensure_ascii=False, separators=(",", ":"))
        self.used.update(self._fields)
        if self._as_row is not None:
            return row_json(self._as_row)
        return "{" + ",".join(f'"{name}":{to_json(self._fields[name])}' for name in self) + "}"


class Time:
    """A time.Time, of RFC 3339's text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return go_time(self.text)


class Duration(int):
    """A time.Duration, in nanoseconds."""

    def __str__(self) -> str:
        """Return `1h30m0s`, `1.5s`, `20ms`, `0s`, as Go's String."""
        left = abs(int(self))
        if left == 0:
            return "0s"
        sign = "-" if self < 0 else ""
        for length, unit in ((10**3, "ns"), (10**6, "µs"), (10**9, "ms")):
            if left < length:
                return f"{sign}{_decimal(left, length // 1000)}{unit}"
        minutes, seconds = divmod(left, 60 * 10**9)
        hours, minutes = divmod(minutes, 60)
        text = f"{_decimal(seconds, 10**9)}s"
        if hours or minutes:
            text = f"{minutes}m{text}"
        return f"{sign}{hours}h{text}" if hours else sign + text


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    digits = str(rest + unit)[1:].rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


def to_json(value: Any) -> str:
    """Return what Docker's function `json` makes of `value`."""
    if isinstance(value, Record):
        return value.as_json()
    if value is None or isinstance(value, Missing | Nil | NilList | NilMap):
        return "null"
    if isinstance(value, Time):
        return json.dumps(value.text)
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k, ensure_ascii=False)}:{to_json(value[k])}" for k in sorted(value))
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def is_true(value: Any) -> bool:
    """Whether `if` takes it for true: not empty, not zero, not nil; a struct always."""
    if isinstance(value, Record | Time):
        return True
    return bool(value) and not isinstance(value, Missing | Nil)


def type_name(value: Any) -> str:
    """Return what Go calls the type of `value`."""
    if isinstance(value, Record):
        return value.type_name
    if isinstance(value, list):
        return "[]string" if all(isinstance(one, str) for one in value) else "[]interface {}"
    names: dict[type, str] = {
        bool: "bool",
        int: "int",
        float: "float64",
        str: "string",
        Time: "time.Time",
        Duration: "time.Duration",
    }
    if isinstance(value, dict):
        return "map[string]interface {}"
    return names.get(type(value), "<nil>")


def shown(value: Any) -> str:
    """Return the text of `value` where a template prints it."""
    if value is None or isinstance(value, Missing):
        return "<no value>"
    return plain(value)


def plain(value: Any) -> str:
    """Return `value` as Go's %v."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, Missing | Nil):
        return "<nil>"
    if isinstance(value, float):
        return shortest(value)
    if isinstance(value, list):
        return "[" + " ".join(map(plain, value)) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, Record):
        return "{" + " ".join(map(plain, value.values())) + "}"
    return str(value)


def shortest(number: float) -> str:
    """Return a float as Go's %v: shortest digits, an exponent below 1e-4 and from 1e6 on."""
    if number != number or number in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(number)]
    if number == 0 or 1e-4 <= abs(number) < 1e6:
        return repr(number).removesuffix(".0")
    places = next(n for n in range(18) if float(f"{number:.{n}e}") == number)
    return f"{number:.{places}e}"
