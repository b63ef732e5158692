"""JSON as Go's decoder takes it, for clients rely on that.

Keys are in whatever case: docker-py sends `detachKeys` where the API has DetachKeys. Null among the
elements of a list or the values of a map is what is empty of its kind.
"""

import functools
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict


def as_go_has_it(value: Any, shape: Any) -> Any:
    """Return decoded JSON with its keys as the TypedDicts of `shape`, a type, spell them.

    It goes as deep as `shape` does, whatever is nested in `value`. Of a key that comes twice, the
    last counts. Null stays where `shape` has it.
    """
    known = _member(shape, type(value))
    if known is None:
        return _empty(shape) if value is None else value
    if is_typeddict(known):
        fields = _fields(known)
        found = [(*fields.get(key.lower(), (key, Any)), item) for key, item in value.items()]
        return {name: as_go_has_it(item, hint) for name, hint, item in found}
    if isinstance(value, dict):
        _, hint = get_args(known)
        return {key: as_go_has_it(item, hint) for key, item in value.items()}
    (hint,) = get_args(known)
    return [as_go_has_it(item, hint) for item in value]


@functools.cache
def _fields(shape: Any) -> dict[str, tuple[str, Any]]:
    """Return name in lower case → name and type of each field of a TypedDict."""
    return {name.lower(): (name, hint) for name, hint in get_type_hints(shape).items()}


def _member(shape: Any, kind: type) -> Any:
    """Return what of a type, which may be a union, holds values of `kind`: a dict, or a list."""
    for member in get_args(shape) if get_origin(shape) is UnionType else (shape,):
        if get_origin(member) is kind or (kind is dict and is_typeddict(member)):
            return member
    return None


def _empty(shape: Any) -> Any:
    """Return what null means for `shape`: itself, for a union or Any, else what is empty."""
    kind = dict if is_typeddict(shape) else get_origin(shape) or shape
    return kind() if kind in (str, int, bool, list, dict) else None
