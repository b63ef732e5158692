import pytest

from seacan.build import words


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1.5µs"),
        (500_000_000, "500ms"),
        (1_000_000_000, "1s"),
        (90_500_000_000, "1m30.5s"),
        (3_600_000_000_000, "1h0m0s"),
    ],
)
def test_durations(time_ns: int, text: str) -> None:
    assert words.go_duration(time_ns) == text


def test_strings() -> None:
    assert words.go_strings(['a\t"\\', "é\x01\x7f", "\u200b\U000e0001"]) == (
        '["a\\t\\"\\\\" "é\\x01\\x7f" "\\u200b\\U000e0001"]'
    )
