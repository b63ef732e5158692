"""GET /containers/{id}/stats: a reading as dockerd has it, by the version of the control groups.

Clients take percentages of what lies between two readings, so each has the one before with it.
Source: Engine API, ContainerStats; which fields are left out when empty was asked of dockerd 28.
"""

from collections.abc import Iterable
from typing import Any, Final

from seacan.engine.containers.container import NEVER, Container
from seacan.engine.containers.stats import Interface, Reading
from seacan.engine.times import rfc3339
from seacan.kernel.cgroups.stats import BlockIO, IOCount

_NO_LIMIT: Final = 2**64 - 1

# The lines of memory.stat that are shown. Version 1 has most of them again, with those below.
_MEMORY_V1: Final = (
    *("cache", "rss", "rss_huge", "mapped_file", "dirty", "writeback", "pgpgin", "pgpgout"),
    *("pgfault", "pgmajfault", "inactive_anon", "active_anon", "inactive_file", "active_file"),
    "unevictable",
)
_LIMITS_V1: Final = ("hierarchical_memory_limit", "hierarchical_memsw_limit")
_MEMORY_V2: Final = (
    *("anon", "file", "kernel_stack", "slab", "sock", "shmem", "file_mapped", "file_dirty"),
    *("file_writeback", "anon_thp", "inactive_anon", "active_anon", "inactive_file"),
    *("active_file", "unevictable", "slab_reclaimable", "slab_unreclaimable", "pgfault"),
    *("pgmajfault", "workingset_refault", "workingset_activate", "workingset_nodereclaim"),
    *("pgrefill", "pgscan", "pgsteal", "pgactivate", "pgdeactivate", "pglazyfree"),
    *("pglazyfreed", "thp_fault_alloc", "thp_collapse_alloc"),
)
_BLOCK_IO: Final = {
    "io_service_bytes_recursive": "service_bytes",
    "io_serviced_recursive": "serviced",
    "io_queue_recursive": "queued",
    "io_service_time_recursive": "service_time",
    "io_wait_time_recursive": "wait_time",
    "io_merged_recursive": "merged",
    "io_time_recursive": "time",
    "sectors_recursive": "sectors",
}


def container_stats(
    container: Container, now: Reading | None, before: Reading | None
) -> dict[str, Any]:
    """Return what a client gets of two readings; `now` is None if the container does not run."""
    return {"name": f"/{container.name}", "id": container.id, **stats(now, before)}


def stats(now: Reading | None, before: Reading | None) -> dict[str, Any]:
    """Return two readings without the name of their container, as dockerd has a single one."""
    shape = {
        "read": rfc3339(now.time_ns) if now else NEVER,
        "preread": rfc3339(before.time_ns) if before else NEVER,
        "pids_stats": _pids(now) if now else {},
        "blkio_stats": _block_io(now) if now else dict.fromkeys(_BLOCK_IO),
        "num_procs": 0,  # of Windows, as storage_stats
        "storage_stats": {},
        "cpu_stats": _cpu(now),
        "precpu_stats": _cpu(before),
        "memory_stats": _memory(now) if now else {},
    }
    if now is not None and now.interfaces is not None:
        # Also of a container without interfaces, where dockerd leaves it out: clients look there.
        shape["networks"] = {name: _network(one) for name, one in now.interfaces.items()}
    return shape


def _network(interface: Interface) -> dict[str, int]:
    return {
        f"{way}_{name}": count
        for way, traffic in (("rx", interface.received), ("tx", interface.sent))
        for name, count in traffic._asdict().items()
    }


def _pids(reading: Reading) -> dict[str, int]:
    pids = reading.stats.pids
    limit = pids.limit or (_NO_LIMIT if reading.version == "v2" else 0)
    return _without_zeros({"current": pids.current, "limit": limit})


def _cpu(reading: Reading | None) -> dict[str, Any]:
    usage: dict[str, Any] = {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0}
    throttling = {"periods": 0, "throttled_periods": 0, "throttled_time": 0}
    if reading is None:
        return {"cpu_usage": usage, "throttling_data": throttling}
    cpu = reading.stats.cpu
    usage = {
        "total_usage": cpu.total_ns,
        "usage_in_kernelmode": cpu.kernel_ns,
        "usage_in_usermode": cpu.user_ns,
    }
    if cpu.by_cpu_ns:
        usage["percpu_usage"] = cpu.by_cpu_ns
    throttling = {
        "periods": cpu.periods,
        "throttled_periods": cpu.throttled_periods,
        "throttled_time": cpu.throttled_ns,
    }
    return {
        "cpu_usage": usage,
        "system_cpu_usage": reading.system_ns,
        "online_cpus": reading.cpus,
        "throttling_data": throttling,
    }


def _memory(reading: Reading) -> dict[str, Any]:
    memory, raw = reading.stats.memory, reading.stats.memory.raw
    if reading.version == "v1":
        names = [*_MEMORY_V1, *(f"total_{name}" for name in _MEMORY_V1), *_LIMITS_V1]
        failures = memory.memory.failures
    else:
        names, failures = [*_MEMORY_V2], memory.shortages
    limit = memory.memory.limit
    amounts = {
        "usage": memory.memory.usage,
        # Of version 2 dockerd gives none.
        "max_usage": memory.memory.peak if reading.version == "v1" else 0,
        "failcnt": failures,
        # Without a limit it is the host's memory that there is.
        "limit": reading.memory_bytes if limit is None else min(limit, reading.memory_bytes),
    }
    return {**_without_zeros(amounts), "stats": {name: raw.get(name, 0) for name in names}}


def _block_io(reading: Reading) -> dict[str, Any]:
    block_io: BlockIO = reading.stats.block_io
    if reading.version == "v2":
        # Bytes alone, in lower case.
        counts = _counts(block_io.service_bytes)
        for count in counts:
            count["op"] = count["op"].lower()
        return {**dict.fromkeys(_BLOCK_IO), "io_service_bytes_recursive": counts or None}
    return {field: _counts(getattr(block_io, name)) for field, name in _BLOCK_IO.items()}


def _counts(counts: Iterable[IOCount]) -> list[dict[str, Any]]:
    return [
        {"major": count.major, "minor": count.minor, "op": count.operation, "value": count.value}
        for count in counts
    ]


def _without_zeros(values: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in values.items() if value}
