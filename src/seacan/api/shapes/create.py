"""What a client of an older API version means by its create request.

A field that its version did not have was never read from it, and some defaults were others.
Source: Engine API, version history.
"""

from seacan.api.versions import Version
from seacan.engine.bundle.namespaces import HOST, NONE, other_container
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import (
    BindOptions,
    ContainerCreate,
    EndpointSettings,
    HostConfig,
    Mount,
    NetworkingConfig,
)


def adapt_create(request: ContainerCreate, version: Version) -> ContainerCreate:
    """Return `request` as a client of the newest version would write it.

    Raises InvalidArgument if it asks, unheard by its version, for something that protects.
    """
    adapted = request.copy()
    host_config = (request.get("HostConfig") or HostConfig()).copy()
    adapted["HostConfig"] = host_config
    _drop_host_fields(host_config, version)
    if version < (1, 40) and not host_config.get("IpcMode"):
        host_config["IpcMode"] = "shareable"
    # Zero and below were always taken for no limit.
    if (host_config.get("PidsLimit") or 0) <= 0:
        host_config["PidsLimit"] = None
    if version < (1, 44) and (health := request.get("Healthcheck")):
        adapted["Healthcheck"] = health | {"StartInterval": None}
    if version < (1, 44):
        _check_mac(request)
        adapted["NetworkingConfig"] = _without_macs(request.get("NetworkingConfig") or {})
    mounts = host_config.get("Mounts") or []
    if mounts:
        host_config["Mounts"] = [_adapt_mount(mount, version) for mount in mounts]
    return adapted


def deprecated(request: ContainerCreate, version: Version) -> list[str]:
    """Return warnings, in Docker's words, of what newer clients say in another field."""
    if version < (1, 44) or not request.get("MacAddress"):
        return []
    return [
        "The container-wide MacAddress field is now deprecated. "
        "It should be specified in EndpointsConfig instead."
    ]


def _drop_host_fields(host_config: HostConfig, version: Version) -> None:
    if version < (1, 25):
        host_config["AutoRemove"] = False  # was the client's to do
    if version < (1, 40):
        host_config["KernelMemoryTCP"] = None
    if version < (1, 42) or not host_config.get("ConsoleSize"):
        host_config["ConsoleSize"] = None
    if version < (1, 43):
        host_config["Annotations"] = None


def _check_mac(request: ContainerCreate) -> None:
    """Refuse an address for the container if it has no interface: nobody would be told later."""
    mode = (request.get("HostConfig") or {}).get("NetworkMode") or ""
    if request.get("MacAddress") and (mode in (HOST, NONE) or other_container(mode)):
        raise InvalidArgument("conflicting options: mac-address and the network mode")


def _without_macs(networking: NetworkingConfig) -> NetworkingConfig:
    """Return the networks without addresses: those copied from another container are its own."""
    endpoints = networking.get("EndpointsConfig") or {}
    return {
        "EndpointsConfig": {
            name: settings and EndpointSettings(**(settings | {"MacAddress": None}))
            for name, settings in endpoints.items()
        }
    }


def _adapt_mount(mount: Mount, version: Version) -> Mount:
    adapted = mount.copy()
    kind = mount.get("Type")
    if version < (1, 42):
        # Options of another type of mount were let through.
        if kind != "volume":
            adapted["VolumeOptions"] = None
        if kind != "tmpfs":
            adapted["TmpfsOptions"] = None
    if version < (1, 44) and kind == "bind":
        adapted["BindOptions"] = _adapt_bind(mount.get("BindOptions") or {}, mount, version)
    if version < (1, 48) and kind == "image":
        raise InvalidArgument('Mount type "Image" needs API v1.48 or newer')
    return adapted


def _adapt_bind(options: BindOptions, mount: Mount, version: Version) -> BindOptions:
    if options.get("ReadOnlyForceRecursive"):
        raise InvalidArgument("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer")
    adapted = options.copy()
    adapted.pop("ReadOnlyNonRecursive", None)
    if version < (1, 42):
        adapted.pop("CreateMountpoint", None)
    if version < (1, 40):
        adapted.pop("NonRecursive", None)
    # A mount below a read-only one stayed writable.
    if mount.get("ReadOnly"):
        adapted["ReadOnlyNonRecursive"] = True
    return adapted
