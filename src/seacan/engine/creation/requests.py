"""A create request checked, merged with its image, and filled up: what inspect shows afterwards.

normalise ┬ check_encoding      every string and number fits where it goes
          ├ unsupported.refuse   what seacan does not do is an error, never ignored
          ├ _container_config    Config: the request over the image, over Docker's defaults
          └ _host_config         HostConfig: limits, mounts, modes, capabilities, security
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, cast

import msgspec

from seacan.engine.bundle import (
    apparmor,
    capabilities,
    devices,
    environment,
    namespaces,
    resources,
    security,
)
from seacan.engine.creation import defaults, limits, mount_points, unsupported
from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.host import OWN_RUNTIME, Host
from seacan.engine.logs import options as log_options
from seacan.engine.networks import etc_files as network_files
from seacan.engine.running import health, on_unhealthy, restart
from seacan.engine.running.signals import parse_signal
from seacan.errors import InvalidArgument, Unsupported
from seacan.network.wishes import parse_wishes
from seacan.spec.engine_api import ContainerConfig, ContainerCreate, HostConfig
from seacan.spec.image import ExecutionConfig

_HOSTNAME_LIMIT: Final = 64  # __NEW_UTS_LEN, linux/utsname.h
_INT64: Final = 2**63
_MAX_CELLS: Final = 0xFFFF  # of a terminal, each way: ioctl_tty(2), struct winsize


class Normalised(msgspec.Struct, frozen=True):
    """A container to be: `config` and `host_config` have every field of Docker's inspect.

    `path` and `args` are the command.
    """

    path: str
    args: list[str]
    config: ContainerConfig
    host_config: HostConfig
    mounts: tuple[MountPoint, ...]
    warnings: list[str]


def normalise(
    request: ContainerCreate,
    image: ExecutionConfig,
    container_id: str,
    host: Host,
    others: Iterable[MountPoint] = (),
    network: str = namespaces.NONE,
) -> Normalised:
    """Return what the container of `request` is to be, or refuse it.

    `network` is the one of those who ask for none. `others` are the mounts that it copies from
    other containers. Volumes are not among `mounts` unless they stand in HostConfig.
    Raises InvalidArgument in Docker's words, Unsupported naming what seacan does not do yet.
    """
    check_encoding("request", request)
    check_encoding("image", image)
    environment.check(request.get("Env") or [])
    unsupported.refuse(request)
    asked = request.get("HostConfig") or HostConfig()
    mode = namespaces.network_mode(asked.get("NetworkMode") or "", network)
    asked = {**asked, "NetworkMode": mode}
    host_config, mounts, warnings = _host_config(asked, host, others)
    config = _container_config(request, image)
    _check_config(config, host_config)
    config["Hostname"] = config.get("Hostname") or _hostname(container_id, host_config, host)
    path, *args = command(config)
    log_options.check(host_config.get("LogConfig") or {})
    return Normalised(path, args, config, host_config, mounts, warnings)


def command(config: ContainerConfig) -> list[str]:
    """Return the arguments of the first process: the entry point's, then the command's."""
    return [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]


# --- Config -----------------------------------------------------------------------------------


def _container_config(request: ContainerCreate, image: ExecutionConfig) -> ContainerConfig:
    """Return the request over the image: by name for variables, labels, ports and volumes."""
    config = cast(ContainerConfig, defaults.fill(request, defaults.CONFIG))
    requested_env, image_env = request.get("Env") or [], image.get("Env") or []
    config["Env"] = environment.with_image(requested_env, image_env) or None
    config["Labels"] = {**(image.get("Labels") or {}), **(request.get("Labels") or {})}
    config["User"] = request.get("User") or image.get("User") or ""
    config["WorkingDir"] = request.get("WorkingDir") or image.get("WorkingDir") or ""
    config["Volumes"] = {**(image.get("Volumes") or {}), **(request.get("Volumes") or {})} or None
    if ports := {**(image.get("ExposedPorts") or {}), **(request.get("ExposedPorts") or {})}:
        config["ExposedPorts"] = ports
    if stop_signal := request.get("StopSignal") or image.get("StopSignal"):
        config["StopSignal"] = stop_signal
    health.check_config(request.get("Healthcheck") or {})
    on_unhealthy.check_config(request.get("Healthcheck") or {})
    if healthcheck := health.with_image(request.get("Healthcheck"), image.get("Healthcheck")):
        config["Healthcheck"] = healthcheck
    config["Entrypoint"], config["Cmd"] = _entrypoint_and_cmd(request, image)
    return config


def _entrypoint_and_cmd(
    request: ContainerCreate, image: ExecutionConfig
) -> tuple[list[str] | None, list[str] | None]:
    """Return what to execute, by Docker's rules.

    Who gives an entry point gives the command, too, so the image's is not taken; [""] takes the
    image's entry point away. Raises InvalidArgument if nothing is left.
    """
    entrypoint, cmd = request.get("Entrypoint"), request.get("Cmd")
    if not entrypoint:
        cmd = cmd or image.get("Cmd")
        entrypoint = image.get("Entrypoint") if entrypoint is None else entrypoint
    if entrypoint == [""]:
        entrypoint = None
    if not entrypoint and not cmd:
        raise InvalidArgument("no command specified")
    return entrypoint, cmd


def _check_config(config: ContainerConfig, host_config: HostConfig) -> None:
    if working_dir := config.get("WorkingDir"):
        config["WorkingDir"] = absolute(working_dir)
    if stop_signal := config.get("StopSignal"):
        parse_signal(stop_signal)
    if config.get("Hostname") and host_config.get("UTSMode") == namespaces.HOST:
        raise InvalidArgument("conflicting options: hostname and the UTS mode")
    for name, value in (
        ("hostname", config.get("Hostname") or ""),
        ("domain name", config.get("Domainname") or ""),
    ):
        # It goes into /etc/hosts, too, where a blank or a newline would begin something else.
        if len(value.encode()) > _HOSTNAME_LIMIT or any(c.isspace() for c in value):
            raise InvalidArgument(f"invalid {name}: {value!r}")


def absolute(working_dir: str) -> str:
    """Return the clean path of a working directory. Raises InvalidArgument for a relative one."""
    if not working_dir.startswith("/"):
        raise InvalidArgument(
            f"the working directory '{working_dir}' is invalid, it needs to be an absolute path"
        )
    return mount_points.clean(working_dir)


def _hostname(container_id: str, host_config: HostConfig, host: Host) -> str:
    return host.hostname if host_config.get("NetworkMode") == namespaces.HOST else container_id[:12]


# --- HostConfig -------------------------------------------------------------------------------


def _host_config(
    requested: HostConfig, host: Host, others: Iterable[MountPoint]
) -> tuple[HostConfig, tuple[MountPoint, ...], list[str]]:
    host_config = cast(HostConfig, defaults.fill(requested, defaults.HOST_CONFIG))
    warnings = limits.normalise(host_config, host)
    namespaces.check_modes(host_config)
    _check_scalars(host_config)
    host_config["RestartPolicy"] = restart.check_policy(
        host_config.get("RestartPolicy") or {}, auto_remove=bool(host_config.get("AutoRemove"))
    )
    _fill_log(host_config)
    _fill_runtime(host_config, host)
    _fill_cgroup_namespace(host_config, host)
    _fill_paths(host_config, requested, host)
    _fill_security(host_config, host)
    namespaces.sysctls(host_config, {})
    devices.check(host_config)
    network_files.check(host_config)
    parse_wishes(host_config.get("PortBindings") or {})
    mounts = mount_points.parse(host_config, others)
    warnings += _warnings(host_config, host)
    return host_config, mounts, warnings


def _warnings(host_config: HostConfig, host: Host) -> Iterator[str]:
    score = host_config.get("OomScoreAdj") or 0
    if score and (possible := resources.oom_score_adj(score, host)) != score:
        yield f"The daemon may not lower the OOM score to {score}: it will be {possible}."
    if any(mount.get("Type") == "image" for mount in host_config.get("Mounts") or []):
        yield "Image mount is an experimental feature"
    if host_config.get("NetworkMode") == namespaces.HOST and host_config.get("PortBindings"):
        yield "Published ports are discarded when using host network mode"


def _check_scalars(host_config: HostConfig) -> None:
    if (host_config.get("ShmSize") or 0) < 0:
        raise InvalidArgument("SHM size can not be less than 0")
    score = host_config.get("OomScoreAdj") or 0
    if not -1000 <= score <= 1000:
        raise InvalidArgument(f"Invalid value {score}, range for oom score adj is [-1000, 1000]")
    if "" in (host_config.get("Annotations") or {}):
        raise InvalidArgument(
            "invalid Annotations: the empty string is not permitted as an annotation key"
        )
    check_console_size(host_config.get("ConsoleSize") or [])


def check_console_size(size: Sequence[int]) -> None:
    """Refuse what are no rows and columns. Raises InvalidArgument."""
    if len(size) != 2 or min(size) < 0 or max(size) > _MAX_CELLS:
        raise InvalidArgument(f"invalid ConsoleSize: {size}")


def _fill_log(host_config: HostConfig) -> None:
    log_config = host_config.get("LogConfig") or {}
    host_config["LogConfig"] = {
        "Type": log_config.get("Type") or "json-file",
        "Config": log_config.get("Config") or {},
    }


def _fill_runtime(host_config: HostConfig, host: Host) -> None:
    name = host_config.get("Runtime") or OWN_RUNTIME
    if name not in host.runtimes:
        raise InvalidArgument(f"unknown or invalid runtime name: {name}")
    host_config["Runtime"] = name


def _fill_cgroup_namespace(host_config: HostConfig, host: Host) -> None:
    default = "private" if host.cgroup_version == "v2" else namespaces.HOST
    host_config["CgroupnsMode"] = host_config.get("CgroupnsMode") or default


def _fill_paths(host_config: HostConfig, requested: HostConfig, host: Host) -> None:
    """Masked and read-only paths: as asked for, an empty list included; else the default.

    A privileged container has none of its own accord.
    """
    if host_config.get("Privileged"):
        return
    if requested.get("MaskedPaths") is None:
        host_config["MaskedPaths"] = [*defaults.MASKED_PATHS, *host.thermal_throttle]
    if requested.get("ReadonlyPaths") is None:
        host_config["ReadonlyPaths"] = list(defaults.READONLY_PATHS)


def _fill_security(host_config: HostConfig, host: Host) -> None:
    capabilities.of_container(
        host_config.get("CapAdd") or [],
        host_config.get("CapDrop") or [],
        host.capabilities,
        privileged=bool(host_config.get("Privileged")),
    )
    options = host_config.get("SecurityOpt") or []
    profile = security.parse(options).apparmor
    if profile not in ("", apparmor.UNCONFINED) and not host.has_apparmor:
        raise Unsupported(f"security option apparmor={profile}: AppArmor is not enabled here")
    shares_processes = namespaces.HOST in (host_config.get("PidMode"), host_config.get("IpcMode"))
    if (host_config.get("Privileged") or shares_processes) and not _has_label(options):
        host_config["SecurityOpt"] = [*options, "label=disable"]  # as Docker shows it


def _has_label(options: Sequence[str]) -> bool:
    return any(option.partition("=")[0] == "label" for option in options)


# --- encoding ---------------------------------------------------------------------------------


def check_encoding(name: str, value: object) -> None:
    """Raise InvalidArgument for a string that no system call takes, or a number beyond 64 bits.

    It looks at every value, however deep: nesting costs no recursion.
    """
    todo = [(name, value)]
    while todo:
        name, value = todo.pop()
        match value:
            case str() if "\0" in value or not _is_utf8(value):
                raise InvalidArgument(f"invalid {name}: it has a character that cannot be there")
            case int() if not -_INT64 <= value < _INT64:
                raise InvalidArgument(f"invalid {name}: {value} is out of range")
            case dict():
                todo += [(f"name in {name}", key) for key in value]
                todo += list(value.items())
            case list():
                todo += [(name, item) for item in value]


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True
