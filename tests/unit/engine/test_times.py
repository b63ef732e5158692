"""Points in time and durations as texts."""

import pytest

from seacan.engine import times


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.001, "1ms"),
        (0.3, "300ms"),
        (0.0015, "1.5ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (30, "30s"),
        (60, "1m0s"),
        (90.25, "1m30.25s"),
        (3600, "1h0m0s"),
        (86400 + 61, "24h1m1s"),
    ],
)
def test_durations_are_gos(seconds: float, text: str) -> None:
    assert times.go_duration(seconds) == text


def test_a_time_there_and_back() -> None:
    assert times.nanoseconds(times.rfc3339(1795480879_000000007)) == 1795480879_000000007
