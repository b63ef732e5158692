import pytest

from seacan.cli.output.units import age, binary_size, decimal_size, precise_size


@pytest.mark.parametrize(
    ("size", "decimal", "precise", "binary"),
    [
        (0, "0B", "0B", "0B"),
        (999, "999B", "999B", "999B"),
        (1000, "1kB", "1kB", "1000B"),
        (1024, "1.02kB", "1.024kB", "1KiB"),
        (1_984_348, "1.98MB", "1.984MB", "1.892MiB"),
        (4_270_000, "4.27MB", "4.27MB", "4.072MiB"),
        (116_700_000, "117MB", "116.7MB", "111.3MiB"),
        (999_999, "1e+03kB", "1000kB", "976.6KiB"),
        (2**80, "1.21YB", "1.209YB", "1YiB"),
    ],
)
def test_sizes(size: int, decimal: str, precise: str, binary: str) -> None:
    assert (decimal_size(size), precise_size(size), binary_size(size)) == (decimal, precise, binary)


HOUR = 3600
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.9, "Less than a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"),
        (59 * 60 + 59, "59 minutes"),
        (HOUR, "About an hour"),
        (1.4 * HOUR, "About an hour"),
        (1.5 * HOUR, "2 hours"),
        (47 * HOUR, "47 hours"),
        (48 * HOUR, "2 days"),
        (13 * DAY, "13 days"),
        (14 * DAY, "2 weeks"),
        (59 * DAY, "8 weeks"),
        (60 * DAY, "2 months"),
        (729 * DAY, "24 months"),
        (730 * DAY, "2 years"),
        (-5, "Less than a second"),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text
