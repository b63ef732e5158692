"""Records do what dataclasses would."""

import pytest

from seacan.records import record, replace


@record
class Point:
    x: int
    y: int = 7

    @property
    def sum(self) -> int:
        return self.x + self.y


@record(frozen=False, kw_only=True)
class Shape:
    name: str
    corners: int = 0


@record(frozen=False, kw_only=True)
class Colored(Shape):
    color: str


def test_fields_by_position_and_by_name() -> None:
    assert (Point(1).x, Point(1).y, Point(1, 2).y, Point(x=1, y=3).y, Point(1).sum) == (
        1,
        7,
        2,
        3,
        8,
    )


def test_a_subclass_has_the_fields_of_its_base() -> None:
    shape = Colored(name="square", color="red")
    assert (shape.name, shape.corners, shape.color) == ("square", 0, "red")


@pytest.mark.parametrize(
    "arguments", [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1})]
)
def test_wrong_arguments(arguments: tuple[tuple[int, ...], dict[str, int]]) -> None:
    given, named = arguments
    with pytest.raises(TypeError, match="Point"):
        Point(*given, **named)


def test_equality_and_hash_are_by_fields() -> None:
    assert Point(1) == Point(1, 7)
    assert Point(1) != Point(2)
    assert {Point(1), Point(1), Point(2)} == {Point(1), Point(2)}


def test_what_is_frozen_does_not_change() -> None:
    with pytest.raises(AttributeError, match="x does not change"):
        Point(1).x = 2  # type: ignore[misc]
    shape = Shape(name="square")
    shape.corners = 4
    assert shape == Shape(name="square", corners=4)


def test_replace() -> None:
    assert replace(Point(1, 2), y=3) == Point(1, 3)


def test_representation() -> None:
    assert repr(Point(1)) == "Point(x=1, y=7)"
