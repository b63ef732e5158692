"""Kernel parameters of the container's namespaces. Source: runtime-spec, config-linux.md#sysctl."""

from __future__ import annotations

from seacan.errors import Internal, InvalidArgument
from seacan.kernel import procfs
from seacan.runtime.failures import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Final

    from seacan.spec.runtime import Config

# What ipc_namespaces(7) lists, and hostname of uts: the rest of kernel.* is the machine's.
_IPC: Final = frozenset(
    (
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    )
)
# What `hostname` and `domainname` of the configuration say as well, and first.
_UTS: Final = {"kernel.hostname": "hostname", "kernel.domainname": "domainname"}


def check(config: Config, namespaces: Collection[str]) -> None:
    """Raise InvalidArgument for a parameter that is not of one of the container's `namespaces`.

    Also for a name of the container that has a property of its own, and is in that.
    """
    for name in config.get("linux", {}).get("sysctl", {}):
        dotted = name.replace("/", ".")
        if config.get(_UTS.get(dotted, "")):
            raise InvalidArgument(f"linux.sysctl: {name}: {_UTS[dotted]} is set as well")
        owner = _namespace_of(dotted)
        if owner is None or ".." in dotted:
            raise InvalidArgument(f"linux.sysctl: {name}: not in a separate kernel namespace")
        if owner not in namespaces:
            raise InvalidArgument(f"linux.sysctl: {name}: needs a {owner} namespace")


def _namespace_of(name: str) -> str | None:
    if name in _IPC or name.startswith("fs.mqueue."):
        return "ipc"
    if name.startswith("net."):
        return "network"
    if name.startswith("user."):
        return "user"
    return "uts" if name in _UTS else None


def write(sysctls: Mapping[str, str]) -> None:
    """Write the parameters, in the caller's namespaces. Raises Internal naming the one."""
    for name, value in sysctls.items():
        try:
            procfs.write("sys/" + name.replace(".", "/"), value)
        except OSError as err:
            raise Internal(f"sysctl {name}={value}: {reason(err)}") from err
