"""Config and HostConfig whole: a client finds every field that dockerd gives, set or not.

Source: Engine API 1.51, ContainerConfig, HostConfig; which fields are left out when empty was asked
of dockerd 28.
"""

from collections.abc import Mapping
from typing import Any, Final

from seacan.engine.bundle.resources import THROTTLES
from seacan.spec.engine_api import EndpointIPAMConfig

_CONFIG: Final[dict[str, Any]] = {
    "Hostname": "",
    "Domainname": "",
    "User": "",
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "Env": None,
    "Cmd": None,
    "Image": "",
    "Volumes": None,
    "WorkingDir": "",
    "Entrypoint": None,
    "OnBuild": None,
    "Labels": None,
}

# Of an image, from API 1.50 on; before, all of the above were there.
_IMAGE_CONFIG: Final[dict[str, Any]] = {
    "Cmd": None,
    "Entrypoint": None,
    "Env": None,
    "Labels": None,
    "OnBuild": None,
    "User": "",
    "Volumes": None,
    "WorkingDir": "",
}

_HOST_CONFIG: Final[dict[str, Any]] = {
    "Binds": None,
    "ContainerIDFile": "",
    "LogConfig": {"Type": "json-file", "Config": {}},
    "NetworkMode": "",
    "PortBindings": None,
    "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
    "AutoRemove": False,
    "VolumeDriver": "",
    "VolumesFrom": None,
    "ConsoleSize": [0, 0],
    "CapAdd": None,
    "CapDrop": None,
    "CgroupnsMode": "",
    "Dns": None,
    "DnsOptions": None,
    "DnsSearch": None,
    "ExtraHosts": None,
    "GroupAdd": None,
    "IpcMode": "",
    "Cgroup": "",
    "Links": None,
    "OomScoreAdj": 0,
    "PidMode": "",
    "Privileged": False,
    "PublishAllPorts": False,
    "ReadonlyRootfs": False,
    "SecurityOpt": None,
    "UTSMode": "",
    "UsernsMode": "",
    "ShmSize": 0,
    "Runtime": "",
    "Isolation": "",
    "CpuShares": 0,
    "Memory": 0,
    "NanoCpus": 0,
    "CgroupParent": "",
    "BlkioWeight": 0,
    "BlkioWeightDevice": None,
    "BlkioDeviceReadBps": None,
    "BlkioDeviceWriteBps": None,
    "BlkioDeviceReadIOps": None,
    "BlkioDeviceWriteIOps": None,
    "CpuPeriod": 0,
    "CpuQuota": 0,
    "CpuRealtimePeriod": 0,
    "CpuRealtimeRuntime": 0,
    "CpusetCpus": "",
    "CpusetMems": "",
    "Devices": None,
    "DeviceCgroupRules": None,
    "DeviceRequests": None,
    "MemoryReservation": 0,
    "MemorySwap": 0,
    "MemorySwappiness": None,
    "OomKillDisable": None,
    "PidsLimit": None,
    "Ulimits": None,
    "CpuCount": 0,
    "CpuPercent": 0,
    "IOMaximumIOps": 0,
    "IOMaximumBandwidth": 0,
    "MaskedPaths": None,
    "ReadonlyPaths": None,
}


# Of what is in lists of HostConfig.
_DEVICE: Final = {"PathOnHost": "", "PathInContainer": "", "CgroupPermissions": ""}
_ULIMIT: Final = {"Name": "", "Hard": 0, "Soft": 0}
_PORT_BINDING: Final = {"HostIp": "", "HostPort": ""}
_THROTTLE: Final = {"Path": "", "Rate": 0}
_BLOCK_WEIGHT: Final = {"Path": "", "Weight": 0}
_ENTRIES: Final[dict[str, dict[str, Any]]] = {
    "Devices": _DEVICE,
    "Ulimits": _ULIMIT,
    "BlkioWeightDevice": _BLOCK_WEIGHT,
    **dict.fromkeys(THROTTLES, _THROTTLE),
}
# Of a mount: maps, which are left out when they are empty; a record within it is not.
_MAPS: Final = ("Labels", "Options")


def container_config(config: Mapping[str, Any]) -> dict[str, Any]:
    whole = _fill(_CONFIG, config)
    if health := config.get("Healthcheck"):
        whole["Healthcheck"] = _said(health)
    return whole


def host_config(config: Mapping[str, Any]) -> dict[str, Any]:
    whole = _fill(_HOST_CONFIG, config)
    for name, entry in _ENTRIES.items():
        whole[name] = _fill_each(entry, whole[name])
    if mounts := whole.get("Mounts"):
        whole["Mounts"] = [_said(mount) for mount in mounts]
    bindings = whole["PortBindings"]
    if bindings:
        whole["PortBindings"] = {
            port: _fill_each(_PORT_BINDING, each) for port, each in bindings.items()
        }
    return whole


def image_config(config: Mapping[str, Any], *, with_container_fields: bool) -> dict[str, Any]:
    return _fill(_CONFIG if with_container_fields else _IMAGE_CONFIG, config)


def endpoint_addresses(asked: EndpointIPAMConfig | None) -> dict[str, Any] | None:
    return None if asked is None else _said(asked)


def _said(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says: Go's `omitempty`, also of the records within it."""
    said = {}
    for name, value in record.items():
        if isinstance(value, dict) and name not in _MAPS:
            said[name] = _said(value)
        elif value:
            said[name] = value
    return said


def _fill_each(
    entry: dict[str, Any], given: list[Mapping[str, Any]] | None
) -> list[dict[str, Any]] | None:
    return None if given is None else [_fill(entry, each) for each in given]


def _fill(defaults: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `given` with `defaults` where it is null; others of its fields only if they are set.

    False and 0 are set: `Init` and `StopTimeout` say something by them.
    """
    whole = {
        name: default if given.get(name) is None else given[name]
        for name, default in defaults.items()
    }
    return whole | {
        name: value
        for name, value in given.items()
        if name not in defaults and value not in (None, "", [], {})
    }
