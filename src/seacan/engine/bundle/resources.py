"""Limits of a container, checked before, in the OCI's words."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from seacan.engine.host import Host
from seacan.errors import InvalidArgument
from seacan.kernel.cgroups import units
from seacan.spec import runtime
from seacan.spec.engine_api import BlockDevice, HostConfig, Ulimit

_CPU_PERIOD_US: Final = 100_000  # of --cpus; the kernel's default
_RLIM_INFINITY: Final = 2**64 - 1
_SCOPES: Final = "seacan"  # what the names of containers' scopes begin with

# Field of a request: name in config.json.
THROTTLES: Final = {
    "BlkioDeviceReadBps": "throttleReadBpsDevice",
    "BlkioDeviceWriteBps": "throttleWriteBpsDevice",
    "BlkioDeviceReadIOps": "throttleReadIOPSDevice",
    "BlkioDeviceWriteIOps": "throttleWriteIOPSDevice",
}


def cgroup_path(host_config: HostConfig, default_parent: str, container_id: str) -> str:
    """Return the container's cgroup from each hierarchy's root, absolute and without `..`."""
    parent = host_config.get("CgroupParent") or default_parent
    return "/" + os.path.normpath(f"/{parent}/{container_id}").lstrip("/")


def scope_path(host_config: HostConfig, default_slice: str, container_id: str, manager: str) -> str:
    """Return the cgroup of the scope that systemd makes; `manager` is where its own units are.

    Raises InvalidArgument in Docker's words for a parent that is no slice.
    """
    parent = host_config.get("CgroupParent") or default_slice
    try:
        unit = units.unit_of(f"{parent}:{_SCOPES}:{container_id}", container_id, user=False)
    except OSError as err:
        raise InvalidArgument(
            'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"'
        ) from err
    return manager + unit.path


def to_oci(
    host_config: HostConfig,
    rules: list[runtime.LinuxDeviceCgroup],
    number_of: Callable[[str], tuple[int, int]],
) -> runtime.LinuxResources:
    """Return the limits of a checked `host_config`; `number_of` is a device's major and minor."""
    resources: runtime.LinuxResources = {"devices": rules}
    if memory := _memory(host_config):
        resources["memory"] = memory
    if cpu := _cpu(host_config):
        resources["cpu"] = cpu
    if limit := host_config.get("PidsLimit"):
        resources["pids"] = {"limit": limit}
    if block_io := _block_io(host_config, number_of):
        resources["blockIO"] = block_io
    return resources


def changes_to_oci(changes: HostConfig) -> runtime.LinuxResources:
    """Return the limits that the checked `changes` name; -1, and 0 of processes, take one away."""
    resources = to_oci(changes, [], _no_device)
    if (changes.get("MemorySwap") or 0) < 0:
        resources.setdefault("memory", {})["swap"] = -1
    if changes.get("PidsLimit") == 0:
        resources["pids"] = {"limit": -1}
    return resources


def _no_device(path: str) -> tuple[int, int]:
    raise AssertionError(f"an update names no device: {path}")


def _memory(host_config: HostConfig) -> runtime.LinuxMemory:
    memory: runtime.LinuxMemory = {}
    if limit := host_config.get("Memory"):
        memory["limit"] = limit
    if reservation := host_config.get("MemoryReservation"):
        memory["reservation"] = reservation
    if (swap := host_config.get("MemorySwap") or 0) > 0:
        memory["swap"] = swap
    if tcp := host_config.get("KernelMemoryTCP"):
        memory["kernelTCP"] = tcp
    if (swappiness := host_config.get("MemorySwappiness")) is not None:
        memory["swappiness"] = swappiness
    if (disable := host_config.get("OomKillDisable")) is not None:
        memory["disableOOMKiller"] = disable
    return memory


def _cpu(host_config: HostConfig) -> runtime.LinuxCPU:
    cpu: runtime.LinuxCPU = {}
    if shares := host_config.get("CpuShares"):
        cpu["shares"] = shares
    if nano := host_config.get("NanoCpus"):
        cpu["period"] = _CPU_PERIOD_US
        cpu["quota"] = nano * _CPU_PERIOD_US // 10**9
    if period := host_config.get("CpuPeriod"):
        cpu["period"] = period
    if quota := host_config.get("CpuQuota"):
        cpu["quota"] = quota
    if realtime_period := host_config.get("CpuRealtimePeriod"):
        cpu["realtimePeriod"] = realtime_period
    if realtime_runtime := host_config.get("CpuRealtimeRuntime"):
        cpu["realtimeRuntime"] = realtime_runtime
    if cpus := host_config.get("CpusetCpus"):
        cpu["cpus"] = cpus
    if mems := host_config.get("CpusetMems"):
        cpu["mems"] = mems
    return cpu


def _block_io(
    host_config: HostConfig, number_of: Callable[[str], tuple[int, int]]
) -> runtime.LinuxBlockIO:
    def numbered(entry: BlockDevice, name: str, value: int | None) -> dict[str, int]:
        major, minor = number_of(entry["Path"] or "")
        return {"major": major, "minor": minor, name: value or 0}

    values: Mapping[str, Any] = host_config
    block_io: dict[str, Any] = {}
    if weight := host_config.get("BlkioWeight"):
        block_io["weight"] = weight
    if weights := host_config.get("BlkioWeightDevice"):
        block_io["weightDevice"] = [numbered(e, "weight", e["Weight"]) for e in weights]
    for field, name in THROTTLES.items():
        if entries := values.get(field):
            block_io[name] = [numbered(e, "rate", e["Rate"]) for e in entries]
    return block_io  # type: ignore[return-value]


def rlimits(
    ulimits: Sequence[Ulimit], hard_limits: Mapping[str, int], *, can_raise: bool
) -> list[runtime.Rlimit]:
    """Return the OCI's limits of checked `ulimits`.

    `hard_limits` are the daemon's own, by lower-case name; without CAP_SYS_RESOURCE (`can_raise`)
    the kernel lets no process go above them: InvalidArgument, before anything is made.
    """
    result: list[runtime.Rlimit] = []
    for ulimit in ulimits:
        name = (ulimit.get("Name") or "").lower()
        soft, hard = soft_and_hard(ulimit)
        most = hard_limits.get(name, _RLIM_INFINITY)
        if hard > most and not can_raise:
            raise InvalidArgument(
                f"ulimit {name}: the daemon may not raise the hard limit above its own, {most}"
            )
        result.append({"type": f"RLIMIT_{name.upper()}", "soft": soft, "hard": hard})
    return result


def oom_score_adj(asked: int, host: Host) -> int:
    """Return the score that a process of the daemon can set itself, as near to `asked` as may be.

    Without CAP_SYS_RESOURCE no process goes below the score that it was started with:
    proc_pid_oom_score_adj(5).
    """
    return asked if "CAP_SYS_RESOURCE" in host.capabilities else max(asked, host.oom_score_adj)


def soft_and_hard(ulimit: Ulimit) -> tuple[int, int]:
    """Return the soft and the hard limit; -1 is none, 2**64-1 to the kernel."""
    return (ulimit.get("Soft") or 0) % 2**64, (ulimit.get("Hard") or 0) % 2**64
