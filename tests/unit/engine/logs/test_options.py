"""Which log options are taken; the sentences are dockerd's, from 28.5.2."""

from typing import Any

import pytest

from seacan.engine.logs.options import FileLimits, buffer_bytes, check, file_limits, merge
from seacan.errors import InvalidArgument, Unsupported

DEFAULT = FileLimits(100_000_000, 5)
LOCAL = FileLimits(20 << 20, 5, compress=True)


@pytest.mark.parametrize(
    ("log_config", "limits"),
    [
        ({}, DEFAULT),
        ({"Type": "", "Config": None}, DEFAULT),
        ({"Type": "json-file", "Config": {"max-size": "-1"}}, FileLimits(-1, 1)),
        ({"Config": {"max-size": "10m", "max-file": "3"}}, FileLimits(10_000_000, 3)),
        ({"Config": {"max-size": "2KB"}}, FileLimits(2000, 1)),
        ({"Config": {"max-file": "2"}}, FileLimits(100_000_000, 2)),
        (
            {"Config": {"max-size": "7", "max-file": "2", "compress": "true"}},
            FileLimits(7, 2, compress=True),
        ),
        ({"Type": "none", "Config": {"any": "thing"}}, None),
        ({"Type": "local"}, LOCAL),
        ({"Type": "local", "Config": {"max-file": "1", "compress": "0"}}, FileLimits(20 << 20, 1)),
        ({"Type": "syslog"}, LOCAL),
        ({"Type": "syslog", "Config": {"cache-disabled": "true"}}, None),
        (
            {"Type": "journald", "Config": {"cache-max-size": "1m", "cache-max-file": "2"}},
            FileLimits(1_000_000, 2, compress=True),
        ),
    ],
)
def test_the_file_that_logs_reads(log_config: Any, limits: FileLimits | None) -> None:
    check(log_config)
    assert file_limits(log_config) == limits


@pytest.mark.parametrize(
    ("driver", "options", "message"),
    [
        ("foo", {}, 'error looking up logging plugin foo: plugin "foo" not found'),
        ("json-file", {"foo": "x"}, "unknown log opt 'foo' for json-file log driver"),
        ("json-file", {"syslog-address": "x"}, "unknown log opt 'syslog-address' for json-file"),
        ("local", {"labels": "a"}, "unknown log opt 'labels' for log driver local"),
        ("gelf", {"gelf-address": "udp://a:1", "x": ""}, 'unknown log opt "x" for gelf log driver'),
        ("syslog", {"cache-foo": "x"}, "unknown log opt 'cache-foo' for syslog log driver"),
        ("json-file", {"max-size": "x"}, "invalid size: 'x'"),
        ("json-file", {"max-size": "0"}, "max-size must be a positive number"),
        ("json-file", {"max-size": "1x"}, "invalid suffix: 'x'"),
        ("json-file", {"max-file": "0"}, "max-file cannot be less than 1"),
        ("json-file", {"max-file": "x"}, 'strconv.Atoi: parsing "x": invalid syntax'),
        ("json-file", {"compress": "true"}, "compress cannot be true when max-file is less than 2"),
        ("json-file", {"max-size": "1", "compress": "maybe"}, 'strconv.ParseBool: parsing "maybe"'),
        ("json-file", {"tag": "{{.Foo}}"}, r"log opt tag: {{.Foo}}: {{.Foo}} is not supported"),
        ("json-file", {"tag": "{{"}, "template: log-tag:1: unclosed action"),
        ("json-file", {"labels-regex": "("}, "error parsing regexp: "),
        ("json-file", {"mode": "x"}, "logger: logging mode not supported: x"),
        ("json-file", {"max-buffer-size": "1m"}, "max-buffer-size option is only supported with"),
        (
            "json-file",
            {"mode": "non-blocking", "max-buffer-size": "x"},
            "error parsing option max-buffer-size: invalid size: 'x'",
        ),
        ("local", {"max-size": "x"}, "invalid value for max-size: x: invalid size: 'x'"),
        ("local", {"max-file": "1"}, "compression cannot be enabled when max file count is 1"),
        ("syslog", {"cache-disabled": "x"}, "invalid value for option cache-disabled: x"),
        ("syslog", {"syslog-address": "foo"}, "unsupported scheme: ''"),
        ("syslog", {"syslog-address": "foo://x"}, "unsupported scheme: 'foo'"),
        ("syslog", {"syslog-address": "unix:///none"}, "stat /none: no such file or directory"),
        (
            "syslog",
            {"syslog-address": "udp://127.0.0.1:x"},
            'parse "udp://127.0.0.1:x": invalid port ":x" after host',
        ),
        ("syslog", {"syslog-facility": "99"}, "invalid syslog facility"),
        ("syslog", {"syslog-format": "foo"}, "Invalid syslog format"),
        ("journald", {"foo": "1"}, "unknown log opt 'foo' for journald log driver"),
        ("gelf", {}, "gelf-address is a required parameter"),
        ("gelf", {"gelf-address": "udp://a"}, "gelf: please provide gelf-address as proto://"),
        ("gelf", {"gelf-address": "http://a:1"}, "gelf: endpoint needs to be TCP or UDP"),
        ("gelf", {"gelf-address": "a:1"}, 'parse "a:1": first path segment in URL cannot contain'),
        (
            "gelf",
            {"gelf-address": "udp://a:1", "gelf-compression-level": "12"},
            'unknown value "12" for log opt "gelf-compression-level" for gelf log driver',
        ),
        (
            "gelf",
            {"gelf-address": "tcp://a:1", "gelf-compression-type": "gzip"},
            "compression is only supported on UDP",
        ),
        (
            "gelf",
            {"gelf-address": "udp://a:1", "gelf-tcp-max-reconnect": "1"},
            '"gelf-tcp-max-reconnect" is only valid for TCP',
        ),
        (
            "gelf",
            {"gelf-address": "tcp://a:1", "gelf-tcp-max-reconnect": "-1"},
            '"gelf-tcp-max-reconnect" must be a positive integer',
        ),
        ("fluentd", {"foo": "1"}, "unknown log opt 'foo' for fluentd log driver"),
        (
            "fluentd",
            {"fluentd-address": "foo://x"},
            r"invalid fluentd-address (foo://x): unsupported scheme: 'foo'",
        ),
        ("fluentd", {"fluentd-address": "a:1/foo"}, "should not contain a path element"),
        ("fluentd", {"fluentd-address": "unix://"}, "path is empty"),
        ("fluentd", {"fluentd-async": "x"}, 'strconv.ParseBool: parsing "x": invalid syntax'),
        ("fluentd", {"fluentd-max-retries": "x"}, 'strconv.ParseUint: parsing "x": invalid syntax'),
        ("fluentd", {"fluentd-retry-wait": "x"}, 'time: invalid duration "x"'),
        (
            "fluentd",
            {"fluentd-async-reconnect-interval": "1ms"},
            'value ("1ms") must be between 100ms and 10s',
        ),
    ],
)
def test_what_dockerd_refuses(driver: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        check({"Type": driver, "Config": options})
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    "options",
    [
        {"fluentd-request-ack": "true"},
        {"fluentd-write-timeout": "1s"},
        {"fluentd-async-reconnect-interval": "1s"},
    ],
)
def test_what_is_not_done_is_refused_by_name(options: dict[str, str]) -> None:
    with pytest.raises(Unsupported, match=next(iter(options))):
        check({"Type": "fluentd", "Config": options})


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, None),
        ({"mode": "blocking"}, None),
        ({"mode": "non-blocking"}, 1_000_000),
        ({"mode": "non-blocking", "max-buffer-size": "4m"}, 4 << 20),
    ],
)
def test_what_may_wait_for_a_receiver(options: dict[str, str], size: int | None) -> None:
    assert buffer_bytes(options) == size


@pytest.mark.parametrize(
    ("given", "defaults", "merged"),
    [
        ({}, {}, {"Type": "json-file", "Config": {}}),
        (
            {"Config": {"a": "own"}},
            {"Type": "local", "Config": {"a": "1", "b": "2"}},
            {"Type": "local", "Config": {"a": "own", "b": "2"}},
        ),
        # Of the options of another driver, only those of the cache.
        (
            {"Type": "syslog"},
            {"Type": "local", "Config": {"max-size": "1m", "cache-max-size": "2m"}},
            {"Type": "syslog", "Config": {"cache-max-size": "2m"}},
        ),
    ],
)
def test_the_daemons_defaults(given: Any, defaults: Any, merged: Any) -> None:
    assert merge(given, defaults) == merged


@pytest.mark.parametrize(
    ("driver", "options", "message"),
    [
        ("fluentd", {"fluentd-retry-wait": "1" * 100_000}, "time: invalid duration"),
        ("syslog", {"tag": "{{" * 100_000}, "unclosed action"),
    ],
)
def test_options_without_end_are_refused_at_once(
    driver: str, options: dict[str, str], message: str
) -> None:
    """They took minutes, in which the daemon served nobody."""
    with pytest.raises(InvalidArgument, match=message):
        check({"Type": driver, "Config": options})
