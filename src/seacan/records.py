"""Records: classes that are their fields, for what every container and every command pays for.

    @record                           @draft
    class Change:                     class Launch:
        set: int = 0                      pid: int
        clear: int = 0                    executable: str = ""

    Change(1, clear=2)                Launch(pid=1)

What dataclasses would do, which takes longer to import than the rest of the runtime together (it
brings inspect and ast). A default belongs to the class: it is shared, so it is nothing mutable.
Type checkers know both by `dataclass_transform`.
"""

from typing import Any, NoReturn, TypeVar, dataclass_transform

_Class = TypeVar("_Class", bound=type)
_Record = TypeVar("_Record")


@dataclass_transform(frozen_default=True)
def record(cls: _Class) -> _Class:
    """Make `cls` a record that does not change: equal to another by its fields, and hashable."""
    _add(cls, __setattr__=_refuse, __hash__=lambda self: hash(_values(self)))
    return cls


@dataclass_transform(kw_only_default=True)
def draft(cls: _Class) -> _Class:
    """Make `cls` a record of named fields that others fill and change."""
    _add(cls)
    return cls


def replace(old: _Record, **changes: Any) -> _Record:
    """Return a record like `old` but for `changes`."""
    return type(old)(**{**vars(old), **changes})


def _add(cls: type, **methods: Any) -> None:
    bases = reversed(cls.__mro__)
    named = (name for base in bases for name in vars(base).get("__annotations__", ()))
    fields = tuple(dict.fromkeys(named))
    methods |= {"_fields": fields, "__init__": _init, "__eq__": _equals, "__repr__": _represent}
    for name, method in methods.items():
        setattr(cls, name, method)


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
