"""What an update changes, and what the cgroup is told of it."""

from typing import Any, cast

import pytest
from msgspec.structs import replace
from tests.fakes.containers import make_container
from tests.unit.engine.hosts import HOST

from seacan.engine.bundle.resources import changes_to_oci
from seacan.engine.containers.update import changes_of, live, merge
from seacan.errors import Conflict, InvalidArgument, Unsupported
from seacan.spec.engine_api import ContainerUpdate, HostConfig

MIB = 1 << 20


def _changes(**request: Any) -> HostConfig:
    return changes_of(cast(ContainerUpdate, request), HOST)[0]


def test_what_is_empty_is_not_named() -> None:
    # What the docker CLI sends beside the one limit that was asked for.
    request = {
        "CpuShares": 512, "Memory": 0, "NanoCpus": 0, "CgroupParent": "", "BlkioWeight": 0,
        "BlkioWeightDevice": None, "CpusetCpus": "", "Devices": None, "PidsLimit": None,
        "MemorySwappiness": None, "OomKillDisable": None, "Ulimits": None,
        "RestartPolicy": {"Name": "", "MaximumRetryCount": 0},
    }  # fmt: skip
    assert _changes(**request) == {"CpuShares": 512}


@pytest.mark.parametrize(
    ("request_", "resources"),
    [
        ({}, {}),
        ({"Memory": 64 * MIB, "MemorySwap": 70 * MIB},
         {"memory": {"limit": 64 * MIB, "swap": 70 * MIB}}),
        ({"MemorySwap": -1}, {"memory": {"swap": -1}}),
        ({"MemorySwap": 70 * MIB}, {"memory": {"swap": 70 * MIB}}),
        ({"MemoryReservation": 32 * MIB}, {"memory": {"reservation": 32 * MIB}}),
        ({"MemoryReservation": -1}, {"memory": {"reservation": -1}}),
        ({"NanoCpus": 500_000_000}, {"cpu": {"period": 100_000, "quota": 50_000}}),
        ({"CpuPeriod": 2000}, {"cpu": {"period": 2000}}),
        ({"CpuQuota": -1}, {"cpu": {"quota": -1}}),
        ({"CpusetCpus": "0-1", "CpusetMems": "0"}, {"cpu": {"cpus": "0-1", "mems": "0"}}),
        ({"PidsLimit": 7}, {"pids": {"limit": 7}}),
        ({"PidsLimit": 0}, {"pids": {"limit": -1}}),
        ({"PidsLimit": -5}, {"pids": {"limit": -1}}),
    ],
)  # fmt: skip
def test_what_the_cgroup_is_told(request_: dict[str, Any], resources: dict[str, Any]) -> None:
    assert changes_to_oci(_changes(**request_)) == {"devices": [], **resources}


@pytest.mark.parametrize(
    ("request_", "kind", "words"),
    [
        ({"Memory": 1000}, InvalidArgument, "Minimum memory limit allowed is 6MB"),
        ({"Memory": 64 * MIB, "MemorySwap": 7}, InvalidArgument, "Minimum memoryswap limit"),
        ({"CpuPeriod": 20}, InvalidArgument, "CPU cfs period can not be less than 1ms"),
        ({"MemorySwap": 1 << 63}, InvalidArgument, "invalid MemorySwap: 9223372036854775808 is"),
        ({"PidsLimit": 1 << 63}, InvalidArgument, "invalid PidsLimit: 9223372036854775808 is out"),
        ({"NanoCpus": 1, "CpuQuota": 5000}, InvalidArgument, "Nano CPUs and CPU Quota cannot both"),
        ({"RestartPolicy": {"Name": "x"}}, InvalidArgument, "unknown policy 'x'"),
        ({"KernelMemory": 64 * MIB}, Unsupported, "update of KernelMemory is not supported"),
        ({"Devices": [{"PathOnHost": "/x"}]}, Unsupported, "update of Devices"),
        ({"MemorySwappiness": 0}, Unsupported, "update of MemorySwappiness"),
        ({"OomKillDisable": True}, Unsupported, "update of OomKillDisable"),
        ({"Ulimits": [{"Name": "nofile"}]}, Unsupported, "update of Ulimits"),
    ],
)
def test_refused(request_: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as refused:
        _changes(**request_)
    assert words in str(refused.value)


def test_what_the_kernel_has_not_is_discarded_with_a_warning() -> None:
    request = cast(ContainerUpdate, {"BlkioWeight": 300, "CpuShares": 512})
    changes, warnings = changes_of(request, HOST)
    assert changes == {"CpuShares": 512}
    assert warnings == [
        "Your kernel does not support Block I/O weight or the cgroup is not mounted. "
        "Weight discarded."
    ]


def test_without_limits_of_swap_memory_is_limited_alone() -> None:
    host = replace(HOST, limits=HOST.limits - {"swap"})
    request = cast(ContainerUpdate, {"Memory": 64 * MIB})
    changes, warnings = changes_of(request, host)
    assert changes == {"Memory": 64 * MIB, "MemorySwap": -1}
    assert [warning[-28:] for warning in warnings] == ["Memory limited without swap."]


@pytest.mark.parametrize(
    ("before", "changes", "words"),
    [
        ({"CpuPeriod": 1000}, {"NanoCpus": 1}, "Nano CPUs cannot be updated as CPU Period"),
        ({"CpuQuota": 1000}, {"NanoCpus": 1}, "Nano CPUs cannot be updated as CPU Quota"),
        ({"NanoCpus": 1}, {"CpuPeriod": 1000}, "CPU Period cannot be updated as NanoCPUs"),
        ({"NanoCpus": 1}, {"CpuQuota": 1000}, "CPU Quota cannot be updated as NanoCPUs"),
        ({"MemorySwap": 5}, {"Memory": 6}, "Memory limit should be smaller than already set"),
        ({}, {"Memory": 6}, "Memory limit should be smaller than already set"),
        ({"AutoRemove": True}, {"RestartPolicy": {"Name": "always"}},
         "Restart policy cannot be updated because AutoRemove is enabled"),
    ],
)  # fmt: skip
def test_conflicts(before: dict[str, Any], changes: dict[str, Any], words: str) -> None:
    record = make_container()
    record.host_config |= cast(HostConfig, before)
    with pytest.raises(Conflict) as refused:
        merge(record, cast(HostConfig, changes))
    assert words in str(refused.value)


def test_memory_and_swap_go_together() -> None:
    merged: HostConfig = {"Memory": 8, "MemorySwap": 9, "CpuShares": 7}
    assert live({"CpuShares": 7}, merged) == {"CpuShares": 7}
    assert live({"Memory": 8}, merged) == {"Memory": 8, "MemorySwap": 9}
    assert live({"MemorySwap": 9}, merged) == {"Memory": 8, "MemorySwap": 9}


def test_merge_leaves_the_rest() -> None:
    record = make_container()
    record.host_config |= {"CpuShares": 7, "MemorySwap": 9, "AutoRemove": True}
    merged = merge(record, {"Memory": 8, "PidsLimit": 0, "RestartPolicy": {"Name": "no"}})
    assert merged == {
        "NetworkMode": "none", "ShmSize": 67108864, "CpuShares": 7, "MemorySwap": 9,
        "AutoRemove": True, "Memory": 8, "PidsLimit": 0, "RestartPolicy": {"Name": "no"},
    }  # fmt: skip
    assert "Memory" not in record.host_config
