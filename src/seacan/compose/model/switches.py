"""Variables that switch something on or off, as Go reads them."""

from __future__ import annotations

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


def is_yes(environment: Mapping[str, str], name: str) -> bool:
    """Whether variable `name` says so; whatever else it says is no."""
    return environment.get(name, "").strip().lower() in ("1", "t", "true", "y")


def is_on(environment: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Whether variable `name` says so; `default` without it. Raises InvalidArgument."""
    value = environment.get(name)
    if not value:
        return default
    if value not in (*_TRUE, *_FALSE):
        raise InvalidArgument(f'{name}: "{value}": invalid syntax')
    return value in _TRUE
