"""The fields of a create request that seacan does not act upon yet: refused, never ignored.

Each is accepted while it is empty: null, false, zero, an empty string, list or object, which is how
clients leave what nobody asked for.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from seacan.errors import InvalidArgument, Unsupported
from seacan.spec.engine_api import (
    ContainerCreate,
    HostConfig,
    NetworkingConfig,
)

_CONFIG: Final = ("ArgsEscaped", "MacAddress", "NetworkDisabled", "OnBuild")
_HOST_CONFIG: Final = (
    "Cgroup",
    "CpuCount",
    "CpuPercent",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "DeviceRequests",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "ExtraHosts",
    "KernelMemoryTCP",
    "Links",
    "StorageOpt",
    "VolumeDriver",
    "VolumesFrom",
)
_PORTS: Final = ("PortBindings", "PublishAllPorts")
_NO_ENDPOINT: Final = ("default", "none", "host")


def refuse(request: ContainerCreate) -> None:
    """Raise Unsupported, naming the field, for what `request` asks and seacan would not do.

    Raises InvalidArgument where Docker refuses it, too.
    """
    host_config = request.get("HostConfig") or {}
    _refuse_fields(request, _CONFIG, "")
    _refuse_fields(host_config, _HOST_CONFIG, "HostConfig.")
    if host_config.get("NetworkMode") != "host":  # which needs no ports published
        _refuse_fields(host_config, _PORTS, "HostConfig.")
    _refuse_windows(host_config)
    _refuse_endpoints(request.get("NetworkingConfig") or {})
    for path in request.get("Volumes") or {}:
        raise Unsupported(
            f"anonymous volume {path} is not supported yet: "
            f"mount a directory with -v /HOST-DIRECTORY:{path}"
        )


def _refuse_fields(values: Mapping[str, Any], names: Iterable[str], prefix: str) -> None:
    for name in names:
        if values.get(name):
            raise Unsupported(f"{prefix}{name} is not supported")


def _refuse_windows(host_config: HostConfig) -> None:
    isolation = host_config.get("Isolation") or "default"
    if isolation != "default":
        raise InvalidArgument(f"invalid isolation ({isolation}): linux only supports 'default'")
    for name, words in (
        ("IOMaximumBandwidth", "maximum bandwidth"),
        ("IOMaximumIOps", "maximum IOPs"),
    ):
        if host_config.get(name):
            raise InvalidArgument(
                f"invalid option: QoS {words} configuration is not supported on linux"
            )


def _refuse_endpoints(networking: NetworkingConfig) -> None:
    for network, endpoint in (networking.get("EndpointsConfig") or {}).items():
        if endpoint is None:
            raise InvalidArgument(f"invalid config for network {network}: EndpointsConfig is nil")
        if network not in _NO_ENDPOINT:
            raise Unsupported(
                f"network {network} is not supported yet: use --network none or --network host"
            )
        _refuse_fields(endpoint, endpoint, f"NetworkingConfig.EndpointsConfig.{network}.")
