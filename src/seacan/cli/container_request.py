"""Flags of `run` and `create` → the body of POST /containers/create. Nothing is asked or sent.

Only what was given is in the request: the daemon has the defaults.
"""

from __future__ import annotations

import os

from seacan.cli.input import environment_of, labels_of, open_error
from seacan.cli.network_flag import networking
from seacan.cli.port_flag import exposed_ports, port_bindings, read_publish
from seacan.cli.values import go_quote
from seacan.client.containers import capabilities
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.spec.engine_api import ContainerCreate, DeviceMapping, HostConfig

# Keys of HostConfig and the flags that go there as they are, unless they are empty.
_TEXTS = {
    "CgroupParent": "cgroup-parent",
    "CgroupnsMode": "cgroupns",
    "ContainerIDFile": "cidfile",
    "CpusetCpus": "cpuset-cpus",
    "CpusetMems": "cpuset-mems",
    "IpcMode": "ipc",
    "Isolation": "isolation",
    "PidMode": "pid",
    "Runtime": "runtime",
    "UTSMode": "uts",
    "UsernsMode": "userns",
    "VolumeDriver": "volume-driver",
}
_NUMBERS = {
    "BlkioWeight": "blkio-weight",
    "CpuPeriod": "cpu-period",
    "CpuQuota": "cpu-quota",
    "CpuRealtimePeriod": "cpu-rt-period",
    "CpuRealtimeRuntime": "cpu-rt-runtime",
    "CpuShares": "cpu-shares",
    "KernelMemory": "kernel-memory",
    "Memory": "memory",
    "MemoryReservation": "memory-reservation",
    "MemorySwap": "memory-swap",
    "NanoCpus": "cpus",
    "OomScoreAdj": "oom-score-adj",
    "PidsLimit": "pids-limit",
    "ShmSize": "shm-size",
}
_LISTS = {
    "DeviceCgroupRules": "device-cgroup-rule",
    "Dns": "dns",
    "DnsOptions": "dns-option",
    "DnsSearch": "dns-search",
    "ExtraHosts": "add-host",
    "GroupAdd": "group-add",
    "VolumesFrom": "volumes-from",
}
# Flags whose occurrences are records already.
_RECORDS = {
    "BlkioDeviceReadBps": "device-read-bps",
    "BlkioDeviceReadIOps": "device-read-iops",
    "BlkioDeviceWriteBps": "device-write-bps",
    "BlkioDeviceWriteIOps": "device-write-iops",
    "BlkioWeightDevice": "blkio-weight-device",
    "DeviceRequests": "gpus",
    "Mounts": "mount",
}
_MAPS = {"Annotations": "annotation", "Sysctls": "sysctl"}
_SWITCHES = {
    "AutoRemove": "rm",
    "OomKillDisable": "oom-kill-disable",
    "Privileged": "privileged",
    "PublishAllPorts": "publish-all",
    "ReadonlyRootfs": "read-only",
}
# Flags of namespaces: the words they take besides none at all, and what their error says.
_NAMESPACES = {
    "cgroupns": (("host", "private"), "CGROUP"),
    "pid": (("host", "private", "container:"), "PID"),
    "userns": (("host",), "USER"),
    "uts": (("host",), "UTS"),
}
_HEALTH_DURATIONS = {
    "Interval": "health-interval",
    "Timeout": "health-timeout",
    "StartPeriod": "health-start-period",
    "StartInterval": "health-start-interval",
}


def container_request(values: Values, image: str, command: list[str]) -> ContainerCreate:
    """Return the request for `command` (may be empty: the image's) in a container of `image`.

    Raises InvalidArgument for values that contradict each other, or for files it cannot read.
    """
    streams = values.texts("attach")
    stdin = values.on("interactive") or "stdin" in streams
    request: dict[str, Any] = {
        "Image": image,
        "Cmd": command or None,
        "Hostname": values.text("hostname"),
        "Domainname": values.text("domainname"),
        "User": values.text("user"),
        "WorkingDir": values.text("workdir"),
        "StopSignal": values.text("stop-signal"),
        "Tty": values.on("tty"),
        "OpenStdin": values.on("interactive"),
        "StdinOnce": values.on("interactive") and stdin,
        "AttachStdin": stdin,
        "AttachStdout": not streams or "stdout" in streams,
        "AttachStderr": not streams or "stderr" in streams,
        "Env": environment_of(values.texts("env-file"), values.texts("env")),
        "Labels": labels_of(values.texts("label-file"), values.texts("label")),
        "Healthcheck": _health(values),
        "HostConfig": _host_config(values),
    }
    if values.is_given("entrypoint"):
        # An empty one means: none, not even the image's.
        request["Entrypoint"] = [values.text("entrypoint")]
    if values.is_given("stop-timeout"):
        request["StopTimeout"] = values.number("stop-timeout")
    try:
        published = port_bindings([read_publish(text) for text in values.texts("publish")])
        request["HostConfig"]["PortBindings"] = published
        request["ExposedPorts"] = exposed_ports(values.texts("expose"), published)
    except ValueError as err:
        raise InvalidArgument(str(err)) from None
    binds, anonymous = _volumes(values.texts("volume"))
    request["Volumes"] = {path: {} for path in anonymous}
    request["HostConfig"]["Binds"] = binds
    wanted = networking(values)
    request["HostConfig"]["NetworkMode"] = wanted["NetworkMode"]
    request["HostConfig"]["Links"] = wanted["Links"]
    if endpoints := wanted["EndpointsConfig"]:
        request["NetworkingConfig"] = {"EndpointsConfig": endpoints}
    return _without_empty(request)  # type: ignore[return-value]


def _check_namespaces(values: Values) -> None:
    for flag, (words, name) in _NAMESPACES.items():
        text = values.text(flag)
        kind, colon, other = text.partition(":")
        if text and not (kind + colon in words and bool(colon) == bool(other)):
            raise InvalidArgument(f"--{flag}: invalid {name} mode")


def _host_config(values: Values) -> HostConfig:
    _check_namespaces(values)
    host: dict[str, Any] = {key: values.text(flag) for key, flag in _TEXTS.items()}
    host |= {key: values.number(flag) or None for key, flag in _NUMBERS.items()}
    host |= {key: values.texts(flag) for key, flag in _LISTS.items()}
    host |= _capabilities(values.texts("cap-add"), values.texts("cap-drop"))
    host |= {key: values.records(flag) for key, flag in _RECORDS.items()}
    host |= {key: values.mapping(flag) for key, flag in _MAPS.items()}
    host |= {key: values.on(flag) or None for key, flag in _SWITCHES.items()}
    host["RestartPolicy"] = policy = restart_policy(values.text("restart"))
    if policy and values.on("rm"):
        raise InvalidArgument("conflicting options: cannot specify both --restart and --rm")
    host["LogConfig"] = _log_config(values)
    host["Devices"] = [_device(text) for text in values.texts("device")]
    host["Ulimits"] = [
        {"Name": name, "Soft": soft, "Hard": hard}
        for name, (soft, hard) in values.mapping("ulimit").items()
    ]
    host["Tmpfs"] = _split_pairs(values.texts("tmpfs"), ":")
    host["StorageOpt"] = _storage_options(values.texts("storage-opt"))
    host |= _security(values.texts("security-opt"))
    if values.is_given("init"):
        host["Init"] = values.on("init")
    if values.number("memory-swappiness") != -1:
        host["MemorySwappiness"] = _swappiness(values.number("memory-swappiness"))
    return host  # type: ignore[return-value]


def _capabilities(added: list[str], dropped: list[str]) -> dict[str, list[str]]:
    """Return CapAdd and CapDrop; what is added is not dropped."""
    add, drop = capabilities(added), capabilities(dropped)
    return {"CapAdd": add, "CapDrop": [name for name in drop if name not in add]}


def _without_empty(record: dict[str, Any]) -> dict[str, Any]:
    """Return `record` without None, "" and empty collections, except MaskedPaths and its like."""
    kept = {}
    for key, value in record.items():
        if key == "HostConfig":
            value = _without_empty(value)
        if value not in (None, "", [], {}) or key in ("MaskedPaths", "ReadonlyPaths"):
            kept[key] = value
    return kept


def _swappiness(number: int) -> int:
    if not 0 <= number <= 100:
        raise InvalidArgument(f"invalid value: {number}. Valid memory swappiness range is 0-100")
    return number


def _health(values: Values) -> dict[str, Any] | None:
    durations = {key: values.number(flag) for key, flag in _HEALTH_DURATIONS.items()}
    retries, command = values.number("health-retries"), values.text("health-cmd")
    action = values.text("health-on-failure")
    is_set = bool(command or retries or action or any(durations.values()))
    if values.on("no-healthcheck"):
        if is_set:
            raise InvalidArgument("--no-healthcheck conflicts with --health-* options")
        return {"Test": ["NONE"]}
    if not is_set:
        return None
    for flag in (*_HEALTH_DURATIONS.values(), "health-retries"):
        if values.number(flag) < 0:
            raise InvalidArgument(f"--{flag} cannot be negative")
    test = ["CMD-SHELL", command] if command else []
    health = {"Test": test, **durations, "Retries": retries}
    return health | ({"OnFailure": action} if action else {})


def restart_policy(text: str) -> dict[str, Any] | None:
    """Return RestartPolicy for `on-failure:3` and the like; None for no restart."""
    name, colon, count = text.partition(":")
    if name in ("", "no"):
        if colon and not name:
            raise InvalidArgument("invalid restart policy format: no policy provided before colon")
        return None
    if colon and not count.isdecimal():
        raise InvalidArgument(
            "invalid restart policy format: maximum retry count must be an integer"
        )
    return {"Name": name, "MaximumRetryCount": int(count or 0)}


def _log_config(values: Values) -> dict[str, Any] | None:
    driver, options = values.text("log-driver"), values.mapping("log-opt")
    if driver == "none" and options:
        raise InvalidArgument("invalid logging opts for driver none")
    return {"Type": driver, "Config": options} if driver or options else None


def _device(text: str) -> DeviceMapping:
    """Return the mapping of `/dev/x`, `/dev/x:rw`, `/dev/x:/dev/y` or `/dev/x:/dev/y:r`."""
    parts = text.split(":")
    if len(parts) > 3 or not parts[0]:
        raise InvalidArgument(f"bad format for path: {text}")
    permissions = "rwm"
    if len(parts) == 3 and not _is_device_mode(parts[2]):
        raise InvalidArgument(f"bad mode specified: {parts[2]}")
    if len(parts) > 1 and _is_device_mode(parts[-1]):
        permissions = parts.pop()
    inside = parts[-1]
    if not inside.startswith("/"):
        raise InvalidArgument(f"{inside} is not an absolute path")
    return {"PathOnHost": parts[0], "PathInContainer": inside, "CgroupPermissions": permissions}


def _is_device_mode(text: str) -> bool:
    return bool(text) and set(text) <= set("rwm") and len(set(text)) == len(text)


def _volumes(texts: list[str]) -> tuple[list[str], list[str]]:
    """Return binds and named volumes, as the API has them, and paths of anonymous volumes.

    A source that begins with a dot is a path of this process, and made absolute.
    """
    binds, anonymous = [], []
    for text in dict.fromkeys(texts):
        parts = text.split(":")
        if not text:
            raise InvalidArgument("invalid empty volume spec")
        if len(parts) > 3:
            raise InvalidArgument(f"invalid spec: {text}: too many colons")
        if not all(parts):
            raise InvalidArgument(f"invalid spec: {text}: empty section between colons")
        if len(parts) == 1:
            anonymous.append(text)
        else:
            source = os.path.abspath(parts[0]) if parts[0].startswith(".") else parts[0]
            binds.append(":".join([source, *parts[1:]]))
    return binds, anonymous


def _security(options: list[str]) -> dict[str, Any]:
    """Return SecurityOpt, with the content of a seccomp profile instead of its path.

    `systempaths=unconfined` becomes empty lists of hidden paths, as the API has no such option.
    """
    result: dict[str, Any] = {"SecurityOpt": []}
    for option in options:
        name, separator, value = option.partition("=" if "=" in option else ":")
        if not (separator and value) and name != "no-new-privileges":
            raise InvalidArgument(f"Invalid --security-opt: {go_quote(option)}")
        if option == "systempaths=unconfined":
            result |= {"MaskedPaths": [], "ReadonlyPaths": []}
        elif name == "seccomp" and value not in ("builtin", "unconfined"):
            result["SecurityOpt"].append("seccomp=" + _seccomp_profile(value))
        else:
            result["SecurityOpt"].append(option)
    return result


def _seccomp_profile(path: str) -> str:
    import json

    try:
        with open(path, "rb") as file:
            profile = json.load(file)
    except OSError as err:
        reason = open_error(path, err)
        raise InvalidArgument(f"opening seccomp profile ({path}) failed: {reason}") from err
    except ValueError as err:
        raise InvalidArgument(
            f"compacting json for seccomp profile ({path}) failed: {err}"
        ) from err
    return json.dumps(profile, separators=(",", ":"))


def _storage_options(options: list[str]) -> dict[str, str]:
    if not all("=" in option for option in options):
        raise InvalidArgument("invalid storage option")
    return _split_pairs(options, "=")


def _split_pairs(texts: list[str], separator: str) -> dict[str, str]:
    return {name: value for name, _, value in (text.partition(separator) for text in texts)}
