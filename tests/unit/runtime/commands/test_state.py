import pytest

from seacan.runtime.commands.state import rfc3339


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_764_167_797_005_951_446, "2025-11-26T14:36:37.005951446Z"),
        (1_764_167_797_500_000_000, "2025-11-26T14:36:37.5Z"),
    ],
)
def test_time_has_no_more_digits_than_it_needs(ns: int, text: str) -> None:
    assert rfc3339(ns) == text
