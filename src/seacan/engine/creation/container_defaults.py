"""What the daemon gives to containers that ask for nothing, by its flags or its file.

Put into the request before it is completed, so that an inspected container shows it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec
from msgspec import field

from seacan.spec.engine_api import ContainerCreate, HostConfig, Ulimit

_HOST: Final = "host"


class ContainerDefaults(msgspec.Struct, frozen=True):
    """By the names of HostConfig; empty or zero is Docker's own default.

    `security_options` are those that a container may say otherwise: no-new-privileges, seccomp=….
    `runtimes` are commands by name, executable and flags, beside those that are found in the PATH.
    """

    ulimits: Sequence[Ulimit] = ()
    shm_bytes: int = 0
    init: bool = False
    ipc_mode: str = ""
    cgroupns_mode: str = ""
    dns: Sequence[str] = ()
    dns_options: Sequence[str] = ()
    dns_search: Sequence[str] = ()
    security_options: Sequence[str] = ()
    runtime: str = ""
    runtimes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def with_defaults(request: ContainerCreate, defaults: ContainerDefaults) -> ContainerCreate:
    """Return `request` with what its container gets unless it says otherwise."""
    asked: HostConfig = request.get("HostConfig") or {}
    given: dict[str, Any] = {
        "ShmSize": defaults.shm_bytes,
        "IpcMode": defaults.ipc_mode,
        "CgroupnsMode": "" if asked.get("Privileged") else defaults.cgroupns_mode,
        "Runtime": defaults.runtime,
        "Dns": list(defaults.dns),
        "DnsOptions": list(defaults.dns_options),
        "DnsSearch": list(defaults.dns_search),
    }
    filled = {name: value for name, value in given.items() if value and not asked.get(name)}
    if defaults.init and asked.get("Init") is None:
        filled["Init"] = True
    if ulimits := _missing_ulimits(asked, defaults):
        filled["Ulimits"] = [*(asked.get("Ulimits") or []), *ulimits]
    if options := _missing_options(asked, defaults):
        filled["SecurityOpt"] = [*(asked.get("SecurityOpt") or []), *options]
    if not filled:
        return request
    return {**request, "HostConfig": cast(HostConfig, {**asked, **filled})}


def _missing_ulimits(asked: HostConfig, defaults: ContainerDefaults) -> list[Ulimit]:
    named = {ulimit.get("Name") for ulimit in asked.get("Ulimits") or []}
    return [ulimit for ulimit in defaults.ulimits if ulimit.get("Name") not in named]


def _missing_options(asked: HostConfig, defaults: ContainerDefaults) -> list[str]:
    said = {_name(option) for option in asked.get("SecurityOpt") or []}
    missing = [option for option in defaults.security_options if _name(option) not in said]
    if asked.get("Privileged"):  # it has no filter, whatever the daemon's is
        missing = [option for option in missing if _name(option) != "seccomp"]
    return missing


def _name(option: str) -> str:
    # `seccomp:unconfined` is an older way to write it.
    return option.replace(":", "=", 1).partition("=")[0]
