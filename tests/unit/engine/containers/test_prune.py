"""Which containers a prune takes, and the times that its filter understands."""

from typing import Any

import pytest
from tests.fakes.containers import make_container

from seacan.engine.containers.container import Status
from seacan.engine.containers.prune import choose, moment_ns
from seacan.errors import InvalidArgument

NOW_NS = 1_000_000 * 10**9


def _chosen(**wanted: list[str]) -> str:
    records = [
        make_container("a", "new"),
        make_container("b", "ended", status=Status.EXITED),
        make_container("c", "running", status=Status.RUNNING),
        make_container("d", "paused", status=Status.PAUSED),
    ]
    for hours, record in enumerate(records):
        record.created_s = 1_000_000 - hours * 3600
    records[0].config |= {"Labels": {"x": "1", "y": "2"}}
    filters = {name.replace("_", "!"): values for name, values in wanted.items()}
    return " ".join(record.name for record in choose(records, filters, NOW_NS))


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "new ended"),
        ({"until": ["1m"]}, "ended"),
        ({"until": ["2h"]}, ""),
        ({"label": ["x"]}, "new"),
        ({"label": ["x=2"]}, ""),
        ({"label": ["x=1", "y"]}, "new"),
        ({"label_": ["x"]}, "ended"),
        ({"label_": ["x", "z"]}, "new ended"),  # each has to fit, as with label
        ({"label_": ["x", "y=2"]}, "ended"),
    ],
)
def test_choose(wanted: dict[str, Any], names: str) -> None:
    assert _chosen(**wanted) == names


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"nope": ["1"]}, "invalid filter 'nope'"),
        ({"until": ["1", "2"]}, "more than one until filter specified"),
        ({"until": ["x"]}, 'failed to parse value as time or duration: "x"'),
    ],
)
def test_refused(wanted: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        _chosen(**wanted)
    assert str(refused.value) == words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", 1_000_000 - 600),
        ("1h30m", 1_000_000 - 5400),
        ("1.5h", 1_000_000 - 5400),
        ("500ms", 1_000_000 - 0.5),
        ("0", 0),
        ("12345", 12345),
        ("12345.5", 12345.5),
        ("1970-01-02T00:00:00Z", 86400),
        ("1970-01-02T00:00:00.25Z", 86400.25),
        ("1970-01-02T01:00:00+01:00", 86400),
    ],
)
def test_moments(text: str, seconds: float) -> None:
    assert moment_ns(text, NOW_NS) == int(seconds * 10**9)


@pytest.mark.parametrize("text", ["", "x", "-5", "5 m", "1.2.3", "99999-01-01", "1h x"])
def test_no_moments(text: str) -> None:
    with pytest.raises(InvalidArgument):
        moment_ns(text, NOW_NS)


def test_digits_without_end_are_no_duration() -> None:
    """A thousand took six seconds, in which the daemon served nobody; ten times more, hours."""
    with pytest.raises(InvalidArgument, match="failed to parse value as time or duration"):
        moment_ns("1" * 100_000 + "x", NOW_NS)
