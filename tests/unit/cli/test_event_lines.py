import time
from typing import Any

import pytest

from seacan.cli.output.event_lines import event_line, json_line

EVENT: dict[str, Any] = {
    "Type": "container",
    "Action": "die",
    "Actor": {"ID": "abc", "Attributes": {"name": "web", "exitCode": "3"}},
    "scope": "local",
    "time": 1136214245,
    "timeNano": 1136214245000000005,
}
BARE: dict[str, Any] = EVENT | {"Actor": {"ID": "abc", "Attributes": None}}


@pytest.mark.parametrize(
    ("zone", "event", "line"),
    [
        ("UTC", EVENT, "2006-01-02T15:04:05.000000005Z container die abc (exitCode=3, name=web)"),
        ("EST5", BARE, "2006-01-02T10:04:05.000000005-05:00 container die abc"),
        ("IST-5:30", BARE, "2006-01-02T20:34:05.000000005+05:30 container die abc"),
    ],
)
def test_a_line_for_people(
    monkeypatch: pytest.MonkeyPatch, zone: str, event: dict[str, Any], line: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert event_line(event) == line


def test_json() -> None:
    assert json_line({"Type": "image", "Action": "ü"}) == '{"Type":"image","Action":"ü"}'
