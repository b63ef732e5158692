"""JSON of the daemon as Go's clients see it: structs, in which a field that is left out is zero."""

from __future__ import annotations

from collections.abc import Mapping

from seacan.cli.output.templates.shapes import SHAPES
from seacan.cli.output.templates.values import NIL, Duration, NilList, NilMap, Record, Time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_ZERO_TIME = "0001-01-01T00:00:00Z"


def struct(name: str, wire: dict[str, Any], *, type_name: str = "") -> Record:
    """Return `wire` as the struct `name` of SHAPES. `type_name`: what errors call it."""
    return Record(type_name or name, _Fields(name, wire), wire=wire)


def with_fields(record: Record, type_name: str, **fields: Any) -> Record:
    """Return a struct with the fields of `record` and then `fields`, as embedding has it."""
    inner = {name: record.get(name) for name in record}
    return Record(type_name, {**inner, **fields}, wire={**record.wire, **_wires(fields)})


def _wires(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.wire if isinstance(value, Record) else value for name, value in fields.items()
    }


class _Fields(Mapping[str, "Any"]):
    """The fields of a struct, each made when it is asked for."""

    def __init__(self, name: str, wire: dict[str, Any]) -> None:
        self._wire = wire
        self._kinds: dict[str, tuple[str, str]] = {}
        for spelled in SHAPES[name].split():
            spelled, _, kind = spelled.partition(":")
            field, _, key = spelled.partition("=")
            self._kinds[field] = (key or field, kind)

    def __getitem__(self, field: str) -> Any:
        key, kind = self._kinds[field]
        return _value(self._wire.get(key), kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def _value(wire: Any, kind: str) -> Any:
    """Return what Go makes of `wire`, None as if it was left out, in a field of `kind`."""
    if kind.startswith("*"):
        return NIL if wire is None else _value(wire, kind[1:])
    if kind.startswith("[]"):
        return NilList() if wire is None else [_value(one, kind[2:]) for one in wire]
    if kind.startswith("{}"):
        if wire is None:
            return NilMap()
        return {name: _value(one, kind[2:]) for name, one in wire.items()}
    match kind:
        case "":
            return "" if wire is None else str(wire)
        case "i":
            return wire or 0
        case "b":
            return bool(wire)
        case "t":
            return Time(wire or _ZERO_TIME)
        case "d":
            return Duration(wire or 0)
        case "-":
            return Record("struct {}", {}, wire={})
        case "?":
            return NIL if wire is None else wire
    return struct(kind, wire or {})
