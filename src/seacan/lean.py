"""Names of contextlib, enum, functools and typing, for what every start or command pays for.

Those modules import collections and regular expressions, which takes longer than most of what a
container or a command needs. What is here has the same meaning; type checkers see the originals.
`seacan.records` stands in for dataclasses likewise.
"""
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, ANN204

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import ExitStack as ExitStack
    from contextlib import closing as closing
    from contextlib import contextmanager as contextmanager
    from contextlib import nullcontext as nullcontext
    from contextlib import suppress as suppress
    from enum import StrEnum as StrEnum
    from functools import cache as cache
    from functools import cached_property as cached_property
    from typing import cast as cast

else:

    class nullcontext:
        def __enter__(self):
            pass

        def __exit__(self, kind, error, trace):
            pass

    class suppress(nullcontext):
        def __init__(self, *kinds):
            self._kinds = kinds

        def __exit__(self, kind, error, trace):
            return isinstance(error, self._kinds)

    class closing:
        def __init__(self, thing):
            self._thing = thing

        def __enter__(self):
            return self._thing

        def __exit__(self, kind, error, trace):
            self._thing.close()

    class ExitStack:
        """Of callbacks alone: the last comes first, and each whatever the others raise."""

        def __init__(self):
            self._callbacks = []

        def callback(self, function, *arguments):
            self._callbacks.append((function, arguments))

        def pop_all(self):
            other = ExitStack()
            other._callbacks, self._callbacks = self._callbacks, []
            return other

        def __enter__(self):
            return self

        def __exit__(self, kind, error, trace):
            if self._callbacks:
                function, arguments = self._callbacks.pop()
                try:
                    function(*arguments)
                finally:
                    self.__exit__(kind, error, trace)

    class _Context:
        def __init__(self, generator):
            self._generator = generator

        def __enter__(self):
            return next(self._generator)

        def __exit__(self, kind, error, trace):
            try:
                if error is None:
                    next(self._generator)
                else:
                    self._generator.throw(error)
            except StopIteration:
                return error is not None
            except BaseException as other:
                if other is not error:
                    raise
                return False
            raise RuntimeError("a context yields once")

    def contextmanager(function):
        return lambda *given, **named: _Context(function(*given, **named))

    def cache(function):
        kept = {}

        def call(*given):
            if given not in kept:
                kept[given] = function(*given)
            return kept[given]

        return call

    class cached_property:
        def __init__(self, make):
            self._make = make

        def __get__(self, owner, _):
            made = owner.__dict__[self._make.__name__] = self._make(owner)
            return made

    class StrEnum(str):
        """Each member is itself alone (`is`), and a text (`value`)."""

        __slots__ = ()

        def __init_subclass__(cls):
            for name, text in list(vars(cls).items()):
                if not name.startswith("_") and isinstance(text, str):
                    setattr(cls, name, str.__new__(cls, text))

        @property
        def value(self):
            return str(self)

    def cast(kind, value):
        return value
