"""What stands in for the standard library means the same: each test is run with both."""

import contextlib
import enum
import functools
from collections.abc import Iterator
from typing import Any

import pytest

from seacan import lean

BOTH = pytest.mark.parametrize("module", [contextlib, lean])


@BOTH
def test_suppressed(module: Any) -> None:
    with module.suppress(KeyError, FileNotFoundError):
        raise FileNotFoundError
    with pytest.raises(IndexError), module.suppress(KeyError):
        raise IndexError


@BOTH
def test_closed_also_after_an_error(module: Any) -> None:
    class Thing:
        closed = 0

        def close(self) -> None:
            self.closed += 1

    thing = Thing()
    with module.closing(thing) as same:
        assert same is thing
        assert not thing.closed
    with pytest.raises(KeyError), module.closing(thing):
        raise KeyError
    assert thing.closed == 2
    with module.nullcontext() as nothing:
        assert nothing is None


@BOTH
def test_callbacks_from_the_last_to_the_first(module: Any) -> None:
    called: list[int] = []

    def fail() -> None:
        called.append(0)
        raise IndexError

    stack = module.ExitStack()
    stack.callback(called.append, 1)
    stack.callback(fail)
    stack.callback(called.append, 3)
    with pytest.raises(IndexError) as raised, stack:
        raise KeyError
    assert called == [3, 0, 1]
    assert isinstance(raised.value.__context__, KeyError)


@BOTH
def test_callbacks_taken_away(module: Any) -> None:
    called: list[int] = []
    with module.ExitStack() as stack:
        stack.callback(called.append, 1)
        taken = stack.pop_all()
        stack.callback(called.append, 2)
    assert called == [2]
    with taken:
        pass
    assert called == [2, 1]


@BOTH
def test_contexts_of_generators(module: Any) -> None:
    seen: list[str] = []

    def named(name: str, *, swallows: type[BaseException] = ZeroDivisionError) -> Iterator[str]:
        seen.append(f"enter {name}")
        try:
            yield name
        except swallows:
            seen.append("swallowed")
        except IndexError as err:
            raise KeyError from err
        finally:
            seen.append(f"leave {name}")

    context = module.contextmanager(named)
    with context("a") as name:
        assert name == "a"
    with context("b", swallows=OSError):
        raise OSError
    with pytest.raises(ValueError, match="mine"), context("c"):
        raise ValueError("mine")
    with pytest.raises(KeyError), context("d"):
        raise IndexError
    assert seen == [
        *("enter a", "leave a"),
        *("enter b", "swallowed", "leave b"),
        *("enter c", "leave c"),
        *("enter d", "leave d"),
    ]


@BOTH
def test_a_generator_that_goes_on(module: Any) -> None:
    def twice() -> Iterator[None]:
        with contextlib.suppress(KeyError):
            yield
        yield

    with pytest.raises(RuntimeError), module.contextmanager(twice)():
        pass
    with pytest.raises(RuntimeError), module.contextmanager(twice)():
        raise KeyError


@pytest.mark.parametrize("module", [functools, lean])
def test_cached_by_arguments(module: Any) -> None:
    calls: list[int] = []

    def double(number: int) -> int:
        calls.append(number)
        return 2 * number

    cached = module.cache(double)
    assert [cached(1), cached(2), cached(1)] == [2, 4, 2]
    assert calls == [1, 2]


class Color(lean.StrEnum):
    RED = "red"
    BLUE = "blue"


class OriginalColor(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize("color", [OriginalColor, Color])
def test_members_are_texts_that_are_themselves_alone(color: Any) -> None:
    colors = [color.RED, color.BLUE]
    assert colors == ["red", "blue"]
    assert [each is color.RED for each in colors] == [True, False]
    assert {each: at for at, each in enumerate(colors)}["blue"] == 1
    assert isinstance(color.RED, color)
    assert f"{color.BLUE} {color.BLUE.value}" == "blue blue"
    assert type(color.BLUE.value) is str


@pytest.mark.parametrize("module", [functools, lean])
def test_a_property_is_made_once_for_each(module: Any) -> None:
    class Box:
        made = 0

        @module.cached_property  # type: ignore[untyped-decorator]
        def size(self) -> int:
            self.made += 1
            return 3

    one, other = Box(), Box()
    assert (one.size, one.size, one.made, other.made) == (3, 3, 1, 0)
