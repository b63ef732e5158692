"""What stands in for parts of the standard library that take longer to import than a command runs.

`functools` and `enum` bring `collections`, `types` and more, each as long as a request. Type
checkers see the originals. `seacan.records` stands in for dataclasses likewise.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enum import StrEnum
    from functools import cached_property
else:

    class cached_property:
        """A value that is made when it is first asked for, and kept."""

        def __init__(self, make):  # noqa: ANN001, ANN204
            self._make = make

        def __get__(self, owner, _):  # noqa: ANN001, ANN204
            made = owner.__dict__[self._make.__name__] = self._make(owner)
            return made

    class StrEnum(str):
        """Named texts: each is itself alone (`is`), and a text (`value`)."""

        __slots__ = ()

        def __init_subclass__(cls) -> None:
            for name, text in list(vars(cls).items()):
                if not name.startswith("_") and isinstance(text, str):
                    setattr(cls, name, str.__new__(cls, text))

        @property
        def value(self) -> str:
            return str(self)


__all__ = ("StrEnum", "cached_property")
