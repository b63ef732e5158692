"""Stand-ins do what the originals would."""

from seacan.standins import StrEnum, cached_property


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Box:
    made = 0

    @cached_property
    def size(self) -> int:
        self.made += 1
        return 3


def test_members_are_texts_that_are_themselves_alone() -> None:
    colors: list[str] = [Color.RED, Color.BLUE]
    assert colors == ["red", "blue"]
    assert [color is Color.RED for color in colors] == [True, False]
    assert {color: at for at, color in enumerate(colors)}["blue"] == 1
    assert isinstance(Color.RED, Color)
    assert f"{Color.BLUE} {Color.BLUE.value}" == "blue blue"
    assert type(Color.BLUE.value) is str


def test_a_property_is_made_once_for_each() -> None:
    one, other = Box(), Box()
    assert (one.size, one.size, one.made, other.made) == (3, 3, 1, 0)
