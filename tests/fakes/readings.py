"""A reading of a container's use, as files of control groups give it."""

from seacan.engine.containers.stats import Interface, Reading, Traffic
from seacan.engine.host import CgroupVersion
from seacan.kernel.cgroups import stats_v1, stats_v2
from seacan.kernel.cgroups.stats import Stats

V1 = {
    ("cpuacct", "cpuacct.stat"): "user 3\nsystem 5\n",
    ("cpuacct", "cpuacct.usage"): "12291423\n",
    ("cpuacct", "cpuacct.usage_percpu"): "10894113 1397310 \n",
    ("cpu", "cpu.stat"): "nr_periods 4\nnr_throttled 2\nthrottled_time 99\n",
    ("memory", "memory.stat"): "cache 8192\nrss 4096\nshmem 1\ntotal_cache 8193\n"
    "hierarchical_memory_limit 9223372036854771712\ntotal_shmem 1\n",
    ("memory", "memory.usage_in_bytes"): "512000\n",
    ("memory", "memory.max_usage_in_bytes"): "3575808\n",
    ("memory", "memory.limit_in_bytes"): "9223372036854771712\n",
    ("memory", "memory.failcnt"): "0\n",
    ("pids", "pids.current"): "2\n",
    ("pids", "pids.max"): "max\n",
    ("blkio", "blkio.throttle.io_serviced_recursive"): "8:0 Read 3\n8:0 Write 4\nTotal 7\n",
    ("blkio", "blkio.throttle.io_service_bytes_recursive"): "8:0 Read 12288\nTotal 12288\n",
}
V2 = {
    "cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n"
    "nr_periods 4\nnr_throttled 2\nthrottled_usec 99\n",
    "memory.stat": "anon 4096\nfile 8192\ninactive_file 2048\nzswap 1\n",
    "memory.current": "65536\n",
    "memory.max": "1048576\n",
    "memory.peak": "131072\n",
    "memory.events": "low 0\nhigh 0\nmax 5\noom 2\noom_kill 1\n",
    "pids.current": "2\n",
    "pids.max": "max\n",
    "io.stat": "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n",
}


def reading(version: CgroupVersion = "v1", *, usage_ns: int | None = None) -> Reading:
    stats = _v1() if version == "v1" else stats_v2.stats(V2.get, [])
    if usage_ns is not None:
        stats = stats._replace(cpu=stats.cpu._replace(total_ns=usage_ns))
    return Reading(
        time_ns=1_500_000_000,
        version=version,
        stats=stats,
        system_ns=10_000_000,
        cpus=2,
        memory_bytes=25276514304,
        interfaces={"eth0": Interface(Traffic(1, 2, 3, 4), Traffic(5, 6, 7, 8))},
    )


def _v1() -> Stats:
    return stats_v1.stats(lambda controller, name: V1.get((controller, name)), [])
