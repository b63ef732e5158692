"""Stats from the files of version 1's controllers."""

import os
from collections.abc import Callable, Iterable
from typing import Final

from seacan.kernel.cgroups.stats import (
    Amount,
    BlockIO,
    Cpu,
    Cpuset,
    IOCount,
    Memory,
    Pids,
    Stats,
    flat,
    number,
    ranges,
)

# Of a controller, the content of a file; None if there is no such file.
Read = Callable[[str, str], str | None]

_CPUSET_FLAGS: Final = (
    *("cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page"),
    *("memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level"),
)
_BYTES_AND_COUNTS: Final = {"serviced": "io_serviced", "service_bytes": "io_service_bytes"}
_ALL_COUNTS: Final = {
    "sectors": "sectors",
    "service_time": "io_service_time",
    "wait_time": "io_wait_time",
    "merged": "io_merged",
    "queued": "io_queued",
    "time": "time",
    **_BYTES_AND_COUNTS,
}
# Who counts depends on the scheduler and the kernel: the first that has counted anything is taken.
_COUNTERS: Final = (
    ("blkio.bfq.{}_recursive", _ALL_COUNTS),
    ("blkio.bfq.{}_recursive", _BYTES_AND_COUNTS),
    ("blkio.{}_recursive", _ALL_COUNTS),
    ("blkio.throttle.{}_recursive", _BYTES_AND_COUNTS),
    ("blkio.throttle.{}", _BYTES_AND_COUNTS),
)


def stats(read: Read, page_sizes: Iterable[str]) -> Stats:
    """Return what `read` finds; `page_sizes` are those that hugetlb counts."""
    return Stats(
        _cpu(read),
        _cpuset(read),
        _memory(read),
        Pids(number(read("pids", "pids.current")), number(read("pids", "pids.max"))),
        _block_io(read),
        {size: _huge_pages(read, size) for size in page_sizes},
    )


def _cpu(read: Read) -> Cpu:
    tick_ns = 10**9 // os.sysconf("SC_CLK_TCK")
    modes = flat(read("cpuacct", "cpuacct.stat"))
    # After a line of titles, a line by CPU: its number, user and system time.
    _, *rows = (read("cpuacct", "cpuacct.usage_all") or "titles").splitlines()
    by_cpu = [tuple(map(int, row.split())) for row in rows]
    throttling = flat(read("cpu", "cpu.stat"))
    return Cpu(
        total_ns=number(read("cpuacct", "cpuacct.usage")),
        user_ns=modes.get("user", 0) * tick_ns,
        kernel_ns=modes.get("system", 0) * tick_ns,
        by_cpu_ns=tuple(map(int, (read("cpuacct", "cpuacct.usage_percpu") or "").split())),
        user_by_cpu_ns=tuple(row[1] for row in by_cpu),
        kernel_by_cpu_ns=tuple(row[2] for row in by_cpu),
        periods=throttling.get("nr_periods", 0),
        throttled_periods=throttling.get("nr_throttled", 0),
        throttled_ns=throttling.get("throttled_time", 0),
    )


def _cpuset(read: Read) -> Cpuset:
    return Cpuset(
        ranges(read("cpuset", "cpuset.cpus")),
        ranges(read("cpuset", "cpuset.mems")),
        {name: number(read("cpuset", f"cpuset.{name}")) for name in _CPUSET_FLAGS},
    )


def _memory(read: Read) -> Memory:
    raw = flat(read("memory", "memory.stat"))
    return Memory(
        raw.get("cache", 0),
        _amount(read, "memory", "memory"),
        _amount(read, "memory", "memory.memsw"),
        _amount(read, "memory", "memory.kmem"),
        _amount(read, "memory", "memory.kmem.tcp"),
        raw,
    )


def _amount(read: Read, controller: str, name: str) -> Amount:
    return Amount(
        usage=number(read(controller, f"{name}.usage_in_bytes")),
        peak=number(read(controller, f"{name}.max_usage_in_bytes")),
        limit=number(read(controller, f"{name}.limit_in_bytes")),
        failures=number(read(controller, f"{name}.failcnt")),
    )


def _huge_pages(read: Read, size: str) -> Amount:
    has_reserved = read("hugetlb", f"hugetlb.{size}.rsvd.usage_in_bytes") is not None
    return _amount(read, "hugetlb", f"hugetlb.{size}{'.rsvd' if has_reserved else ''}")


def _block_io(read: Read) -> BlockIO:
    for pattern, files in _COUNTERS:
        counts = {
            key: counts_of(read("blkio", pattern.format(file))) for key, file in files.items()
        }
        if all(counts.values()):
            return BlockIO(**counts)
    return BlockIO()


def counts_of(text: str | None) -> tuple[IOCount, ...]:
    """Read lines of `8:0 Read 123` or `8:0 123`; the line of the total is left out."""
    found = []
    for line in (text or "").splitlines():
        device, *words, value = line.split()
        if device != "Total":
            major, _, minor = device.partition(":")
            operation = words[0] if words else ""
            found.append(IOCount(int(major), int(minor), operation, int(value)))
    return tuple(found)
