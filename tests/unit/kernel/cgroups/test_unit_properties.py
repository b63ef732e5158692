from typing import Any

import pytest

from seacan.kernel.cgroups import unit_properties
from seacan.kernel.cgroups.unit_properties import INFINITY, bits, properties, rounded
from seacan.kernel.dbus.values import Variant
from seacan.spec.runtime import LinuxResources

NOW = 257
MB = 1 << 20


def plain(found: list[tuple[str, Variant]]) -> list[tuple[str, Any]]:
    return [(name, variant.value) for name, variant in found]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, []),
        ({"pids": {"limit": 5}}, [("TasksMax", 5)]),
        ({"pids": {"limit": 0}}, [("TasksMax", 1)]),
        ({"pids": {"limit": -1}}, [("TasksMax", INFINITY)]),
        ({"memory": {"limit": 5 * MB}}, [("MemoryMax", 5 * MB)]),
        ({"memory": {"limit": -1}}, [("MemoryMax", INFINITY), ("MemorySwapMax", INFINITY)]),
        (
            {"memory": {"limit": 5 * MB, "swap": 7 * MB, "reservation": MB}},
            [("MemoryMax", 5 * MB), ("MemoryLow", MB), ("MemorySwapMax", 2 * MB)],
        ),
        (
            {"memory": {"limit": 5, "swap": 5}},
            [("MemoryMax", 5), ("MemorySwapMax", 0)],
        ),
        ({"cpu": {"shares": 1024}}, [("CPUWeight", 100)]),
        ({"cpu": {"shares": 1024, "idle": 1}}, [("CPUWeight", 0)]),
        ({"cpu": {"idle": 0}}, []),
        ({"cpu": {"quota": 50_000}}, [("CPUQuotaPerSecUSec", 500_000)]),
        (
            {"cpu": {"quota": 12_345, "period": 100_000}},
            [("CPUQuotaPeriodUSec", 100_000), ("CPUQuotaPerSecUSec", 130_000)],
        ),
        (
            {"cpu": {"period": 7_000}},
            [("CPUQuotaPeriodUSec", 7_000), ("CPUQuotaPerSecUSec", INFINITY)],
        ),
        ({"cpu": {"quota": -1}}, [("CPUQuotaPerSecUSec", INFINITY)]),
        (
            {"cpu": {"cpus": "0,3", "mems": "1"}},
            [("AllowedCPUs", [9]), ("AllowedMemoryNodes", [2])],
        ),
        ({"blockIO": {"weight": 500}}, [("IOWeight", 4950)]),
        (
            {"unified": {"memory.high": "max", "memory.min": " 5 ", "pids.max": "0"}},
            [("MemoryHigh", INFINITY), ("MemoryMin", 5), ("TasksMax", 1)],
        ),
        (
            {"unified": {"cpu.max": "10000 100000", "cpu.weight": "7", "io.max": "8:0 rbps=1"}},
            [("CPUQuotaPeriodUSec", 100_000), ("CPUQuotaPerSecUSec", 100_000), ("CPUWeight", 7)],
        ),
        (
            {"unified": {"cpu.idle": "1", "cpuset.cpus": "1"}},
            [("CPUWeight", 0), ("AllowedCPUs", [2])],
        ),
    ],
)
def test_version_2(resources: LinuxResources, expected: list[tuple[str, Any]]) -> None:
    assert plain(properties(resources, "v2", NOW)) == expected


def test_version_1() -> None:
    resources: LinuxResources = {
        "memory": {"limit": 5, "swap": 9, "reservation": 3},
        "cpu": {"shares": 2, "cpus": "0"},
        "blockIO": {"weight": 10},
    }
    assert plain(properties(resources, "v1", NOW)) == [
        ("AllowedCPUs", [1]),
        ("MemoryLimit", 5),
        ("CPUShares", 2),
        ("BlockIOWeight", 10),
    ]


def test_an_old_systemd_is_not_told_what_it_does_not_know() -> None:
    cpu = {"cpus": "0", "quota": 10_000, "period": 100_000, "idle": 1, "shares": 2}
    resources: LinuxResources = {"cpu": cpu}  # type: ignore[typeddict-item]
    assert plain(properties(resources, "v2", 240)) == [
        ("CPUQuotaPerSecUSec", 100_000),
        ("CPUWeight", 1),
    ]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [("0", b"\1"), ("0-2, 8", b"\7\1"), ("9,", b"\0\2"), ("63", bytes(7) + b"\x80")],
)
def test_bits(numbers: str, expected: bytes) -> None:
    assert bits(numbers) == expected


@pytest.mark.parametrize("numbers", ["", ",", "a", "1-", "-1", "3-1", "99999999", "\u0661"])
def test_what_is_no_list_of_numbers(numbers: str) -> None:
    with pytest.raises(OSError, match=r"linux\.resources\.cpu"):
        bits(numbers)


@pytest.mark.parametrize(
    ("quota", "period", "expected"),
    [(12_345, 100_000, 13_000), (20_000, 50_000, 20_000), (1, 0, 1_000), (-1, 1_000, -1)],
)
def test_what_a_quota_becomes(quota: int, period: int, expected: int) -> None:
    assert rounded({"cpu": {"quota": quota, "period": period}})["cpu"]["quota"] == expected


def test_device_rules() -> None:
    rules: list[Any] = [
        {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
        {"allow": True, "type": "b", "major": 8, "access": "r"},
        {"allow": True, "type": "c", "access": "m"},
        {"allow": True, "type": "c", "minor": 9, "access": "w"},
    ]
    empty, policy, allowed = unit_properties.devices({"devices": rules})
    assert empty == ("DeviceAllow", Variant("a(ss)", []))
    assert policy == ("DevicePolicy", Variant("s", "strict"))
    assert allowed[1].value == [("/dev/char/1:3", "rwm"), ("block-8", "r"), ("char-*", "m")]
    assert unit_properties.devices({}) == []


def test_all_devices_and_all_but_some() -> None:
    everything: Any = {"allow": True, "access": "rwm"}
    assert plain(unit_properties.devices({"devices": [everything]})) == [
        ("DeviceAllow", []),
        ("DevicePolicy", "auto"),
    ]
    but: Any = {"allow": False, "type": "c", "major": 1, "minor": 3, "access": "r"}
    assert plain(unit_properties.devices({"devices": [everything, but]})) == [
        ("DeviceAllow", []),
        ("DevicePolicy", "strict"),
        ("DeviceAllow", []),
    ]


def test_annotations() -> None:
    prefix = "org.systemd.property."
    found = unit_properties.of_annotations(
        {
            "some.other": "x",
            f"{prefix}TimeoutStopUSec": "uint64 123456789",
            f"{prefix}TimeoutStopSec": "1.5",
            f"{prefix}CollectMode": "'inactive-or-failed'",
            f"{prefix}CPUQuotaPerSec": "7",
        }
    )
    assert found == [
        ("TimeoutStopUSec", Variant("t", 123456789)),
        ("TimeoutStopUSec", Variant("t", 1_500_000)),
        ("CollectMode", Variant("s", "inactive-or-failed")),
        ("CPUQuotaPerUSec", Variant("t", 7_000_000)),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "1"),
        ("Ab", "1"),
        ("A_b", "1"),
        ("TasksMax", "many"),
        ("TimeoutStopSec", "'7'"),
        ("WaitSec", "-1"),
    ],
)
def test_annotations_that_cannot_be(name: str, text: str) -> None:
    with pytest.raises(OSError, match=r"annotation|GVariant") as caught:
        unit_properties.of_annotations({f"org.systemd.property.{name}": text})
    assert caught.value.errno == 22
