from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.engine.hosts import HOST, HOST_V2, make

from seacan.engine.creation.limits import numbers_of
from seacan.errors import InvalidArgument

MIB = 1024 * 1024

# What dockerd 28.5.2 says to the same limits on two CPUs.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"Memory": 1000}, "Minimum memory limit allowed is 6MB"),
    ({"Memory": -1}, "Minimum memory limit allowed is 6MB"),
    (
        {"Memory": 10 * MIB, "MemorySwap": 5 * MIB},
        "Minimum memoryswap limit should be larger than memory limit, see usage",
    ),
    (
        {"MemorySwap": 5 * MIB},
        "You should always set the Memory limit when using Memoryswap limit, see usage",
    ),
    ({"MemorySwappiness": 101}, "Invalid value: 101, valid memory swappiness range is 0-100"),
    ({"MemorySwappiness": -2}, "Invalid value: -2, valid memory swappiness range is 0-100"),
    ({"MemoryReservation": 10}, "Minimum memory reservation allowed is 6MB"),
    ({"MemoryReservation": -2}, "Minimum memory reservation allowed is 6MB"),
    (
        {"Memory": 10 * MIB, "MemoryReservation": 20 * MIB},
        "Minimum memory limit can not be less than memory reservation limit, see usage",
    ),
    (
        {"NanoCpus": 1, "CpuPeriod": 1000},
        "Conflicting options: Nano CPUs and CPU Period cannot both be set",
    ),
    (
        {"NanoCpus": 1, "CpuQuota": 1000},
        "Conflicting options: Nano CPUs and CPU Quota cannot both be set",
    ),
    (
        {"NanoCpus": 3_000_000_000},
        "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
    ),
    (
        {"NanoCpus": -1},
        "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
    ),
    *(
        (
            {"CpuPeriod": period},
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
        )
        for period in (10, -5, 2_000_000)
    ),
    ({"CpuQuota": 10}, "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
    ({"CpuShares": -1}, "invalid CPU shares (-1): value must be a positive integer"),
    ({"CpuShares": 1}, "the minimum allowed cpu-shares is 2"),
    ({"CpuShares": 262145}, "the maximum allowed cpu-shares is 262144"),
    ({"CpusetCpus": "9"}, "Requested CPUs are not available - requested 9, available: 0-1"),
    ({"CpusetCpus": "x"}, "Invalid value x for cpuset cpus: invalid format: x"),
    ({"CpusetCpus": "1-0"}, "Invalid value 1-0 for cpuset cpus: invalid format: 1-0"),
    (
        {"CpusetCpus": "0-1000," * 50},  # of a hundred thousand, all others waited for ten seconds
        f"Invalid value {'0-1000,' * 50} for cpuset cpus: it has the same ones too often",
    ),
    ({"CpusetMems": "9"}, "Requested memory nodes are not available - requested 9, available: 0"),
    ({"CpusetMems": "z"}, "Invalid value z for cpuset mems: invalid format: z"),
    ({"BlkioWeight": 5}, "Range of blkio weight is from 10 to 1000"),
    (
        {"BlkioDeviceReadBps": [{"Path": "/dev/vda"}]},
        "invalid BlkioDeviceReadBps: Path and Rate must be a path and a number",
    ),
    ({"Ulimits": [{"Name": "foo", "Soft": 1, "Hard": 1}]}, "wrong rlimit value: RLIMIT_FOO"),
    (
        {"Ulimits": [{"Name": "nofile", "Soft": 3, "Hard": 1}]},
        "ulimit soft limit must be less than or equal to hard limit: 3 > 1",
    ),
    (
        {"Ulimits": [{"Name": "nofile", "Soft": 3}]},
        "ulimit soft limit must be less than or equal to hard limit: 3 > 0",
    ),
    (
        {"Ulimits": [{"Name": "core", "Soft": -1, "Hard": 1}]},
        "ulimit soft limit must be less than or equal to hard limit: -1 > 1",
    ),
    (
        {"Ulimits": [{"Name": "core"}, {"Name": "CORE"}]},
        "ulimit core is given more than once",
    ),
]


@pytest.mark.parametrize(("host_config", "message"), REFUSED)
def test_wrong_limits_are_refused_in_dockers_words(
    host_config: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        make(hc=host_config)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("host_config", "shown"),
    [
        ({"Memory": 10 * MIB}, {"MemorySwap": 20 * MIB}),
        ({"Memory": 10 * MIB, "MemorySwap": -1}, {"MemorySwap": -1}),
        ({"Memory": 10 * MIB, "MemorySwap": 10 * MIB}, {"MemorySwap": 10 * MIB}),
        ({"MemorySwap": -1}, {"MemorySwap": -1}),
        ({"MemorySwappiness": -1}, {"MemorySwappiness": None}),
        ({"MemorySwappiness": 0}, {"MemorySwappiness": 0}),
        ({"PidsLimit": 0}, {"PidsLimit": None}),
        ({"PidsLimit": -5}, {"PidsLimit": None}),
        ({"PidsLimit": 5}, {"PidsLimit": 5}),
        ({"CpuQuota": -1}, {"CpuQuota": -1}),
        ({"CpusetCpus": "0-1", "CpusetMems": "0"}, {"CpusetCpus": "0-1"}),
        ({"NanoCpus": 2_000_000_000}, {"NanoCpus": 2_000_000_000}),
    ],
)
def test_limits_are_kept_or_filled(host_config: dict[str, Any], shown: dict[str, Any]) -> None:
    normalised = make(hc=host_config)
    assert normalised.warnings == []
    assert {name: normalised.host_config[name] for name in shown} == shown  # type: ignore[literal-required]


def test_what_the_kernel_lacks_is_taken_out_with_a_warning() -> None:
    normalised = make(hc={"BlkioWeight": 500})
    assert normalised.host_config["BlkioWeight"] == 0
    assert normalised.warnings == [
        "Your kernel does not support Block I/O weight or the cgroup is not mounted. "
        "Weight discarded."
    ]


def test_with_cgroup_v2_swappiness_and_the_oom_switch_are_taken_out() -> None:
    normalised = make(host=HOST_V2, hc={"OomKillDisable": True, "MemorySwappiness": 50})
    assert normalised.host_config["OomKillDisable"] is None
    assert normalised.host_config["MemorySwappiness"] is None
    assert len(normalised.warnings) == 2


def test_without_a_memory_controller_there_is_no_memory_limit() -> None:
    host = replace(HOST, limits=frozenset({"pids"}))
    normalised = make(host=host, hc={"Memory": 10 * MIB, "MemorySwap": 20 * MIB})
    assert normalised.host_config["Memory"] == 0
    assert normalised.host_config["MemorySwap"] == -1
    assert normalised.warnings == [
        "Your kernel does not support memory limit capabilities or the cgroup is not mounted. "
        "Limitation discarded."
    ]


def test_without_swap_accounting_memory_is_limited_alone() -> None:
    host = replace(HOST, limits=HOST.limits - {"swap"})
    normalised = make(host=host, hc={"Memory": 10 * MIB})
    assert normalised.host_config["MemorySwap"] == -1
    assert "Memory limited without swap." in normalised.warnings[0]


def test_one_reason_is_one_warning() -> None:
    host = replace(HOST, limits=HOST.limits - {"cpu_quota", "cpuset"})
    normalised = make(host=host, hc={"CpuPeriod": 1000, "CpuQuota": 1000, "CpusetCpus": "0"})
    assert len(normalised.warnings) == 2


def test_an_oom_switch_without_a_limit_is_warned_of() -> None:
    assert (
        "OOM killer is disabled for the container" in make(hc={"OomKillDisable": True}).warnings[0]
    )


def test_fractions_of_cpus_need_the_scheduler() -> None:
    host = replace(HOST, limits=HOST.limits - {"cpu_quota"})
    with pytest.raises(InvalidArgument, match="NanoCpus can not be set"):
        make(host=host, hc={"NanoCpus": 1})


def test_numbers_of_lists() -> None:
    assert numbers_of("") == frozenset()
    assert numbers_of("0-2,7,7") == {0, 1, 2, 7}


@pytest.mark.parametrize(
    "text", ["-", "1-", "-1", "1-2-3", "a", "1 ", "٣", "0-99999999999", "9999"]
)
def test_wrong_lists_are_refused_before_they_are_built(text: str) -> None:
    with pytest.raises(ValueError, match="invalid format"):
        numbers_of(text)
