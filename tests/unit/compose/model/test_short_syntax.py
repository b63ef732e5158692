import pytest

from seacan.compose.model import kinds
from seacan.compose.model.short_syntax import ports, volume
from seacan.errors import InvalidArgument


def test_a_range_of_ports() -> None:
    found = [(port["published"], port["target"]) for port in ports("9-11:80-82")]
    assert found == [("9", 80), ("10", 81), ("11", 82)]


@pytest.mark.parametrize(
    "spec",
    ["80:80/icmp", "70000", "a:80", "1-3:80-81", "3-1:3-1", "1.2.3:1:1", ":", "80:", "::1:80:80"],
)
def test_ports_that_are_none(spec: str) -> None:
    with pytest.raises(InvalidArgument):
        ports(spec)


@pytest.mark.parametrize("spec", ["", "vol::b", ":/a:ro", "vol:/b:ro:x"])
def test_volumes_that_are_none(spec: str) -> None:
    with pytest.raises(InvalidArgument):
        volume(spec)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("90s", "1m30s"),
        ("1.5h", "1h30m0s"),
        ("1d", "24h0m0s"),
        ("250us", "250µs"),
        ("0", "0s"),
        ("-1m.5s", "-1m0.5s"),
        ("+1w2d3h4m5s6ms", "219h4m5.006s"),
    ],
)
def test_durations(text: str, canonical: str) -> None:
    assert kinds.duration(text) == canonical


@pytest.mark.parametrize("text", ["", "1", "s", "1x", "1 s", "1s2", "1..2s", ".s", "--1s"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        kinds.duration(text)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("1k", "1024"),
        ("1.5g", "1610612736"),
        ("2 MB", "2097152"),
        (5, "5"),
        ("1 ", "1"),
        ("1e3k", "1024000"),
        ("1_000", "1000"),
        ("+1E+2", "100"),
        ("-1", "-1"),
    ],
)
def test_sizes(text: object, size_bytes: str) -> None:
    assert kinds.size(text) == size_bytes


@pytest.mark.parametrize(
    "text",
    [
        *("", "k", "1x", "1  k", "1bk", ".m", "1.2.3", "-2", "-1m", " 1", "1_", "_1", "1__0"),
        *("1e", "e3", "1e400", "inf ", "nan ", "0x10", "\u0663"),
    ],
)
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="invalid size"):
        kinds.size(text)
