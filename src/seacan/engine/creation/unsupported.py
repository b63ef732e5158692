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
)

_CONFIG: Final = ("ArgsEscaped", "OnBuild")
_HOST_CONFIG: Final = (
    "Cgroup",
    "CpuCount",
)


def refuse(request: ContainerCreate) -> None:
    """Raise Unsupported, naming the field, for what `request` asks and seacan would not do.

    Raises InvalidArgument where Docker refuses it, too.
    """
    host_config = request.get("HostConfig") or {}
    _refuse_fields(request, _CONFIG, "")
    _refuse_fields(host_config, _HOST_CONFIG, "HostConfig.")
    _refuse_windows(host_config)
    _refuse_device_requests(host_config)


def _refuse_fields(values: Mapping[str, Any], names: Iterable[str], prefix: str) -> None:
    for name in names:
        if values.get(name):
            raise Unsupported(f"{prefix}{name} is not supported")


def _refuse_device_requests(host_config: HostConfig) -> None:
    """Nothing here answers for a device's vendor: as dockerd without such a driver."""
    for request in host_config.get("DeviceRequests") or []:
        driver = request.get("Driver") or ""
        if driver == "cdi":
            ids = " ".join(request.get("DeviceIDs") or [])
            raise Unsupported(f"CDI device injection failed: unresolvable CDI devices {ids}")
        wanted = " ".join(f"[{' '.join(each)}]" for each in request.get("Capabilities") or [])
        raise Unsupported(
            f'could not select device driver "{driver}" with capabilities: [{wanted}]'
        )


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
