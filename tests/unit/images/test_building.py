"""Results of steps: found as they were remembered last, and not when they were forgotten."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from seacan.errors import InvalidArgument
from seacan.images.building import Building, Result
from seacan.images.store import Store
from seacan.paths import DataRoot

_KEY = "0" * 64


@pytest.fixture
def building(tmp_path: Path) -> Iterator[Building]:
    store = Store(DataRoot(tmp_path))
    yield Building(store, lambda image_id, reference: None)
    store.close()


def _result(description: str) -> Result:
    return Result(_KEY, "2020-01-01T00:00:00Z", description, None)


def test_what_was_found_once_is_recalled(building: Building) -> None:
    building.remember(_result("a"))
    building.flush()
    assert building.recall(_KEY) is None
    assert building.find(_KEY) == building.recall(_KEY) == _result("a")
    assert [record.uses for record in building.records()] == [2]


def test_what_is_done_anew_takes_the_place_of_what_is_recalled(building: Building) -> None:
    for description in ("a", "b"):
        building.remember(_result(description))
        assert building.recall(_KEY) == _result(description)
        building.flush()
        assert building.find(_KEY) == _result(description)


def test_what_is_forgotten_is_recalled_no_more(building: Building) -> None:
    building.remember(_result("a"))
    building.flush()
    building.find(_KEY)
    building.forget([_KEY])
    assert building.recall(_KEY) is None
    assert building.find(_KEY) is None


def test_more_layers_than_dockerd_has_are_refused(building: Building, tmp_path: Path) -> None:
    below = [f"sha256:{number:064x}" for number in range(125)]
    with pytest.raises(InvalidArgument, match="max depth exceeded"):
        building.add_layer(below, io.BytesIO(b"an archive"), tmp_path / "upper", lambda: 1)
