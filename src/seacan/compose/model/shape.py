"""What a section of a model is made of: fields, each with a name and a type.

Field("cpus", real)                 left out when it is zero, empty or false
Field("init", boolean, keep=True)   left out when it is not given
JSON writes what is `always` there even without a value: as null, or as an empty mapping
"""

from __future__ import annotations

from seacan.compose.model import kinds
from seacan.errors import InvalidArgument
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Kind = Callable[[Any], Any]

Path = tuple[str, ...]
ABSENT = object()
_ZEROS = ((kinds.size, "0"), (kinds.duration, "0s"))


class Field:
    """`kind`: a function of kinds.py, a Shape, ListOf or MapOf.

    `always`: what JSON has if there is no value. `json_name`: its name there, if another.
    """

    __slots__ = ("always", "json_name", "keep", "kind", "name")

    def __init__(
        self,
        name: str,
        kind: Any = kinds.text,
        *,
        keep: bool = False,
        always: Any = ABSENT,
        json_name: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.keep = keep
        self.always = always
        self.json_name = json_name


class Shape:
    """A mapping with given keys; keys that begin with `x-` may be in it, too."""

    def __init__(self, *fields: Field) -> None:
        self.fields = fields


@record
class ListOf:
    item: Any


@record
class MapOf:
    """A mapping with any keys. `filled`: an entry without a value becomes an empty mapping."""

    item: Any
    filled: bool = False


def typed(value: Any, kind: Any, path: Path = ()) -> Any:
    """Return `value` in canonical form. Raises InvalidArgument, naming the path."""
    if isinstance(kind, Shape):
        return _shaped(value, kind, path)
    if isinstance(kind, ListOf):
        return [typed(item, kind.item, (*path, str(at))) for at, item in enumerate(value or ())]
    if isinstance(kind, MapOf):
        return {
            key: None
            if item is None and not kind.filled
            else typed({} if item is None else item, kind.item, (*path, key))
            for key, item in sorted((value or {}).items())
        }
    try:
        return kind(value)
    except (ValueError, AttributeError, KeyError, TypeError) as err:
        raise InvalidArgument(f"{'.'.join(path)}: {err}") from err


def _shaped(value: Any, shape: Shape, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidArgument(f"{'.'.join(path)} must be a mapping")
    found = {}
    for field in shape.fields:
        if value.get(field.name) is None:
            continue
        item = typed(value[field.name], field.kind, (*path, field.name))
        if field.keep or not _is_zero(item, field.kind):
            found[field.name] = item
    extensions = {key: value[key] for key in sorted(value) if key.startswith("x-")}
    return {**found, **extensions}


def _is_zero(value: Any, kind: Any) -> bool:
    return not value or (kind, value) in _ZEROS
