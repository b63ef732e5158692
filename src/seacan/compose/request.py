"""A service as the request that makes one of its containers: a pure function.

Keys that mean something to a swarm alone are not in it; unsupported.py tells of those.
"""

from __future__ import annotations

import os

from seacan.client.containers import capabilities
from seacan.compose import names
from seacan.compose.config_hash import service_hash
from seacan.compose.model.kinds import duration_ns
from seacan.compose.mounts import mounts_of
from seacan.compose.names import container_name, image_of
from seacan.compose.resources import resources_of
from seacan.errors import InvalidArgument
from seacan.files import read_named
from seacan.json_text import dumps, loads
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.model.project import Project

_INTERFACE_NAME = "com.docker.network.endpoint.ifname"
_CONDITIONS = {"none": "no", "any": "always"}
_PROFILE_LIMIT_BYTES = 4 * 1024 * 1024
_SECOND_NS = 1_000_000_000
_TEXTS = {
    "hostname": "Hostname",
    "domainname": "Domainname",
    "user": "User",
    "working_dir": "WorkingDir",
    "stop_signal": "StopSignal",
    "command": "Cmd",
    "entrypoint": "Entrypoint",
    "tty": "Tty",
    "stdin_open": "OpenStdin",
}
_OF_HOST = {
    "annotations": "Annotations",
    "cgroup": "CgroupnsMode",
    "dns": "Dns",
    "dns_opt": "DnsOptions",
    "dns_search": "DnsSearch",
    "group_add": "GroupAdd",
    "init": "Init",
    "ipc": "IpcMode",
    "isolation": "Isolation",
    "oom_score_adj": "OomScoreAdj",
    "pid": "PidMode",
    "privileged": "Privileged",
    "read_only": "ReadonlyRootfs",
    "runtime": "Runtime",
    "storage_opt": "StorageOpt",
    "sysctls": "Sysctls",
    "userns_mode": "UsernsMode",
    "uts": "UTSMode",
    "volume_driver": "VolumeDriver",
    "volumes_from": "VolumesFrom",
}


@record
class Making:
    """What a container has beyond its service.

    `inherited`: volumes of the container that it follows, by their path. `links`: of all services
    that it names. `one_off`: made by `run`: it answers to no service's name unless `aliases`.
    `auto_remove`: the daemon removes it at its end. `stdin`: somebody will be attached to that.
    """

    name: str
    number: int = 0
    image_id: str = ""
    links: tuple[str, ...] = ()
    inherited: Mapping[str, dict[str, Any]] = {}  # nobody changes it
    replaces: str = ""
    one_off: bool = False
    aliases: bool = True
    auto_remove: bool = False
    stdin: bool = False
    labels: Mapping[str, str] = {}


def container_request(
    project: Project, name: str, service: Mapping[str, Any], making: Making
) -> dict[str, Any]:
    """Return the body of POST /containers/create. Raises InvalidArgument or Unsupported."""
    config = {field: service[key] for key, field in _TEXTS.items() if key in service}
    ports = service.get("ports", ())
    exposed = [port if "/" in port else f"{port}/tcp" for port in service.get("expose", ())]
    exposed += [f"{port['target']}/{port['protocol']}" for port in ports]
    mode, endpoints = _networks(project, name, service, making)
    return {
        **config,
        "Image": image_of(project, name, service),
        "Env": _environment(service.get("environment", {})),
        "Labels": labels_of(project, name, service, making),
        "ExposedPorts": {port: {} for port in exposed},
        "Healthcheck": _health_check(service.get("healthcheck")),
        "StopTimeout": _seconds(service.get("stop_grace_period")),
        "AttachStdin": making.stdin,
        "StdinOnce": making.stdin,
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": {**_host_config(project, service, making), "NetworkMode": mode},
        "NetworkingConfig": {"EndpointsConfig": endpoints},
    }


def _environment(environment: Mapping[str, str | None]) -> list[str]:
    return [
        name if value is None else f"{name}={value}" for name, value in sorted(environment.items())
    ]


def labels_of(
    project: Project, name: str, service: Mapping[str, Any], making: Making
) -> dict[str, str]:
    """Return the service's labels and those by which compose knows the container."""
    dependencies = ",".join(
        f"{other}:{one['condition']}:{'true' if one.get('restart') else 'false'}"
        for other, one in sorted(service.get("depends_on", {}).items())
    )
    labels = {
        **service.get("labels", {}),
        **making.labels,
        names.PROJECT: project.name,
        names.SERVICE: name,
        names.VERSION_LABEL: names.VERSION,
        names.WORKING_DIRECTORY: project.directory,
        names.CONFIG_FILES: ",".join(project.files),
        names.ONE_OFF: "True" if making.one_off else "False",
        names.CONFIG_HASH: service_hash(dict(service)),
        names.DEPENDENCIES: dependencies,
    }
    optional = {
        names.ENVIRONMENT_FILE: ",".join(project.env_files),
        names.NUMBER: str(making.number or ""),
        names.IMAGE: making.image_id,
        names.REPLACE: making.replaces,
    }
    return labels | {label: value for label, value in optional.items() if value}


def _health_check(health: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if health is None:
        return None
    if health.get("disable"):
        return {"Test": ["NONE"]}
    fields = {
        "interval": "Interval",
        "timeout": "Timeout",
        "start_period": "StartPeriod",
        "start_interval": "StartInterval",
    }
    return {
        "Test": health.get("test"),
        "Retries": health.get("retries", 0),
        **{field: duration_ns(health[key]) for key, field in fields.items() if key in health},
    }


def _seconds(duration: str | None) -> int | None:
    return None if duration is None else duration_ns(duration) // _SECOND_NS


def _host_config(project: Project, service: Mapping[str, Any], making: Making) -> dict[str, Any]:
    binds, mounts = mounts_of(project, service, making.inherited)
    security, is_unmasked = _security_options(project, service.get("security_opt", ()))
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in service.get("ports", ()):
        binding = {"HostIp": port.get("host_ip", ""), "HostPort": port.get("published", "")}
        bindings.setdefault(f"{port['target']}/{port['protocol']}", []).append(binding)
    config = {field: service[key] for key, field in _OF_HOST.items() if key in service}
    config |= {
        "AutoRemove": making.auto_remove,
        "Binds": binds,
        "Mounts": mounts,
        "PortBindings": bindings,
        "RestartPolicy": _restart_policy(service),
        "ExtraHosts": [host.replace("=", ":", 1) for host in service.get("extra_hosts", ())],
        "SecurityOpt": security,
        "CapAdd": capabilities(service.get("cap_add", ())),
        "CapDrop": capabilities(service.get("cap_drop", ())),
        "LogConfig": _log_config(service),
        "Tmpfs": dict(text.partition(":")[::2] for text in service.get("tmpfs", ())),
        "Links": list(making.links),
        **resources_of(service),
    }
    if "shm_size" in service:
        config["ShmSize"] = int(service["shm_size"])
    return config | ({"MaskedPaths": [], "ReadonlyPaths": []} if is_unmasked else {})


def _log_config(service: Mapping[str, Any]) -> dict[str, Any] | None:
    logging = service.get("logging")
    if logging is None:
        return None
    return {"Type": logging.get("driver", ""), "Config": logging.get("options", {})}


def _restart_policy(service: Mapping[str, Any]) -> dict[str, Any]:
    policy = service.get("deploy", {}).get("restart_policy")
    if policy is not None:
        condition, attempts = policy.get("condition", "any"), policy.get("max_attempts", 0)
    else:
        condition, _, text = service.get("restart", "").partition(":")
        attempts = int(text) if text.isdecimal() else 0
    return {"Name": _CONDITIONS.get(condition, condition), "MaximumRetryCount": attempts}


def _security_options(project: Project, options: Any) -> tuple[list[str], bool]:
    """Return the options for the API, and whether paths of /proc are not to be masked."""
    parsed = []
    for option in options:
        name, separator, value = option.partition("=" if "=" in option else ":")
        if option == "systempaths=unconfined":
            continue
        if not separator and name != "no-new-privileges":
            raise InvalidArgument(f'invalid security-opt: "{option}"')
        if name == "seccomp" and value not in ("unconfined", "builtin"):
            option = f"seccomp={_profile(os.path.join(project.directory, value))}"
        parsed.append(option)
    return parsed, "systempaths=unconfined" in options


def _profile(path: str) -> str:
    try:
        return dumps(loads(read_named(path, _PROFILE_LIMIT_BYTES)))
    except (OSError, ValueError) as err:
        raise InvalidArgument(f"opening seccomp profile ({path}) failed: {err}") from err


def _networks(
    project: Project, name: str, service: Mapping[str, Any], making: Making
) -> tuple[str, dict[str, Any]]:
    """Return NetworkMode, and the settings of each network by its name."""
    if "network_mode" in service:
        return service["network_mode"], {}
    if not service.get("networks"):
        return "none", {}
    keys = by_priority(service["networks"])
    endpoints = {
        project.networks[key]["name"]: _endpoint(project, name, service, key, making)
        for key in keys
    }
    main = project.networks[keys[0]]["name"]
    if "mac_address" in service:
        given = endpoints[main]["MacAddress"]
        if given and given != service["mac_address"]:
            raise InvalidArgument(
                f"the service-level mac_address should have the same value as network {keys[0]}"
            )
        endpoints[main]["MacAddress"] = service["mac_address"]
    return main, endpoints


def by_priority(networks: Mapping[str, Any]) -> list[str]:
    """Return the networks of a service, the one of its default route first."""
    return sorted(networks, key=lambda key: (-(networks[key] or {}).get("priority", 0), key))


def _endpoint(
    project: Project, name: str, service: Mapping[str, Any], key: str, making: Making
) -> dict[str, Any]:
    settings = service["networks"][key] or {}
    own = container_name(project, name, service, making.number)
    aliases = [making.name if making.one_off else own]
    if making.aliases:
        aliases += [name, *settings.get("aliases", ())]
    options = dict(settings.get("driver_opts", {}))
    if "interface_name" in settings:
        options.setdefault(_INTERFACE_NAME, settings["interface_name"])
    addresses = {
        "IPv4Address": settings.get("ipv4_address", ""),
        "IPv6Address": settings.get("ipv6_address", ""),
        "LinkLocalIPs": settings.get("link_local_ips"),
    }
    return {
        "Aliases": aliases,
        "Links": list(making.links) or None,
        "IPAMConfig": addresses if any(addresses.values()) else None,
        "MacAddress": settings.get("mac_address", ""),
        "DriverOpts": options or None,
        "GwPriority": settings.get("gw_priority", 0),
    }
