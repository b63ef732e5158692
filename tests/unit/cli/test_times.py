import time

import pytest

from seacan.cli.times import timestamp
from seacan.errors import InvalidArgument

NOW = 1_000_000.5


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "EST5")
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", ""),
        ("1136073600", "1136073600"),
        ("1136073600.000000001", "1136073600.000000001"),
        ("10m", "999400.500000000"),
        ("1h30m", "994600.500000000"),
        ("-1s", "1000001.500000000"),
        ("0", "0"),
        ("2006-01-02T15:04:05Z", "1136214245.000000000"),
        ("2006-01-02T15:04:05.5+01:00", "1136210645.500000000"),
        ("2006-01-02T15:04:05", "1136232245.000000000"),
        ("2006-01-02T15:04", "1136232240.000000000"),
        ("2006-01-02", "1136178000.000000000"),
        ("2006-01-02T15:04:05.123456789Z", "1136214245.123456789"),
    ],
)
def test_points_in_time(text: str, seconds: str) -> None:
    assert timestamp(text, "since", now=NOW) == seconds


@pytest.mark.parametrize("text", ["x", "2006-13-01", "10 m", "1.x"])
def test_texts_that_are_none(text: str) -> None:
    with pytest.raises(InvalidArgument, match='invalid value for "until": failed to parse'):
        timestamp(text, "until", now=NOW)
