"""The limits and devices of a service, as the API's HostConfig has them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_CDI_NAME = r"[a-zA-Z0-9.-]+/[a-zA-Z0-9_-]+=[a-zA-Z0-9_.:-]+\Z"
_NUMBERS = {
    "cpu_count": "CpuCount",
    "cpu_period": "CpuPeriod",
    "cpu_quota": "CpuQuota",
    "cpu_rt_period": "CpuRealtimePeriod",
    "cpu_rt_runtime": "CpuRealtimeRuntime",
    "cpu_shares": "CpuShares",
    "cpuset": "CpusetCpus",
    "cgroup_parent": "CgroupParent",
    "device_cgroup_rules": "DeviceCgroupRules",
    "oom_kill_disable": "OomKillDisable",
    "pids_limit": "PidsLimit",
}
_SIZES = {
    "mem_limit": "Memory",
    "memswap_limit": "MemorySwap",
    "mem_reservation": "MemoryReservation",
    "mem_swappiness": "MemorySwappiness",
}
_THROTTLES = {
    "device_read_bps": "BlkioDeviceReadBps",
    "device_read_iops": "BlkioDeviceReadIOps",
    "device_write_bps": "BlkioDeviceWriteBps",
    "device_write_iops": "BlkioDeviceWriteIOps",
}
_BILLION = 1_000_000_000


def resources_of(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of HostConfig; `deploy.resources` wins over the older keys."""
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    reserved = service.get("deploy", {}).get("resources", {}).get("reservations", {})
    found = {field: service[key] for key, field in _NUMBERS.items() if key in service}
    found |= {field: int(service[key]) for key, field in _SIZES.items() if key in service}
    cpus = limits.get("cpus", service.get("cpus"))
    if cpus is not None:
        found["NanoCpus"] = round(cpus * _BILLION)
    if "cpu_percent" in service:
        found["CpuPercent"] = round(service["cpu_percent"] * 100)
    if "memory" in limits:
        found["Memory"] = int(limits["memory"])
    if limits.get("pids", 0) > 0:
        found["PidsLimit"] = limits["pids"]
    if "memory" in reserved:
        found["MemoryReservation"] = int(reserved["memory"])
    ulimits = service.get("ulimits", {}).items()
    return {
        **found,
        **_blkio(service.get("blkio_config", {})),
        **_devices(service, reserved),
        "Ulimits": [_ulimit(name, limit) for name, limit in ulimits] or None,
    }


def _blkio(blkio: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "weight" in blkio:
        found["BlkioWeight"] = blkio["weight"]
    if "weight_device" in blkio:
        found["BlkioWeightDevice"] = [
            {"Path": one["path"], "Weight": one["weight"]} for one in blkio["weight_device"]
        ]
    for key, field in _THROTTLES.items():
        if key in blkio:
            found[field] = [{"Path": one["path"], "Rate": int(one["rate"])} for one in blkio[key]]
    return found


def _devices(service: Mapping[str, Any], reserved: Mapping[str, Any]) -> dict[str, Any]:
    devices, named = [], []
    for device in service.get("devices", ()):
        source, target = device.get("source", ""), device.get("target", "")
        if source == target and _is_cdi_name(source):
            named.append(source)
            continue
        permissions = device.get("permissions", "rwm")
        devices.append(
            {"PathOnHost": source, "PathInContainer": target, "CgroupPermissions": permissions}
        )
    requests = [{"Driver": "cdi", "DeviceIDs": named}] if named else []
    requests += [_request(device, []) for device in reserved.get("devices", ())]
    requests += [_request(device, ["gpu"]) for device in service.get("gpus", ())]
    return {"Devices": devices or None, "DeviceRequests": requests or None}


def _is_cdi_name(text: str) -> bool:
    import re

    return re.match(_CDI_NAME, text) is not None


def _request(device: Mapping[str, Any], also: list[str]) -> dict[str, Any]:
    return {
        "Driver": device.get("driver", ""),
        "Count": device.get("count", 0),
        "DeviceIDs": device.get("device_ids"),
        "Capabilities": [[*device.get("capabilities", ()), *also]],
        "Options": device.get("options"),
    }


def _ulimit(name: str, limit: int | Mapping[str, int]) -> dict[str, Any]:
    if isinstance(limit, int):
        return {"Name": name, "Soft": limit, "Hard": limit}
    return {"Name": name, "Soft": limit["soft"], "Hard": limit["hard"]}
