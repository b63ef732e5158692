"""Stats from files' contents, as kernels print them."""

import os

from seacan.kernel.cgroups import stats, stats_v1, stats_v2
from seacan.kernel.cgroups.stats import Amount, Average, IOCount, Pids, Pressure

TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")
PSI = """some avg10=1.50 avg60=0.20 avg300=0.03 total=4567
full avg10=0.00 avg60=0.00 avg300=0.00 total=12
"""
V1 = {
    ("cpuacct", "cpuacct.stat"): "user 3\nsystem 5\n",
    ("cpuacct", "cpuacct.usage"): "12291423\n",
    ("cpuacct", "cpuacct.usage_percpu"): "10894113 1397310 \n",
    ("cpuacct", "cpuacct.usage_all"): "cpu user system\n0 7 8\n1 9 0\n",
    ("cpu", "cpu.stat"): "nr_periods 4\nnr_throttled 2\nthrottled_time 99\nwait_sum 0\n",
    ("cpuset", "cpuset.cpus"): "0-1,4\n",
    ("cpuset", "cpuset.mems"): "0\n",
    ("cpuset", "cpuset.sched_relax_domain_level"): "-1\n",
    ("cpuset", "cpuset.sched_load_balance"): "1\n",
    ("memory", "memory.stat"): "cache 8192\nrss 4096\n",
    ("memory", "memory.usage_in_bytes"): "512000\n",
    ("memory", "memory.max_usage_in_bytes"): "3575808\n",
    ("memory", "memory.limit_in_bytes"): "9223372036854771712\n",
    ("memory", "memory.failcnt"): "6\n",
    ("memory", "memory.kmem.usage_in_bytes"): "258048\n",
    ("pids", "pids.current"): "2\n",
    ("pids", "pids.max"): "max\n",
    ("blkio", "blkio.bfq.io_serviced_recursive"): "Total 0\n",
    ("blkio", "blkio.throttle.io_serviced_recursive"): "8:0 Read 3\n8:0 Write 4\nTotal 7\n",
    ("blkio", "blkio.throttle.io_service_bytes_recursive"): "8:0 Read 12288\nTotal 12288\n",
    ("hugetlb", "hugetlb.2MB.rsvd.usage_in_bytes"): "2097152\n",
    ("hugetlb", "hugetlb.2MB.rsvd.failcnt"): "1\n",
    ("hugetlb", "hugetlb.1GB.max_usage_in_bytes"): "1073741824\n",
}
V2 = {
    "cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n"
    "nr_periods 4\nnr_throttled 2\nthrottled_usec 99\n",
    "cpu.pressure": PSI,
    "memory.stat": "anon 4096\nfile 8192\n",
    "memory.current": "65536\n",
    "memory.max": "1048576\n",
    "memory.peak": "131072\n",
    "memory.events": "low 0\nhigh 0\nmax 9\noom 3\noom_kill 1\n",
    "memory.swap.current": "4096\n",
    "memory.swap.max": "2097152\n",
    "pids.current": "2\n",
    "pids.max": "17\n",
    "io.stat": "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n7:0 \n",
    "io.pressure": PSI,
    "hugetlb.2MB.rsvd.current": "2097152\n",
    "hugetlb.2MB.events": "max 3\n",
}


def v1(contents: dict[tuple[str, str], str]) -> stats.Stats:
    return stats_v1.stats(lambda controller, name: contents.get((controller, name)), ["2MB", "1GB"])


def test_version_1() -> None:
    found = v1(V1)
    assert (found.cpu.user_ns, found.cpu.kernel_ns) == (3 * TICK_NS, 5 * TICK_NS)
    assert found.cpu.total_ns == 12291423
    assert found.cpu.by_cpu_ns == (10894113, 1397310)
    assert (found.cpu.user_by_cpu_ns, found.cpu.kernel_by_cpu_ns) == ((7, 9), (8, 0))
    assert (found.cpu.periods, found.cpu.throttled_periods, found.cpu.throttled_ns) == (4, 2, 99)
    assert (found.cpuset.cpus, found.cpuset.mems) == ((0, 1, 4), (0,))
    assert found.cpuset.flags["sched_relax_domain_level"] == -1
    assert found.memory.cache == 8192
    assert found.memory.memory == Amount(512000, 3575808, 9223372036854771712, 6)
    assert found.memory.kernel.usage == 258048
    assert found.memory.swap == Amount()
    assert found.memory.raw == {"cache": 8192, "rss": 4096}
    assert found.pids == Pids(2, 0)
    assert found.hugetlb == {"2MB": Amount(2097152, 0, 0, 1), "1GB": Amount(0, 1073741824, 0, 0)}


def test_block_io_of_version_1_is_from_whoever_counted() -> None:
    found = v1(V1).block_io
    assert found.serviced == (IOCount(8, 0, "Read", 3), IOCount(8, 0, "Write", 4))
    assert found.service_bytes == (IOCount(8, 0, "Read", 12288),)
    bfq = {
        ("blkio", "blkio.bfq.io_serviced_recursive"): "8:0 Read 1\nTotal 1\n",
        ("blkio", "blkio.bfq.io_service_bytes_recursive"): "8:0 512\nTotal 512\n",
    }
    assert v1(V1 | bfq).block_io.service_bytes == (IOCount(8, 0, "", 512),)


def test_version_2() -> None:
    found = stats_v2.stats(V2.get, ["2MB"])
    assert (found.cpu.total_ns, found.cpu.user_ns) == (1_500_000, 1_000_000)
    assert (found.cpu.kernel_ns, found.cpu.throttled_ns) == (500_000, 99_000)
    pressure = Pressure(Average(1.5, 0.2, 0.03, 4567), Average(0.0, 0.0, 0.0, 12))
    assert found.cpu.pressure == pressure
    assert found.io_pressure == pressure
    assert found.memory.pressure is None
    assert found.memory.memory == Amount(65536, 131072, 1048576, 0)
    assert found.memory.swap == Amount(69632, 0, 3145728, 0)
    assert found.memory.shortages == 3
    assert found.pids == Pids(2, 17)
    assert found.block_io.service_bytes == (
        IOCount(254, 0, "Read", 4096),
        IOCount(254, 0, "Write", 8192),
    )
    assert found.block_io.serviced == (IOCount(254, 0, "Read", 1), IOCount(254, 0, "Write", 2))
    assert found.hugetlb == {"2MB": Amount(2097152, 0, 0, 3)}


def test_no_limit_of_version_2_is_none() -> None:
    found = stats_v2.stats((V2 | {"memory.max": "max\n", "pids.max": "max\n"}).get, [])
    assert found.memory.memory.limit is None
    assert found.memory.swap.limit is None
    assert found.pids == Pids(2, 0)


def test_without_controllers_there_are_zeros() -> None:
    assert v1({}).memory.memory == Amount()
    found = stats_v2.stats({"cgroup.procs": "12\n13\n"}.get, [])
    assert found.pids.current == 2
    assert found.cpu.pressure is None
    assert found.block_io.serviced == ()


def test_page_sizes() -> None:
    names = ["hugetlb.2MB.current", "hugetlb.2MB.rsvd.current", "hugetlb.1GB.current", "cpu.stat"]
    assert stats.page_sizes(names, "current") == ["1GB", "2MB"]
