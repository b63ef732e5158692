"""JSON as Go's decoder takes it, for clients rely on that.

Keys are in whatever case: docker-py sends `detachKeys` where the API has DetachKeys. Null among the
elements of a list or the values of a map is what is empty of its kind. Where a list may be given as
its one word alone, it becomes the list.
"""

import functools
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from seacan.spec.engine_api import Words


def as_go_has_it(value: Any, shape: Any) -> Any:
    """Return decoded JSON with its keys as the TypedDicts of `shape`, a type, spell them.

    It goes as deep as `shape` does, whatever is nested in `value`. Of a key that comes twice, the
    last counts. Null stays where `shape` has it.
    """
    if isinstance(value, str):
        return [value] if Words in _members(shape) else value
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
    hints = get_type_hints(shape, include_extras=True)
    return {name.lower(): (name, hint) for name, hint in hints.items()}


def _members(shape: Any) -> tuple[Any, ...]:
    """Return what a union is of; of Annotated[] Python makes another kind of them."""
    return get_args(shape) if get_origin(shape) in (UnionType, Union) else (shape,)


def _member(shape: Any, kind: type) -> Any:
    """Return what of a type, which may be a union, holds values of `kind`: a dict, or a list."""
    for member in _members(shape):
        plain = get_args(member)[0] if get_origin(member) is Annotated else member
        if get_origin(plain) is kind or (kind is dict and is_typeddict(plain)):
            return plain
    return None


def _empty(shape: Any) -> Any:
    """Return what null means for `shape`: itself, for a union or Any, else what is empty."""
    kind = dict if is_typeddict(shape) else get_origin(shape) or shape
    return kind() if kind in (str, int, bool, list, dict) else None
