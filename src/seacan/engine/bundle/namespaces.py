"""Which namespaces a container has of its own, and which kernel parameters go with them."""

from collections.abc import Mapping, Sequence
from typing import Final

from seacan.errors import InvalidArgument, Unsupported
from seacan.spec import runtime
from seacan.spec.engine_api import HostConfig

HOST: Final = "host"
NONE: Final = "none"

# Field, what Docker calls it, and the values seacan knows; empty is the default.
_MODES: Final = (
    ("IpcMode", "IPC", ("", "none", "private", "shareable", HOST)),
    ("PidMode", "PID", ("", HOST)),
    ("UTSMode", "UTS", ("", HOST)),
    ("CgroupnsMode", "cgroup namespace", ("", "private", HOST)),
)
# Source: namespaces(7), ipc_namespaces(7); what else is below kernel. belongs to the whole host.
_IPC_SYSCTLS: Final = frozenset(
    {
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall",
        "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
    }
)  # fmt: skip


_CONTAINER: Final = "container:"


def other_container(mode: str | None) -> str:
    """Return the name or id in a mode `container:NAME`; empty for any other mode."""
    return mode.removeprefix(_CONTAINER) if mode and mode.startswith(_CONTAINER) else ""


def check_modes(host_config: HostConfig) -> None:
    """Raise InvalidArgument, in Docker's words, for a mode that is not one.

    Raises Unsupported for another user namespace than the daemon gives.
    """
    values: Mapping[str, object] = host_config
    for field, word, known in _MODES:
        mode = str(values.get(field) or "")
        if other_container(mode) and field in ("IpcMode", "PidMode"):
            continue
        if mode not in known:
            raise InvalidArgument(f"invalid {word} mode: {mode}")
    if (users := host_config.get("UsernsMode") or "") not in ("", HOST):
        raise Unsupported(f"HostConfig.UsernsMode {users} is not supported")


def network_mode(requested: str, default: str) -> str:
    """Return the network mode; `default` is the network of those who ask for none.

    Raises InvalidArgument for `container:` of nothing.
    """
    if requested == _CONTAINER:
        raise InvalidArgument("invalid network mode: invalid container format container:<name|id>")
    return default if requested in ("", "default") else requested


def to_oci(
    host_config: HostConfig,
    joined: Mapping[runtime.NamespaceType, str],
    *,
    has_network: bool = True,
) -> list[runtime.LinuxNamespace]:
    """Return the namespaces to make or, with a path in `joined`, to enter.

    What is missing from the list is the host's; without a network it is never the host's.
    """
    shared = {
        "network": has_network and host_config.get("NetworkMode") == HOST,
        "uts": host_config.get("UTSMode") == HOST,
        "pid": host_config.get("PidMode") == HOST,
        "ipc": host_config.get("IpcMode") == HOST,
        "cgroup": host_config.get("CgroupnsMode") != "private",
    }
    own: Sequence[runtime.NamespaceType] = ("mount", "network", "uts", "pid", "ipc", "cgroup")
    kinds = ("user", *own) if "user" in joined else own
    return [
        {"type": kind, "path": joined[kind]} if kind in joined else {"type": kind}
        for kind in kinds
        if not shared.get(kind)
    ]


def sysctls(host_config: HostConfig, network_defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the kernel parameters of the container: those of a new network, then the asked for.

    Raises InvalidArgument, in runc's words, for one that is not of a namespace of its own.
    """
    result: dict[str, str] = {}
    mode = host_config.get("NetworkMode")
    if mode != HOST and not other_container(mode):
        result.update(network_defaults)
    for key, value in (host_config.get("Sysctls") or {}).items():
        name = _dotted(key)
        _check_sysctl(name, host_config)
        result[name] = value
    return result


def _dotted(key: str) -> str:
    """Return `key` as net.ipv4.conf.eth0/1.x also if it was net/ipv4/conf/eth0.1/x: sysctl(8)."""
    separators = [c for c in key if c in "./"]
    swaps = str.maketrans("./", "/.") if separators[:1] == ["/"] else {}
    name = key.translate(swaps)
    if any(part.replace("/", ".") in ("", ".", "..") for part in name.split(".")):
        raise InvalidArgument(f'sysctl "{key}" is not a name of a kernel parameter')
    return name


def _check_sysctl(name: str, host_config: HostConfig) -> None:
    if name in _IPC_SYSCTLS or name.startswith("fs.mqueue."):
        if host_config.get("IpcMode") == HOST:
            raise InvalidArgument(f'sysctl "{name}" is not allowed in the hosts ipc namespace')
    elif name.startswith("net."):
        if host_config.get("NetworkMode") == HOST:
            raise InvalidArgument(f'sysctl "{name}" not allowed in host network namespace')
    elif name in ("kernel.hostname", "kernel.domainname"):
        field = name.removeprefix("kernel.")
        raise InvalidArgument(
            f'sysctl "{name}" is not allowed as it conflicts with the OCI "{field}" field'
        )
    else:
        raise InvalidArgument(f'sysctl "{name}" is not in a separate kernel namespace')
