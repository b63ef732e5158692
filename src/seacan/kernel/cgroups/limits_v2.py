"""linux.resources, made for version 1, → writes to version 2's files.

Source: OCI runtime-spec 1.2, config-linux.md#control-groups; the kernel's cgroup-v2.rst; runc's
conversions of shares and of block I/O weights.
"""

from __future__ import annotations

import math

from seacan.kernel.cgroups.limits import (
    UNSET_SWAPPINESS,
    Write,
    check_limit,
    huge_page_limit,
    pids_max,
    rdma_max,
    refuse,
    refuse_value,
)
from seacan.lean import cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Final

    from seacan.spec.runtime import (
        LinuxBlockIO,
        LinuxCPU,
        LinuxHugepageLimit,
        LinuxMemory,
        LinuxResources,
    )

_MIN_SHARES: Final = 2
_MAX_SHARES: Final = 1 << 18


def writes(resources: LinuxResources) -> Iterator[Write]:
    """Yield what sets `resources`, all but devices. Raises OSError (ENOTSUP, EINVAL)."""
    network = resources.get("network") or {}
    if network.get("classID") or network.get("priorities"):
        refuse("network", "cgroup v2 has no net_cls and net_prio")
    yield from pids_max(resources.get("pids") or {})
    if memory := resources.get("memory"):
        yield from _memory(memory)
    if block_io := resources.get("blockIO"):
        yield from _block_io(block_io)
    if cpu := resources.get("cpu"):
        yield from _cpu(cpu)
        yield from _cpuset(cpu)
    for hugepages in resources.get("hugepageLimits") or []:
        yield from _hugepages(hugepages)
    yield from rdma_max(resources.get("rdma") or {})
    for file, value in (resources.get("unified") or {}).items():
        yield from _unified(file, value)


def completed(resources: LinuxResources, read: Callable[[str], str]) -> LinuxResources:
    """Return `resources` with what they leave out of a pair that version 2 has in one number.

    That is the period to a quota and the other way about, and of the limits of memory, and of
    memory and swap, the one to the other, as version 1 keeps it. `read` gives the present ones, of
    a file.
    """
    if memory := resources.get("memory"):
        resources = {**resources, "memory": _with_sum(memory, read)}
    cpu = resources.get("cpu", {})
    if bool(cpu.get("quota")) != bool(cpu.get("period")):
        quota, _, period = read("cpu.max").strip().partition(" ")
        both: LinuxCPU = {"quota": -1 if quota == "max" else int(quota), "period": int(period or 0)}
        given = {key: value for key, value in cpu.items() if value or key not in both}
        resources = {**resources, "cpu": cast("LinuxCPU", {**both, **given})}
    return resources


def _with_sum(memory: LinuxMemory, read: Callable[[str], str]) -> LinuxMemory:
    limit, combined = memory.get("limit", 0), memory.get("swap", 0)
    if (limit > 0) == (combined > 0) or -1 in (limit, combined):
        return memory
    present = read("memory.max").strip()
    if present == "max":
        return memory
    if not limit:
        return {**memory, "limit": int(present)}
    swap = read("memory.swap.max").strip()
    return memory if swap == "max" else {**memory, "swap": int(present) + int(swap)}


def cpu_weight(shares: int) -> int:
    """Return `cpu.weight`, 1 to 10000, for v1's shares: 2 → 1, 1024 → 100, 262144 → 10000.

    A parabola on logarithmic scales through those points.
    Source: opencontainers/cgroups, ConvertCPUSharesToCgroupV2Value; systemd has the same since 258.
    """
    if shares <= _MIN_SHARES:
        return 1
    if shares >= _MAX_SHARES:
        return 10_000
    log = math.log2(shares)
    return math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34))


def swap_max(swap: int, memory: int) -> int | None:
    """Return `memory.swap.max` in bytes, -1 for no limit, None to leave it.

    `swap` is v1's limit of memory and swap together, `memory` that of memory; 0 is unset.
    Raises OSError (EINVAL).
    """
    if swap == 0:
        return -1 if memory == -1 else None
    if swap == -1 or memory == -1:
        return swap
    if memory == 0:
        refuse_value("memory.swap", "a limit of swap needs one of memory")
    if swap < memory:
        refuse_value("memory.swap", f"{swap} is below the limit of memory, {memory}")
    return swap - memory


def _bytes(limit: int) -> str:
    return "max" if limit == -1 else str(limit)


def _memory(memory: LinuxMemory) -> Iterator[Write]:
    if memory.get("kernel") or memory.get("kernelTCP"):
        refuse("memory.kernel", "the kernel has given up limits of its own memory")
    if memory.get("swappiness", -1) not in UNSET_SWAPPINESS:
        refuse("memory.swappiness", "cgroup v2 has none")
    if memory.get("disableOOMKiller"):
        refuse("memory.disableOOMKiller", "cgroup v2 has none")
    if memory.get("useHierarchy") is False:
        refuse("memory.useHierarchy", "cgroup v2 is always hierarchical")
    limit, combined = memory.get("limit", 0), memory.get("swap", 0)
    check_limit("memory.limit", limit)
    check_limit("memory.swap", combined)
    swap = swap_max(combined, limit)
    if swap is not None:
        # Without swap accounting, none and any amount are what there is.
        absent = () if swap in (0, -1) else None
        yield Write("memory", "memory.swap.max", _bytes(swap), absent)
    if limit:
        yield Write("memory", "memory.max", _bytes(limit))
    if reservation := memory.get("reservation"):
        check_limit("memory.reservation", reservation)
        yield Write("memory", "memory.low", _bytes(reservation))


def _cpu(cpu: LinuxCPU) -> Iterator[Write]:
    if cpu.get("realtimePeriod") or cpu.get("realtimeRuntime"):
        refuse("cpu.realtimeRuntime", "cgroup v2 has none")
    if shares := cpu.get("shares"):
        yield Write("cpu", "cpu.weight", str(cpu_weight(shares)))
    if "idle" in cpu:
        # After the weight, which an idle cgroup cannot be given; one that was idle gets it later.
        yield Write("cpu", "cpu.idle", str(cpu["idle"]))
    quota, period = cpu.get("quota", 0), cpu.get("period", 0)
    if quota or period:
        # Without a period, the present one stays.
        yield Write("cpu", "cpu.max", f"{quota if quota > 0 else 'max'} {period or ''}".rstrip())
    if "burst" in cpu:
        yield Write("cpu", "cpu.max.burst", str(cpu["burst"]))


def _cpuset(cpu: LinuxCPU) -> Iterator[Write]:
    if cpus := cpu.get("cpus"):
        yield Write("cpuset", "cpuset.cpus", cpus)
    if mems := cpu.get("mems"):
        yield Write("cpuset", "cpuset.mems", mems)


def io_weight(weight: int) -> int:
    """Return `io.weight`, 1 to 10000, for v1's 10 to 1000: a straight line."""
    return 1 + (weight - 10) * 9999 // 990


def _block_io(block_io: LinuxBlockIO) -> Iterator[Write]:
    if block_io.get("leafWeight"):
        refuse("blockIO.leafWeight", "cgroup v2 has none")
    if weight := block_io.get("weight"):
        # BFQ takes v1's numbers as they are.
        instead = Write("io", "io.weight", str(io_weight(weight)))
        yield Write("io", "io.bfq.weight", str(weight), absent=(instead,))
    for device in block_io.get("weightDevice") or []:
        number = f"{device.get('major', 0)}:{device.get('minor', 0)}"
        if device.get("leafWeight"):
            refuse("blockIO.weightDevice.leafWeight", "cgroup v2 has none")
        if weight := device.get("weight"):
            instead = Write("io", "io.weight", f"{number} {io_weight(weight)}")
            yield Write("io", "io.bfq.weight", f"{number} {weight}", absent=(instead,))
    for devices, key in (
        (block_io.get("throttleReadBpsDevice"), "rbps"),
        (block_io.get("throttleWriteBpsDevice"), "wbps"),
        (block_io.get("throttleReadIOPSDevice"), "riops"),
        (block_io.get("throttleWriteIOPSDevice"), "wiops"),
    ):
        for limited in devices or []:
            number = f"{limited.get('major', 0)}:{limited.get('minor', 0)}"
            # v1 lifts a limit with 0, v2 with `max`.
            yield Write("io", "io.max", f"{number} {key}={limited.get('rate') or 'max'}")


def _hugepages(hugepages: LinuxHugepageLimit) -> Iterator[Write]:
    size, limit = huge_page_limit(hugepages)
    yield Write("hugetlb", f"hugetlb.{size}.max", limit)
    yield Write("hugetlb", f"hugetlb.{size}.rsvd.max", limit, absent=())  # Linux 5.7


def _unified(file: str, value: str) -> Iterator[Write]:
    controller, dot, _ = file.partition(".")
    if "/" in file or not dot:
        refuse_value("unified", f"{file!r} is not of the form CONTROLLER.PARAMETER")
    for line in value.splitlines() or [""]:
        yield Write(controller, file, line)
