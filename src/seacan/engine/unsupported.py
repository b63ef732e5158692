"""The fields of a create request that seacan does not act upon yet: refused, never ignored.

Each is accepted while it is empty: null, false, zero, an empty string, list or object, which is how
clients leave what nobody asked for.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from seacan.errors import InvalidArgument, Unsupported
from seacan.spec.engine_api import (
    ContainerCreate,
    HealthConfig,
    HostConfig,
    NetworkingConfig,
    RestartPolicy,
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

_POLICIES: Final = ("no", "always", "on-failure", "unless-stopped")


def refuse(request: ContainerCreate) -> None:
    """Raise Unsupported, naming the field, for what `request` asks and seacan would not do.

    Raises InvalidArgument where Docker refuses it, too.
    """
    host_config = request.get("HostConfig") or {}
    _refuse_fields(request, _CONFIG, "")
    _refuse_fields(host_config, _HOST_CONFIG, "HostConfig.")
    if host_config.get("NetworkMode") != "host":  # which needs no ports published
        _refuse_fields(host_config, _PORTS, "HostConfig.")
    refuse_restart(host_config)
    _refuse_windows(host_config)
    _refuse_healthcheck(request.get("Healthcheck") or {})
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


def refuse_restart(host_config: HostConfig) -> None:
    policy: RestartPolicy = host_config.get("RestartPolicy") or {}
    name, retries = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    if name not in _POLICIES:
        raise InvalidArgument(
            f"invalid restart policy: unknown policy '{name}'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )
    if retries and name != "on-failure":
        raise InvalidArgument(
            "invalid restart policy: maximum retry count can only be used with 'on-failure'"
        )
    if retries < 0:
        raise InvalidArgument("invalid restart policy: maximum retry count cannot be negative")
    if host_config.get("AutoRemove") and name != "no":
        raise InvalidArgument("can't create 'AutoRemove' container with restart policy")
    if name != "no":
        raise Unsupported(f"restart policy {name} is not supported yet")


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


def _refuse_healthcheck(healthcheck: HealthConfig) -> None:
    if any(healthcheck.values()) and healthcheck.get("Test") != ["NONE"]:
        raise Unsupported("Healthcheck is not supported yet")


def _refuse_endpoints(networking: NetworkingConfig) -> None:
    for network, endpoint in (networking.get("EndpointsConfig") or {}).items():
        if endpoint is None:
            raise InvalidArgument(f"invalid config for network {network}: EndpointsConfig is nil")
        if network not in _NO_ENDPOINT:
            raise Unsupported(
                f"network {network} is not supported yet: use --network none or --network host"
            )
        _refuse_fields(endpoint, endpoint, f"NetworkingConfig.EndpointsConfig.{network}.")
