"""Other limits and ports for a container, live if it runs; what is not named stays.

request ──check──▸ changes ──merge──▸ HostConfig as it will be ──▸ ports, cgroup, then the record
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, cast

import anyio

from seacan import errors
from seacan.engine.bundle import resources
from seacan.engine.containers.container import Container
from seacan.engine.creation import limits, port_bindings
from seacan.engine.creation.requests import check_encoding
from seacan.engine.host import Host
from seacan.engine.networks.publications import Publications
from seacan.engine.running import restart
from seacan.engine.running.running import Entry
from seacan.kernel.cgroups import files, hierarchy, units
from seacan.kernel.cgroups.cgroup import Cgroup
from seacan.kernel.cgroups.systemd import SystemdCgroup
from seacan.spec.engine_api import ContainerUpdate, HostConfig

# What an update changes. Of other fields dockerd keeps some in the record, and acts on none.
_LIMITS: Final = (
    *("BlkioWeight", "CpuShares", "NanoCpus", "CpuPeriod", "CpuQuota", "CpusetCpus", "CpusetMems"),
    *("Memory", "MemorySwap", "MemoryReservation", "PidsLimit"),
)
_REFUSED: Final = (
    *("BlkioDeviceReadBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteBps", "BlkioDeviceWriteIOps"),
    *("BlkioWeightDevice", "CgroupParent", "CpuCount", "CpuPercent", "CpuRealtimePeriod"),
    *("CpuRealtimeRuntime", "DeviceCgroupRules", "DeviceRequests", "Devices"),
    *("IOMaximumBandwidth", "IOMaximumIOps", "KernelMemory", "KernelMemoryTCP", "OomKillDisable"),
    "Ulimits",
)

_NO_PIDS: Final = ("PidsLimit", 0)

# Of a field set already, those that cannot be set beside it: the words for both.
_CONFLICTS: Final = (
    ("NanoCpus", "CpuPeriod", "Nano CPUs cannot be updated as CPU Period has already been set"),
    ("NanoCpus", "CpuQuota", "Nano CPUs cannot be updated as CPU Quota has already been set"),
    ("CpuPeriod", "NanoCpus", "CPU Period cannot be updated as NanoCPUs has already been set"),
    ("CpuQuota", "NanoCpus", "CPU Quota cannot be updated as NanoCPUs has already been set"),
)


def changes_of(request: ContainerUpdate, host: Host) -> tuple[HostConfig, list[str]]:
    """Return what a request changes, checked, and warnings.

    Raises InvalidArgument in Docker's words; Unsupported for what would be without effect.
    """
    check_encoding("request", request)
    values = cast(Mapping[str, Any], request)
    port_bindings.check(request.get("PublishAdd") or {}, request.get("PublishRemove") or {})
    for field in _REFUSED:
        if values.get(field):
            raise errors.Unsupported(f"update of {field} is not supported")
    if values.get("MemorySwappiness") not in (None, -1):
        raise errors.Unsupported("update of MemorySwappiness is not supported")
    changes = cast(HostConfig, {name: values[name] for name in _LIMITS if values.get(name)})
    if (pids := values.get("PidsLimit")) is not None:
        changes["PidsLimit"] = max(pids, 0)  # 0, and all below: no limit
    warnings = limits.check_update(changes, host)
    kept = {name: value for name, value in changes.items() if value or (name, value) == _NO_PIDS}
    policy = request.get("RestartPolicy") or {}
    if policy.get("Name"):
        kept["RestartPolicy"] = restart.check_policy(policy, auto_remove=False)
    return cast(HostConfig, kept), warnings


def merge(record: Container, changes: HostConfig) -> HostConfig:
    """Return the host configuration that `record` will have. Raises Conflict."""
    before = record.host_config
    for field, other, words in _CONFLICTS:
        if (cast(Any, changes.get(field)) or 0) > 0 and (cast(Any, before.get(other)) or 0) > 0:
            raise errors.Conflict(f"Conflicting options: {words}")
    memory, swap = changes.get("Memory") or 0, changes.get("MemorySwap") or 0
    if memory and not swap and memory > (before.get("MemorySwap") or 0):
        raise errors.Conflict(
            "Memory limit should be smaller than already set memoryswap limit, "
            "update the memoryswap at the same time"
        )
    policy = changes.get("RestartPolicy") or {}
    if before.get("AutoRemove") and (policy.get("Name") or "no") != "no":
        raise errors.Conflict(
            "Restart policy cannot be updated because AutoRemove is enabled for the container"
        )
    return cast(HostConfig, {**before, **changes})


def live(changes: HostConfig, merged: HostConfig) -> HostConfig:
    """Return what the cgroup is to be told: of memory and swap both, if one of them changes.

    Version 2 limits swap alone, which is the difference of the two.
    """
    if not ("Memory" in changes or "MemorySwap" in changes):
        return changes
    both = {name: merged.get(name) for name in ("Memory", "MemorySwap")}
    return cast(HostConfig, {**changes, **both})


async def update(
    entry: Entry, publications: Publications, changes: HostConfig, request: ContainerUpdate
) -> None:
    """Make `changes` true, and what `request` says of ports.

    Raises NotFound, Conflict, InvalidArgument; Internal if the kernel does not take them, or
    somebody has a port. The record has them only after that: what failed changes nothing in it.
    """
    record = entry.record
    async with entry.lock, entry.networking:
        try:
            merged = merge(record, changes)
            async with _changing_ports(entry, publications, merged, request):
                if record.is_running:
                    now = live(changes, merged)
                    await anyio.to_thread.run_sync(_apply, record.cgroup_path, now)
                before, record.host_config = record.host_config, merged
                try:
                    await entry.save()
                except BaseException:
                    record.host_config = before
                    raise
        except errors.SeacanError as err:
            raise err.within(f"Cannot update container {record.id}") from err
        entry.tell("update")


@contextlib.asynccontextmanager
async def _changing_ports(
    entry: Entry, publications: Publications, merged: HostConfig, request: ContainerUpdate
) -> AsyncIterator[None]:
    """Give `merged` other ports, and the container if it runs; as before if the body fails."""
    added, removed = request.get("PublishAdd") or {}, request.get("PublishRemove") or {}
    if not (added or removed):
        yield
        return
    record = entry.record
    merged["PortBindings"] = port_bindings.changed(record, added, removed)
    if not record.is_running:
        yield
        return
    async with publications.changing(record, entry.bundle, entry.running_shim(), merged):
        yield


def _apply(cgroup_path: str, changes: HostConfig) -> None:
    cgroup = _maker_of(cgroup_path)
    try:
        cgroup.apply(resources.changes_to_oci(changes))
    except OSError as err:
        if err.errno in files.GONE and not cgroup.pids():
            return  # it has ended meanwhile; the next start has the limits
        raise errors.Internal(str(err)) from err


def _maker_of(cgroup_path: str) -> Cgroup:
    """Return the cgroup as who made it changes it: systemd would undo what it does not know of."""
    if units.is_scope(cgroup_path):
        return SystemdCgroup(cgroup_path)
    return hierarchy.open_cgroup(cgroup_path)
