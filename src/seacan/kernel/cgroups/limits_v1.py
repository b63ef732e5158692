"""linux.resources → writes to version 1's controllers.

Source: OCI runtime-spec 1.2, config-linux.md#control-groups; the kernel's cgroup-v1/*.rst.
"""

from __future__ import annotations

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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from seacan.spec.runtime import (
        LinuxBlockIO,
        LinuxCPU,
        LinuxHugepageLimit,
        LinuxMemory,
        LinuxNetwork,
        LinuxResources,
    )

# The kernel clamps silently, kernel/sched/sched.h; Docker's clients match these sentences.
_MIN_SHARES: Final = 2
_MAX_SHARES: Final = 1 << 18


def writes(resources: LinuxResources) -> Iterator[Write]:
    """Yield what sets `resources`, all but devices. Raises OSError (ENOTSUP, EINVAL)."""
    if resources.get("unified"):
        refuse("unified", "cgroup v1 has none")
    if memory := resources.get("memory"):
        yield from _memory(memory)
    if cpu := resources.get("cpu"):
        yield from _cpu(cpu)
        yield from _cpuset(cpu)
    yield from pids_max(resources.get("pids") or {})
    if block_io := resources.get("blockIO"):
        yield from _block_io(block_io)
    for hugepages in resources.get("hugepageLimits") or []:
        yield from _hugepages(hugepages)
    if network := resources.get("network"):
        yield from _network(network)
    yield from rdma_max(resources.get("rdma") or {})


def _memory(memory: LinuxMemory) -> Iterator[Write]:
    limit, swap = memory.get("limit", 0), memory.get("swap", 0)
    check_limit("memory.limit", limit)
    check_limit("memory.swap", swap)
    if limit:
        yield Write("memory", "memory.limit_in_bytes", str(limit))
    if swap:
        # Without swap accounting, no limit is what there is.
        absent = () if swap == -1 else None
        yield Write("memory", "memory.memsw.limit_in_bytes", str(swap), absent)
    elif limit == -1:
        # No limit of memory would still be one by that of memory and swap together.
        yield Write("memory", "memory.memsw.limit_in_bytes", "-1", absent=())
    if reservation := memory.get("reservation"):
        check_limit("memory.reservation", reservation)
        yield Write("memory", "memory.soft_limit_in_bytes", str(reservation))
    # Up to the kernel: since Linux 5.16 it takes the first one and has no limit, or refuses it.
    kernel, tcp = memory.get("kernel", 0), memory.get("kernelTCP", 0)
    if kernel:
        check_limit("memory.kernel", kernel)
        yield Write("memory", "memory.kmem.limit_in_bytes", str(kernel))
    if tcp:
        check_limit("memory.kernelTCP", tcp)
        yield Write("memory", "memory.kmem.tcp.limit_in_bytes", str(tcp))
    swappiness = memory.get("swappiness", -1)
    if swappiness not in UNSET_SWAPPINESS:
        yield Write("memory", "memory.swappiness", str(swappiness))
    if memory.get("disableOOMKiller"):
        yield Write("memory", "memory.oom_control", "1")
    if "useHierarchy" in memory:
        # A kernel without the file has nothing but hierarchies.
        absent = () if memory["useHierarchy"] else None
        value = str(int(memory["useHierarchy"]))
        yield Write("memory", "memory.use_hierarchy", value, absent)


def _cpu(cpu: LinuxCPU) -> Iterator[Write]:
    if shares := cpu.get("shares"):
        if shares < _MIN_SHARES:
            refuse_value("cpu.shares", f"the minimum allowed cpu-shares is {_MIN_SHARES}")
        if shares > _MAX_SHARES:
            refuse_value("cpu.shares", f"the maximum allowed cpu-shares is {_MAX_SHARES}")
        yield Write("cpu", "cpu.shares", str(shares))
    if period := cpu.get("period"):
        yield Write("cpu", "cpu.cfs_period_us", str(period))
    if quota := cpu.get("quota"):
        yield Write("cpu", "cpu.cfs_quota_us", str(quota))
    if "burst" in cpu:
        yield Write("cpu", "cpu.cfs_burst_us", str(cpu["burst"]))
    if period := cpu.get("realtimePeriod"):
        yield Write("cpu", "cpu.rt_period_us", str(period))
    if runtime := cpu.get("realtimeRuntime"):
        yield Write("cpu", "cpu.rt_runtime_us", str(runtime))
    if "idle" in cpu:
        yield Write("cpu", "cpu.idle", str(cpu["idle"]))


def _cpuset(cpu: LinuxCPU) -> Iterator[Write]:
    if cpus := cpu.get("cpus"):
        yield Write("cpuset", "cpuset.cpus", cpus)
    if mems := cpu.get("mems"):
        yield Write("cpuset", "cpuset.mems", mems)


def _block_io(block_io: LinuxBlockIO) -> Iterator[Write]:
    if weight := block_io.get("weight"):
        yield _weight("blkio.weight", str(weight))
    if weight := block_io.get("leafWeight"):
        yield Write("blkio", "blkio.leaf_weight", str(weight))
    for device in block_io.get("weightDevice") or []:
        number = f"{device.get('major', 0)}:{device.get('minor', 0)}"
        if weight := device.get("weight"):
            yield _weight("blkio.weight_device", f"{number} {weight}")
        if weight := device.get("leafWeight"):
            yield Write("blkio", "blkio.leaf_weight_device", f"{number} {weight}")
    for devices, file in (
        (block_io.get("throttleReadBpsDevice"), "blkio.throttle.read_bps_device"),
        (block_io.get("throttleWriteBpsDevice"), "blkio.throttle.write_bps_device"),
        (block_io.get("throttleReadIOPSDevice"), "blkio.throttle.read_iops_device"),
        (block_io.get("throttleWriteIOPSDevice"), "blkio.throttle.write_iops_device"),
    ):
        for limited in devices or []:
            number = f"{limited.get('major', 0)}:{limited.get('minor', 0)}"
            yield Write("blkio", file, f"{number} {limited.get('rate', 0)}")


def _weight(file: str, value: str) -> Write:
    # The scheduler CFQ had the file, BFQ has its own since Linux 5.0.
    bfq = Write("blkio", file.replace("blkio.", "blkio.bfq."), value)
    return Write("blkio", file, value, absent=(bfq,))


def _hugepages(hugepages: LinuxHugepageLimit) -> Iterator[Write]:
    size, limit = huge_page_limit(hugepages)
    yield Write("hugetlb", f"hugetlb.{size}.limit_in_bytes", limit)
    yield Write("hugetlb", f"hugetlb.{size}.rsvd.limit_in_bytes", limit, absent=())  # Linux 5.7


def _network(network: LinuxNetwork) -> Iterator[Write]:
    if class_id := network.get("classID"):  # 0 is what a cgroup has
        yield Write("net_cls", "net_cls.classid", str(class_id))
    for interface in network.get("priorities") or []:
        text = f"{interface['name']} {interface['priority']}"
        yield Write("net_prio", "net_prio.ifpriomap", text)
