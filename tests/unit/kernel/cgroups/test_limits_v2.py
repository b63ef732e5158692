import pytest

from seacan.kernel.cgroups.limits import Write
from seacan.kernel.cgroups.limits_v2 import completed, cpu_weight, io_weight, swap_max, writes
from seacan.spec.runtime import LinuxResources

MB = 1 << 20


@pytest.mark.parametrize(
    ("shares", "weight"),
    [(1, 1), (2, 1), (3, 2), (512, 59), (1024, 100), (2048, 174), (262144, 10000), (10**6, 10000)],
)
def test_cpu_weight(shares: int, weight: int) -> None:
    assert cpu_weight(shares) == weight


@pytest.mark.parametrize(("weight", "expected"), [(10, 1), (500, 4950), (1000, 10000)])
def test_io_weight(weight: int, expected: int) -> None:
    assert io_weight(weight) == expected


@pytest.mark.parametrize(
    ("swap", "memory", "expected"),
    [
        (0, 0, None),
        (0, 5, None),
        (0, -1, -1),
        (-1, 5, -1),
        (-1, 0, -1),
        (7, -1, 7),
        (7, 5, 2),
        (5, 5, 0),
    ],
)
def test_swap_max(swap: int, memory: int, expected: int | None) -> None:
    assert swap_max(swap, memory) == expected


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, []),
        ({"memory": {"disableOOMKiller": False, "swappiness": 2**64 - 1}, "cpu": {}}, []),
        (
            {"memory": {"limit": 5 * MB, "swap": 7 * MB, "reservation": MB}},
            [
                ("memory.swap.max", str(2 * MB)),
                ("memory.max", str(5 * MB)),
                ("memory.low", str(MB)),
            ],
        ),
        ({"memory": {"limit": -1}}, [("memory.swap.max", "max"), ("memory.max", "max")]),
        ({"cpu": {"shares": 1024}}, [("cpu.weight", "100")]),
        ({"cpu": {"quota": 50}}, [("cpu.max", "50")]),
        ({"cpu": {"quota": -1}}, [("cpu.max", "max")]),
        ({"cpu": {"period": 1000}}, [("cpu.max", "max 1000")]),
        ({"cpu": {"quota": 500, "period": 1000}}, [("cpu.max", "500 1000")]),
        ({"cpu": {"burst": 3, "idle": 1}}, [("cpu.idle", "1"), ("cpu.max.burst", "3")]),
        ({"cpu": {"shares": 2, "idle": 1}}, [("cpu.weight", "1"), ("cpu.idle", "1")]),
        ({"pids": {}, "network": {"classID": 0, "priorities": []}}, []),
        ({"unified": {"cpuset.cpus": ""}}, [("cpuset.cpus", "")]),
        ({"cpu": {"cpus": "0", "mems": "0"}}, [("cpuset.cpus", "0"), ("cpuset.mems", "0")]),
        ({"pids": {"limit": -1}}, [("pids.max", "max")]),
        (
            {
                "blockIO": {
                    "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 9}],
                    "throttleWriteBpsDevice": [{"major": 8, "minor": 2, "rate": 9}],
                    "throttleReadIOPSDevice": [{"major": 8, "minor": 3, "rate": 9}],
                    "throttleWriteIOPSDevice": [{"major": 8, "minor": 4, "rate": 0}],
                }
            },
            [
                ("io.max", "8:1 rbps=9"),
                ("io.max", "8:2 wbps=9"),
                ("io.max", "8:3 riops=9"),
                ("io.max", "8:4 wiops=max"),
            ],
        ),
        (
            {"hugepageLimits": [{"pageSize": "2MB", "limit": 4}]},
            [("hugetlb.2MB.max", "4"), ("hugetlb.2MB.rsvd.max", "4")],
        ),
        (
            {"unified": {"memory.high": "5", "io.max": "8:0 rbps=1\n8:1 rbps=2"}},
            [("memory.high", "5"), ("io.max", "8:0 rbps=1"), ("io.max", "8:1 rbps=2")],
        ),
    ],
)
def test_writes(resources: LinuxResources, expected: list[tuple[str, str]]) -> None:
    found = list(writes(resources))
    assert [(write.file, write.value) for write in found] == expected
    assert all(write.file.startswith(f"{write.controller}.") for write in found)


def test_weights_are_bfqs_or_converted() -> None:
    (write,) = writes({"blockIO": {"weight": 1000}})
    instead = Write("io", "io.weight", "10000")
    assert write == Write("io", "io.bfq.weight", "1000", absent=(instead,))


@pytest.mark.parametrize(("swap", "is_optional"), [(4, True), (-1, True), (6, False)])
def test_only_a_real_limit_of_swap_needs_the_file(swap: int, is_optional: bool) -> None:
    write = next(iter(writes({"memory": {"limit": 4, "swap": swap}})))
    assert write.file == "memory.swap.max"
    assert (write.absent == ()) is is_optional


@pytest.mark.parametrize(
    ("resources", "text"),
    [
        ({"memory": {"limit": 6, "swap": 5}}, "below the limit of memory"),
        ({"memory": {"swap": 5}}, "needs one of memory"),
        ({"memory": {"limit": -2}}, "below -1"),
        ({"memory": {"swappiness": 60}}, r"memory\.swappiness"),
        ({"memory": {"disableOOMKiller": True}}, r"memory\.disableOOMKiller"),
        ({"memory": {"useHierarchy": False}}, r"memory\.useHierarchy"),
        ({"memory": {"kernel": 1}}, r"memory\.kernel"),
        ({"cpu": {"realtimeRuntime": 1}}, r"cpu\.realtimeRuntime"),
        ({"blockIO": {"leafWeight": 10}}, r"blockIO\.leafWeight"),
        ({"network": {"classID": 1}}, "network"),
        ({"unified": {"../x.y": "1"}}, r"'\.\./x\.y' is not of the form"),
        ({"unified": {"cpu": "1"}}, "'cpu' is not of the form"),
    ],
)
def test_refusals(resources: LinuxResources, text: str) -> None:
    with pytest.raises(OSError, match=text):
        list(writes(resources))


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"cpu": {"quota": 500}}, [("cpu.max", "500 50000")]),
        ({"cpu": {"quota": -1}}, [("cpu.max", "max 50000")]),
        ({"cpu": {"period": 70000}}, [("cpu.max", "20000 70000")]),
        ({"cpu": {"quota": 500, "period": 70000}}, [("cpu.max", "500 70000")]),
        ({"cpu": {"quota": 500, "period": 0}}, [("cpu.max", "500 50000")]),
        (
            {"memory": {"swap": 7 * MB}},
            [("memory.swap.max", str(2 * MB)), ("memory.max", "5242880")],
        ),
        (
            {"memory": {"limit": 6 * MB}},
            [("memory.swap.max", str(3 * MB)), ("memory.max", str(6 * MB))],
        ),
        (
            {"memory": {"limit": 5 * MB, "swap": -1}},
            [("memory.swap.max", "max"), ("memory.max", str(5 * MB))],
        ),
        ({"pids": {"limit": 3}}, [("pids.max", "3")]),
    ],
)
def test_what_is_left_out_of_a_pair_is_as_it_was(
    resources: LinuxResources, expected: list[tuple[str, str]]
) -> None:
    present = {
        "cpu.max": "20000 50000\n",
        "memory.max": f"{5 * MB}\n",
        "memory.swap.max": f"{4 * MB}\n",
    }
    made = writes(completed(resources, present.__getitem__))
    assert [(write.file, write.value) for write in made] == expected


def test_a_limit_of_swap_needs_one_of_memory_or_a_present_one() -> None:
    present = {"memory.max": "max\n"}
    with pytest.raises(OSError, match="a limit of swap needs one of memory"):
        list(writes(completed({"memory": {"swap": MB}}, present.__getitem__)))
