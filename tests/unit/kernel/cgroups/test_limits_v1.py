import pytest

from seacan.kernel.cgroups.limits import Write
from seacan.kernel.cgroups.limits_v1 import writes
from seacan.spec.runtime import LinuxResources


def plain(resources: LinuxResources) -> list[tuple[str, str]]:
    found = list(writes(resources))
    assert all(write.file.startswith(f"{write.controller}.") for write in found)
    return [(write.file, write.value) for write in found]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, []),
        ({"memory": {}, "cpu": {}, "blockIO": {}}, []),
        ({"memory": {"limit": 0, "swap": 0, "disableOOMKiller": False}}, []),
        ({"memory": {"limit": 5}}, [("memory.limit_in_bytes", "5")]),
        (
            {"memory": {"limit": 5, "swap": -1, "reservation": 3, "swappiness": 0}},
            [
                ("memory.limit_in_bytes", "5"),
                ("memory.memsw.limit_in_bytes", "-1"),
                ("memory.soft_limit_in_bytes", "3"),
                ("memory.swappiness", "0"),
            ],
        ),
        ({"memory": {"swappiness": 2**64 - 1}}, []),
        ({"memory": {"disableOOMKiller": True}}, [("memory.oom_control", "1")]),
        ({"memory": {"useHierarchy": True}}, [("memory.use_hierarchy", "1")]),
        (
            {"cpu": {"shares": 2, "period": 100, "quota": -1, "burst": 0, "idle": 1}},
            [
                ("cpu.shares", "2"),
                ("cpu.cfs_period_us", "100"),
                ("cpu.cfs_quota_us", "-1"),
                ("cpu.cfs_burst_us", "0"),
                ("cpu.idle", "1"),
            ],
        ),
        (
            {"cpu": {"realtimePeriod": 7, "realtimeRuntime": 6}},
            [("cpu.rt_period_us", "7"), ("cpu.rt_runtime_us", "6")],
        ),
        (
            {"cpu": {"cpus": "0-1", "mems": "0"}},
            [("cpuset.cpus", "0-1"), ("cpuset.mems", "0")],
        ),
        (
            {"memory": {"kernel": 7, "kernelTCP": 8}},
            [("memory.kmem.limit_in_bytes", "7"), ("memory.kmem.tcp.limit_in_bytes", "8")],
        ),
        ({"pids": {}, "network": {"classID": 0}}, []),
        ({"pids": {"limit": 9}}, [("pids.max", "9")]),
        ({"pids": {"limit": 0}}, [("pids.max", "1")]),
        ({"pids": {"limit": -1}}, [("pids.max", "max")]),
        (
            {
                "blockIO": {
                    "leafWeight": 11,
                    "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 9}],
                    "throttleWriteBpsDevice": [{"major": 8, "minor": 2, "rate": 9}],
                    "throttleReadIOPSDevice": [{"major": 8, "minor": 3, "rate": 9}],
                    "throttleWriteIOPSDevice": [{"major": 8, "minor": 4, "rate": 0}],
                }
            },
            [
                ("blkio.leaf_weight", "11"),
                ("blkio.throttle.read_bps_device", "8:1 9"),
                ("blkio.throttle.write_bps_device", "8:2 9"),
                ("blkio.throttle.read_iops_device", "8:3 9"),
                ("blkio.throttle.write_iops_device", "8:4 0"),
            ],
        ),
        (
            {"hugepageLimits": [{"pageSize": "2MB", "limit": 4}]},
            [("hugetlb.2MB.limit_in_bytes", "4"), ("hugetlb.2MB.rsvd.limit_in_bytes", "4")],
        ),
        (
            {"network": {"classID": 5, "priorities": [{"name": "lo", "priority": 3}]}},
            [("net_cls.classid", "5"), ("net_prio.ifpriomap", "lo 3")],
        ),
        (
            {"rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 100}}},
            [("rdma.max", "mlx5_1 hca_handle=3"), ("rdma.max", "mlx5_1 hca_object=100")],
        ),
    ],
)
def test_writes(resources: LinuxResources, expected: list[tuple[str, str]]) -> None:
    assert plain(resources) == expected


def test_no_limit_of_memory_lifts_that_with_swap_too() -> None:
    assert list(writes({"memory": {"limit": -1}})) == [
        Write("memory", "memory.limit_in_bytes", "-1"),
        Write("memory", "memory.memsw.limit_in_bytes", "-1", absent=()),
    ]


def test_weights_fall_back_to_bfqs_files() -> None:
    device = {"major": 8, "minor": 0, "weight": 20, "leafWeight": 30}
    found = list(writes({"blockIO": {"weight": 10, "weightDevice": [device]}}))  # type: ignore[list-item]
    assert found == [
        Write("blkio", "blkio.weight", "10", absent=(Write("blkio", "blkio.bfq.weight", "10"),)),
        Write(
            "blkio",
            "blkio.weight_device",
            "8:0 20",
            absent=(Write("blkio", "blkio.bfq.weight_device", "8:0 20"),),
        ),
        Write("blkio", "blkio.leaf_weight_device", "8:0 30"),
    ]


@pytest.mark.parametrize(
    ("resources", "text"),
    [
        ({"cpu": {"shares": 1}}, "the minimum allowed cpu-shares is 2"),
        ({"cpu": {"shares": 262145}}, "the maximum allowed cpu-shares is 262144"),
        ({"memory": {"limit": -2}}, r"memory\.limit: -2 is below -1"),
        ({"memory": {"swap": -2}}, r"memory\.swap: -2 is below -1"),
        ({"memory": {"kernel": -2}}, r"memory\.kernel: -2 is below -1"),
        ({"hugepageLimits": [{"pageSize": "2MB"}]}, "needs pageSize and limit"),
        ({"unified": {"cpu.weight": "3"}}, "cgroup v1 has none"),
    ],
)
def test_refusals(resources: LinuxResources, text: str) -> None:
    with pytest.raises(OSError, match=text):
        list(writes(resources))
