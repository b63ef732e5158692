"""`seacan info`: what the daemon is and what it has, field by field as it answers."""

from __future__ import annotations

import sys

from seacan.cli.flags import Flag
from seacan.cli.output.units import binary_size
from seacan.cli.session import complain
from seacan.cli.values import TEXT
from seacan.client.version import CLIENT_VERSION
from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("format", "f", TEXT, "json, or a Go template"),)

# Indent, title and key, in Docker's order; what the daemon does not answer is left out.
_BEFORE = (
    (" ", "Containers", "Containers"),
    ("  ", "Running", "ContainersRunning"),
    ("  ", "Paused", "ContainersPaused"),
    ("  ", "Stopped", "ContainersStopped"),
    (" ", "Images", "Images"),
    (" ", "Server Version", "ServerVersion"),
    (" ", "Storage Driver", "Driver"),
)
_DRIVERS = (
    (" ", "Logging Driver", "LoggingDriver"),
    (" ", "Cgroup Driver", "CgroupDriver"),
    (" ", "Cgroup Version", "CgroupVersion"),
)
_HOST = (
    (" ", "Kernel Version", "KernelVersion"),
    (" ", "Operating System", "OperatingSystem"),
    (" ", "OSType", "OSType"),
    (" ", "Architecture", "Architecture"),
    (" ", "CPUs", "NCPU"),
)
_AFTER = (
    (" ", "Name", "Name"),
    (" ", "ID", "ID"),
    (" ", "Docker Root Dir", "DockerRootDir"),
    (" ", "Debug Mode", "Debug"),
    (" ", "HTTP Proxy", "HttpProxy"),
    (" ", "HTTPS Proxy", "HttpsProxy"),
    (" ", "No Proxy", "NoProxy"),
)
_COMMITS = (
    ("containerd", "ContainerdCommit"),
    ("runc", "RuncCommit"),
    ("init", "InitCommit"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    """Print the client's part even if there is no daemon; the exit code tells of that."""
    form = values.text("format")
    client = {"Version": CLIENT_VERSION, "Context": session.context, "Debug": session.debug}
    show = _by_template(form, client) if form else None
    try:
        info = session.client.system.info()
    except SeacanError as err:
        if not form:
            print(_client_text(client) + "\nServer:")
        complain(str(err))
        return 1
    if show:
        show(info)
        return 0
    print(_client_text(client) + "\nServer:\n" + "\n".join(server_lines(info)) + "\n")
    sys.stdout.flush()
    for warning in info.get("Warnings") or []:
        complain(warning)
    return 0


def _by_template(form: str, client: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    """Return what prints `GET /info`, and the client's part as its ClientInfo."""
    from seacan.cli.output.templates import render
    from seacan.cli.output.templates.structs import struct, with_fields
    from seacan.cli.output.templates.values import Record

    template = render.parsed_or_exit("{{json .}}" if form == "json" else form)
    about = Record("*system.clientInfo", client, wire=client)

    def show(info: dict[str, Any]) -> None:
        server = struct("system.Info", info)
        render.print_one(template, with_fields(server, "system.dockerInfo", ClientInfo=about))

    return show


def _client_text(client: dict[str, Any]) -> str:
    return (
        f"Client:\n Version:    {client['Version']}\n Context:    {client['Context']}\n"
        f" Debug Mode: {_word(client['Debug'])}\n"
    )


def server_lines(info: dict[str, Any]) -> list[str]:
    """Return the lines of `GET /info`."""
    lines = _fields(_BEFORE, info)
    lines += [f"  {name}: {value}" for name, value in info.get("DriverStatus") or []]
    lines += _fields(_DRIVERS, info)
    lines += _plugins(info.get("Plugins") or {})
    lines += _listed("CDI spec directories", info.get("CDISpecDirs"))
    if state := (info.get("Swarm") or {}).get("LocalNodeState"):
        lines.append(f" Swarm: {state}")
    lines += _runtimes(info)
    lines += _security(info.get("SecurityOptions") or [])
    lines += _fields(_HOST, info)
    if "MemTotal" in info:
        lines.append(f" Total Memory: {binary_size(info['MemTotal'])}")
    lines += _fields(_AFTER, info)
    lines += _listed("Labels", info.get("Labels"))
    lines += _fields(((" ", "Experimental", "ExperimentalBuild"),), info)
    lines += _registries(info.get("RegistryConfig") or {})
    lines += _fields(((" ", "Live Restore Enabled", "LiveRestoreEnabled"),), info)
    pools = info.get("DefaultAddressPools") or []
    lines += [" Default Address Pools:"] if pools else []
    lines += [f"   Base: {pool['Base']}, Size: {pool['Size']}" for pool in pools]
    return lines


def _fields(fields: tuple[tuple[str, str, str], ...], info: dict[str, Any]) -> list[str]:
    return [
        f"{indent}{title}: {_word(info[key])}"
        for indent, title, key in fields
        if info.get(key) not in (None, "")
    ]


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(title: str, items: list[str] | None) -> list[str]:
    return [f" {title}:", *(f"  {item}" for item in items)] if items else []


def _plugins(plugins: dict[str, list[str] | None]) -> list[str]:
    kinds = ("Volume", "Network", "Authorization", "Log")
    lines = [
        f"  {kind}: {' '.join(plugins.get(kind) or [])}" for kind in kinds if plugins.get(kind)
    ]
    return [" Plugins:", *lines] if lines else []


def _runtimes(info: dict[str, Any]) -> list[str]:
    lines = []
    if runtimes := info.get("Runtimes"):
        lines.append(f" Runtimes: {' '.join(sorted(runtimes))}")
        lines.append(f" Default Runtime: {info.get('DefaultRuntime', '')}")
    if info.get("InitBinary"):
        lines.append(f" Init Binary: {info['InitBinary']}")
    commits = ((name, (info.get(key) or {}).get("ID")) for name, key in _COMMITS)
    return lines + [f" {name} version: {commit}" for name, commit in commits if commit]


def _security(options: list[str]) -> list[str]:
    """Return the lines of options such as `name=seccomp,profile=builtin`."""
    lines = [" Security Options:"] if options else []
    for option in options:
        pairs = [pair.partition("=")[::2] for pair in option.split(",")]
        lines += [f"  {value}" for key, value in pairs if key == "name"]
        lines += [f"   Profile: {value}" for key, value in pairs if key == "profile"]
    return lines


def _registries(config: dict[str, Any]) -> list[str]:
    indexes = (config.get("IndexConfigs") or {}).values()
    insecure = [index["Name"] for index in indexes if not index.get("Secure")]
    insecure += config.get("InsecureRegistryCIDRs") or []
    return _listed("Insecure Registries", insecure) + _listed(
        "Registry Mirrors", config.get("Mirrors")
    )
