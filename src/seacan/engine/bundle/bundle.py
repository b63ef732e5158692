"""A container's settings as config.json of an OCI bundle: a pure function, and one for execs.

What a container gets without asking is Docker's, item by item; each item is made in the module of
its subject.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from seacan.engine.bundle import (
    apparmor,
    capabilities,
    devices,
    environment,
    mounts,
    namespaces,
    resources,
    security,
)
from seacan.engine.bundle.devices import Devices
from seacan.engine.bundle.security import Security
from seacan.engine.bundle.sharing import Shared
from seacan.engine.bundle.users import User
from seacan.engine.creation import requests
from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.host import PING_GROUPS, Host
from seacan.errors import InvalidArgument
from seacan.kernel.cgroups import units
from seacan.spec import runtime
from seacan.spec.engine_api import ContainerConfig, ExecConfig, HostConfig
from seacan.spec.oci_version import OCI_VERSION

ROOTFS: Final = "rootfs"  # beside config.json


class BundleInputs(msgspec.Struct, frozen=True):
    """All that config.json is made of; `config` and `host_config` are normalised.

    `mounts` are the request's, their sources prepared; `shared` is what other containers have for
    it, and its files in /etc. `seccomp` is None for unconfined. `init` is the host's executable for
    `--init`, used if the container asks for it.
    """

    config: ContainerConfig
    host_config: HostConfig
    mounts: Sequence[MountPoint]
    user: User
    devices: Devices
    cgroup_path: str
    shared: Shared
    host: Host
    seccomp: runtime.LinuxSeccomp | None = None
    init: str | None = None


def make_config(inputs: BundleInputs) -> runtime.Config:
    """Return config.json. Raises InvalidArgument for what only this host now cannot give."""
    config, host_config = inputs.config, inputs.host_config
    asked = security.parse(host_config.get("SecurityOpt") or [])
    privileged = bool(host_config.get("Privileged"))
    result: runtime.Config = {
        "ociVersion": OCI_VERSION,
        "process": _process(inputs, asked),
        "root": {"path": ROOTFS, "readonly": bool(host_config.get("ReadonlyRootfs"))},
        "mounts": mounts.to_oci(
            host_config,
            inputs.mounts,
            inputs.shared.network_files,
            init=inputs.init if has_init(inputs.host_config) else None,
            shm="/dev/shm" if host_config.get("IpcMode") == namespaces.HOST else inputs.shared.shm,
            writable_cgroups=asked.has_writable_cgroups(privileged=privileged),
            maps_ids="user" in inputs.shared.namespaces,
        ),
        "linux": _linux(inputs),
    }
    if host_config.get("UTSMode") != namespaces.HOST:
        result["hostname"] = config.get("Hostname") or ""
        if domain := config.get("Domainname"):
            result["domainname"] = domain
    if annotations := host_config.get("Annotations"):
        result["annotations"] = annotations
    return result


def _process(inputs: BundleInputs, asked: Security) -> runtime.Process:
    config, host_config, host = inputs.config, inputs.host_config, inputs.host
    args = requests.command(config)
    process: runtime.Process = {
        "terminal": bool(config.get("Tty")),
        "user": inputs.user.to_oci(),
        "args": [mounts.INIT_PATH, "--", *args] if has_init(host_config) else args,
        "env": _environment(config, inputs.user, has_terminal=bool(config.get("Tty"))),
        "cwd": config.get("WorkingDir") or "/",
        "capabilities": capabilities.to_oci(container_capabilities(host_config, host)),
        "rlimits": resources.rlimits(
            host_config.get("Ulimits") or [],
            host.hard_rlimits,
            can_raise="CAP_SYS_RESOURCE" in host.capabilities,
        ),
        "oomScoreAdj": resources.oom_score_adj(host_config.get("OomScoreAdj") or 0, host),
        "noNewPrivileges": asked.no_new_privileges,
    }
    if host.has_apparmor:
        privileged = bool(host_config.get("Privileged"))
        process["apparmorProfile"] = apparmor.of_container(asked.apparmor, privileged=privileged)
    if config.get("Tty"):
        _set_console_size(process, host_config.get("ConsoleSize"))
    return process


def _linux(inputs: BundleInputs) -> runtime.Linux:
    host_config = inputs.host_config
    linux: runtime.Linux = {
        "sysctl": namespaces.sysctls(host_config, _network_sysctls(inputs)),
        "devices": list(inputs.devices.nodes),
        "resources": resources.to_oci(host_config, list(inputs.devices.rules), devices.number_of),
        "cgroupsPath": units.cgroups_path(inputs.cgroup_path),
        "namespaces": namespaces.to_oci(
            host_config,
            inputs.shared.namespaces,
            has_network=not inputs.config.get("NetworkDisabled"),
        ),
        "maskedPaths": host_config.get("MaskedPaths") or [],
        "readonlyPaths": host_config.get("ReadonlyPaths") or [],
    }
    if inputs.seccomp is not None:
        linux["seccomp"] = inputs.seccomp
    if propagation := mounts.root_propagation(inputs.mounts):
        linux["rootfsPropagation"] = propagation
    return linux


def _network_sysctls(inputs: BundleInputs) -> Mapping[str, str]:
    """Return what a network of its own begins with; ids that are not mapped cannot be told."""
    defaults = inputs.host.network_sysctls
    if "user" not in inputs.shared.namespaces:
        return defaults
    return {key: value for key, value in defaults.items() if key != PING_GROUPS}


def container_capabilities(host_config: HostConfig, host: Host) -> list[str]:
    """Return the capabilities of the container; the default seccomp profile depends on them."""
    return capabilities.of_container(
        host_config.get("CapAdd") or [],
        host_config.get("CapDrop") or [],
        host.capabilities,
        privileged=bool(host_config.get("Privileged")),
    )


def has_init(host_config: HostConfig) -> bool:
    """Tell whether there is an init: not without `--init`, or where another process is number 1."""
    return bool(host_config.get("Init")) and not host_config.get("PidMode")


def _environment(
    config: ContainerConfig, user: User, *layers: list[str], has_terminal: bool
) -> list[str]:
    return environment.of_process(
        config.get("Hostname") or "",
        user.home,
        config.get("Env") or [],
        *layers,
        has_terminal=has_terminal,
    )


def _set_console_size(process: runtime.Process, size: list[int] | None) -> None:
    if size and any(size):
        process["consoleSize"] = {"height": size[0], "width": size[1]}


# --- exec -------------------------------------------------------------------------------------


def check_exec(request: ExecConfig) -> None:
    """Raise InvalidArgument for an exec request that cannot be carried out in any container."""
    if not request.get("Cmd"):
        raise InvalidArgument("No exec command specified")
    environment.check(request.get("Env") or [])
    if working_dir := request.get("WorkingDir"):
        requests.absolute(working_dir)
    if console_size := request.get("ConsoleSize"):
        requests.check_console_size(console_size)


def exec_user(config: ContainerConfig, request: ExecConfig) -> str:
    """Return the user to look up for an exec: the one asked for, else the container's."""
    return request.get("User") or config.get("User") or ""


def make_exec_process(
    container: runtime.Config, request: ExecConfig, user: User, config: ContainerConfig, host: Host
) -> runtime.Process:
    """Return the process of an exec in the container of config.json `container`.

    It is the container's own process with another command: its capabilities, limits and
    no_new_privs; `config` is the container's, whose environment it has, and TERM of its own.
    """
    working_dir = request.get("WorkingDir") or config.get("WorkingDir") or "/"
    has_terminal = bool(request.get("Tty"))
    process: runtime.Process = {
        **container["process"],
        "terminal": has_terminal,
        "user": user.to_oci(),
        "args": list(request.get("Cmd") or []),
        "env": _environment(config, user, request.get("Env") or [], has_terminal=has_terminal),
        "cwd": requests.absolute(working_dir),
    }
    process.pop("consoleSize", None)
    if has_terminal:
        _set_console_size(process, request.get("ConsoleSize"))
    if request.get("Privileged"):
        process["capabilities"] = capabilities.to_oci(host.capabilities)
        if "apparmorProfile" in process:
            process["apparmorProfile"] = apparmor.UNCONFINED
    return process
