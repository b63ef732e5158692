"""Records: classes that are their fields, for what every container pays for.

    @record
    class Change:
        set: int = 0
        clear: int = 0

    Change(1, clear=2)

What dataclasses would do, whose import takes as long as that of the whole runtime beside it: it
brings inspect and ast. A default is shared by all, so it is nothing that can change. Type checkers
read the decorator as they do a dataclass.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, NoReturn, TypeVar, dataclass_transform, overload

    _Class = TypeVar("_Class", bound=type)
    _Record = TypeVar("_Record")

    @overload
    def record(cls: _Class) -> _Class: ...
    @overload
    def record(*, frozen: bool = True, kw_only: bool = False) -> Callable[[_Class], _Class]: ...
    @dataclass_transform(frozen_default=True)
    def record(cls: Any = None, *, frozen: bool = True, kw_only: bool = False) -> Any: ...

else:  # `typing` takes longer to import than all records

    def record(cls=None, *, frozen=True, kw_only=False):  # noqa: ANN001, ANN201
        """Make `cls` a record; those that are `frozen` do not change, and are hashable.

        `kw_only` is for type checkers: its fields are to be named where one is made.
        """

        def make(cls):  # noqa: ANN001, ANN202
            bases = reversed(cls.__mro__)
            # Of each class its own; builtin ones have none.
            named = (name for base in bases for name in getattr(base, "__annotations__", ()))
            fields = {"_fields": tuple(dict.fromkeys(named))}
            for name, value in (fields | (_FROZEN if frozen else _METHODS)).items():
                setattr(cls, name, value)
            return cls

        return make if cls is None else make(cls)


def replace(old: _Record, **changes: Any) -> _Record:
    """Return a record like `old` but for `changes`."""
    return type(old)(**{**vars(old), **changes})


def _init(self: Any, *given: Any, **named: Any) -> None:
    fields = self._fields
    values = dict(zip(fields, given, strict=False)) | named
    if len(values) != len(given) + len(named) or not values.keys() <= set(fields):
        raise TypeError(f"{type(self).__name__}: wrong arguments: {given!r:.80} {named!r:.80}")
    if len(values) < len(fields):
        for name in fields:
            if name not in values:
                values[name] = _default(type(self), name)
    vars(self).update(values)


def _default(cls: type, name: str) -> Any:
    try:
        return getattr(cls, name)
    except AttributeError:
        raise TypeError(f"{cls.__name__}: {name} is missing") from None


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(vars(self).get(name) for name in self._fields)


def _equals(self: Any, other: object) -> Any:
    return vars(self) == vars(other) if type(other) is type(self) else NotImplemented


def _represent(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
    return f"{type(self).__name__}({fields})"


def _refuse(self: Any, name: str, value: object) -> NoReturn:
    raise AttributeError(f"{type(self).__name__}: {name} does not change")


_METHODS: Final = {"__init__": _init, "__eq__": _equals, "__repr__": _represent}
_FROZEN: Final = {
    **_METHODS,
    "__setattr__": _refuse,
    "__hash__": lambda self: hash(_values(self)),
}
