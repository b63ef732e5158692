"""Stats of a cgroup in the shape of runc's events.

Go leaves out what is empty, but not everywhere, and clients may count on either. Source: runc,
types/events.go.
"""

from typing import Any, Final

from seacan.kernel.cgroups.stats import Amount, Average, IOCount, Pressure, Stats

_NO_LIMIT: Final = 2**64 - 1
_BLOCK_IO: Final = {
    "ioServiceBytesRecursive": "service_bytes",
    "ioServicedRecursive": "serviced",
    "ioQueueRecursive": "queued",
    "ioServiceTimeRecursive": "service_time",
    "ioWaitTimeRecursive": "wait_time",
    "ioMergedRecursive": "merged",
    "ioTimeRecursive": "time",
    "sectorsRecursive": "sectors",
}
_CPUSET_FLAGS: Final = (
    *("mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page"),
    *("memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level"),
)


def to_wire(stats: Stats) -> dict[str, Any]:
    """Return `stats` as the value of `data`. Networks are not the runtime's: null, as of runc."""
    cpu, memory = stats.cpu, stats.memory
    usage = {
        **_filled(
            total=cpu.total_ns,
            percpu=cpu.by_cpu_ns,
            percpu_kernel=cpu.kernel_by_cpu_ns,
            percpu_user=cpu.user_by_cpu_ns,
        ),
        "kernel": cpu.kernel_ns,
        "user": cpu.user_ns,
    }
    throttling = _filled(
        periods=cpu.periods,
        throttledPeriods=cpu.throttled_periods,
        throttledTime=cpu.throttled_ns,
    )
    return {
        "cpu": {"usage": usage, "throttling": throttling, **_psi(cpu.pressure)},
        "cpuset": _cpuset(stats),
        "memory": {
            **_filled(cache=memory.cache),
            "usage": _amount(memory.memory),
            "swap": _amount(memory.swap),
            "kernel": _amount(memory.kernel),
            "kernelTCP": _amount(memory.kernel_tcp),
            **_filled(raw=dict(sorted(memory.raw.items()))),
            **_psi(memory.pressure),
        },
        "pids": _filled(current=stats.pids.current, limit=stats.pids.limit),
        "blkio": {
            **{
                name: [_count(count) for count in counts]
                for name, attribute in _BLOCK_IO.items()
                if (counts := getattr(stats.block_io, attribute))
            },
            **_psi(stats.io_pressure),
        },
        "hugetlb": {
            size: {**_filled(usage=of.usage, max=of.peak), "failcnt": of.failures}
            for size, of in stats.hugetlb.items()
        },
        "intel_rdt": {},
        "network_interfaces": None,
    }


def _filled(**entries: Any) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if value}


def _cpuset(stats: Stats) -> dict[str, Any]:
    flags = stats.cpuset.flags
    return {
        **_filled(cpus=stats.cpuset.cpus),
        "cpu_exclusive": flags.get("cpu_exclusive", 0),
        **_filled(mems=stats.cpuset.mems),
        **{name: flags.get(name, 0) for name in _CPUSET_FLAGS},
    }


def _amount(amount: Amount) -> dict[str, int]:
    return {
        "limit": _NO_LIMIT if amount.limit is None else amount.limit,
        **_filled(usage=amount.usage, max=amount.peak),
        "failcnt": amount.failures,
    }


def _count(count: IOCount) -> dict[str, Any]:
    return _filled(major=count.major, minor=count.minor, op=count.operation, value=count.value)


def _psi(pressure: Pressure | None) -> dict[str, Any]:
    if pressure is None:
        return {}
    return {"psi": {"some": _average(pressure.some), "full": _average(pressure.full)}}


def _average(average: Average) -> dict[str, float]:
    return {
        "avg10": average.avg10,
        "avg60": average.avg60,
        "avg300": average.avg300,
        "total": average.total_us,
    }
