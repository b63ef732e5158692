from typing import Any

import pytest

from seacan.engine.log_options import LogOptions, parse
from seacan.errors import InvalidArgument, SeacanError, Unsupported


@pytest.mark.parametrize(
    ("log_config", "options"),
    [
        ({}, LogOptions()),
        ({"Type": "", "Config": None}, LogOptions()),
        ({"Type": "json-file", "Config": {"max-size": "-1"}}, LogOptions()),
        ({"Config": {"max-size": "10m", "max-file": "3"}}, LogOptions(10 << 20, 3)),
        ({"Config": {"max-size": "2KB"}}, LogOptions(2048, 1)),
        ({"Config": {"max-size": "7"}}, LogOptions(7, 1)),
        ({"Type": "none", "Config": {"any": "thing"}}, None),
    ],
)
def test_options(log_config: Any, options: LogOptions | None) -> None:
    assert parse(log_config) == options


@pytest.mark.parametrize(
    ("log_config", "kind", "message"),
    [
        ({"Type": "syslog"}, Unsupported, "logging driver syslog is not supported"),
        ({"Config": {"tag": "x"}}, Unsupported, "log opt tag is not supported"),
        ({"Config": {"foo": "x"}}, InvalidArgument, "unknown log opt 'foo' for json-file"),
        ({"Config": {"max-size": "x"}}, InvalidArgument, "invalid value for max-size: x"),
        ({"Config": {"max-size": "0"}}, InvalidArgument, "invalid value for max-size: 0"),
        ({"Config": {"max-file": "0"}}, InvalidArgument, "invalid value for max-file: 0"),
        ({"Config": {"max-file": "2"}}, InvalidArgument, "max-file cannot be set without max-size"),
    ],
)
def test_wrong_options_are_refused(log_config: Any, kind: type[SeacanError], message: str) -> None:
    with pytest.raises(kind, match=message):
        parse(log_config)
