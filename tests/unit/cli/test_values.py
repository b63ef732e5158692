from collections.abc import Callable

import pytest

from seacan.cli import container_values, values


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (values.read_int, "12", 12),
        (values.read_int, "-1", -1),
        (values.read_int, "+3", 3),
        (values.read_int, "0x10", 16),
        (values.read_int, "010", 8),
        (values.read_int, "0", 0),
        (values.read_int, "1_000", 1000),
        (values.read_int, "9223372036854775807", 2**63 - 1),
        (values.read_int, "-9223372036854775808", -(2**63)),
        (values.read_bytes, "0", 0),
        (values.read_bytes, "32", 32),
        (values.read_bytes, "32b", 32),
        (values.read_bytes, "32 k", 32 << 10),
        (values.read_bytes, "32KB", 32 << 10),
        (values.read_bytes, "64m", 64 << 20),
        (values.read_bytes, "1.5GiB", 3 << 29),
        (values.read_bytes, ".5g", 1 << 29),
        (values.read_bytes, "1tb", 1 << 40),
        (values.read_bytes, "1P", 1 << 50),
        (values.read_memory_swap, "-1", -1),
        (values.read_cpus, "1", 10**9),
        (values.read_cpus, "1.5", 1_500_000_000),
        (values.read_cpus, ".25", 250_000_000),
        (values.read_cpus, "3/2", 1_500_000_000),
        (values.read_cpus, "0.000000001", 1),
        (values.read_cpus, "-1", -(10**9)),
        (values.read_duration, "0", 0),
        (values.read_duration, "30s", 30 * 10**9),
        (values.read_duration, "1h2m3.5s", 3723_500_000_000),
        (values.read_duration, "-1.5ms", -1_500_000),
        (values.read_duration, "2us", 2000),
        (container_values.read_extra_host, "a:1.2.3.4", "a:1.2.3.4"),
        (container_values.read_extra_host, "a=1.2.3.4", "a:1.2.3.4"),
        (container_values.read_extra_host, "a=[::1]", "a:::1"),
        (container_values.read_extra_host, "a:::1", "a:::1"),
        (container_values.read_extra_host, "a:host-gateway", "a:host-gateway"),
        (container_values.read_label, "a", "a"),
        (container_values.read_device_rule, "c 1:* rwm", "c 1:* rwm"),
        (container_values.read_device_rule, "a *:* r", "a *:* r"),
        (container_values.read_attach, "STDIN", "stdin"),
    ],
)
def test_what_texts_mean(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (values.read_int, "", 'strconv.ParseInt: parsing "": invalid syntax'),
        (values.read_int, "1.5", 'strconv.ParseInt: parsing "1.5": invalid syntax'),
        (values.read_int, "--1", 'strconv.ParseInt: parsing "--1": invalid syntax'),
        (values.read_int, " 1", 'strconv.ParseInt: parsing " 1": invalid syntax'),
        (values.read_int, "٣", 'strconv.ParseInt: parsing "٣": invalid syntax'),
        (
            values.read_int,
            "9223372036854775808",
            'strconv.ParseInt: parsing "9223372036854775808": value out of range',
        ),
        (values.read_bytes, "", "invalid size: ''"),
        (values.read_bytes, "x", "invalid size: 'x'"),
        (values.read_bytes, "3x", "invalid suffix: 'x'"),
        (values.read_bytes, "3mx", "invalid suffix: 'mx'"),
        (values.read_bytes, "3bb", "invalid suffix: 'bb'"),
        (values.read_bytes, "-1", "invalid size: '-1'"),
        (values.read_bytes, "1.2.3", 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'),
        (values.read_cpus, "abc", "failed to parse abc as a rational number"),
        (values.read_cpus, "", "failed to parse  as a rational number"),
        (values.read_cpus, "1/0", "failed to parse 1/0 as a rational number"),
        (values.read_cpus, "1.0000000001", "value is too precise"),
        (values.read_duration, "3", 'time: missing unit in duration "3"'),
        (values.read_duration, "3x", 'time: unknown unit "x" in duration "3x"'),
        (values.read_duration, "s", 'time: invalid duration "s"'),
        (values.read_duration, "", 'time: invalid duration ""'),
        (values.read_duration, "1.2.3s", 'time: invalid duration "1.2.3s"'),
        (container_values.read_env, "", "invalid environment variable: "),
        (container_values.read_env, "=x", "invalid environment variable: =x"),
        (container_values.read_label, "=1", "invalid label '=1': empty name"),
        (container_values.read_attach, "x", "valid streams are STDIN, STDOUT and STDERR"),
        (container_values.read_extra_host, "foo", 'bad format for add-host: "foo"'),
        (container_values.read_extra_host, "foo:x", 'invalid IP address in add-host: "x"'),
        (container_values.read_device_rule, "c 1:3", "invalid device cgroup format 'c 1:3'"),
        (container_values.read_device_rule, "d 1:3 r", "invalid device cgroup format 'd 1:3 r'"),
        (container_values.read_device_rule, "c x:3 r", "invalid device cgroup format 'c x:3 r'"),
        (
            container_values.read_device_rule,
            "c 1:3 r x",
            "invalid device cgroup format 'c 1:3 r x'",
        ),
        (container_values.read_dns, "x", "IP address is not correctly formatted: x"),
        (container_values.read_publish, "70000:80", "invalid hostPort: 70000"),
    ],
)
def test_what_texts_do_not_mean(read: Callable[[str], object], text: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole text is compared
        read(text)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("nofile=1024", (1024, 1024)),
        ("nofile=1024:2048", (1024, 2048)),
        ("nofile=-1", (-1, -1)),
        ("nofile=5:-1", (5, -1)),
    ],
)
def test_ulimits(text: str, limits: tuple[int, int]) -> None:
    assert container_values.take_ulimit({}, text) == {"nofile": limits}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nofile", "invalid ulimit argument: nofile"),
        ("foo=1", "invalid ulimit type: foo"),
        ("nofile=x", 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            "nofile=1:2:3",
            "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`",
        ),
        ("nofile=3:2", "ulimit soft limit must be less than or equal to hard limit: 3 > 2"),
        ("nofile=-1:2", "ulimit soft limit must be less than or equal to hard limit: -1 > 2"),
    ],
)
def test_ulimits_that_are_none(text: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole text is compared
        container_values.take_ulimit({}, text)
    assert str(raised.value) == message


def test_filters_gather_by_name() -> None:
    found = values.take_filter({"label": ["a=b"]}, "Label = c=d ")
    assert found == {"label": ["a=b", "c=d"]}
    with pytest.raises(ValueError, match="bad format of filter"):
        values.take_filter({}, "label")


def test_sysctls_are_those_of_the_containers_namespaces() -> None:
    taken = container_values.take_sysctl({"net.a": "1"}, "fs.mqueue.msg_max=9=9")
    assert taken == {"net.a": "1", "fs.mqueue.msg_max": "9=9"}
    for text in ("kernel.hostname=x", "net.ipv4.ip_forward"):
        with pytest.raises(ValueError, match=f"sysctl '{text}' is not allowed"):
            container_values.take_sysctl({}, text)
