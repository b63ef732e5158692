"""/etc/hostname, /etc/hosts and /etc/resolv.conf of a container, as Docker writes them.

They are written anew at each start, in place, as they are bound over the files of the image: the
host may have other name servers by then. A container that joins another's network has that one's.
"""

import ipaddress
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from seacan import files
from seacan.engine.namespaces import HOST
from seacan.errors import InvalidArgument
from seacan.network.definition import Sandbox
from seacan.paths import ContainerDirectory
from seacan.spec.engine_api import ContainerConfig, HostConfig

_HOSTS: Final = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""
HOST_GATEWAY: Final = "host-gateway"
_RESOLV_CONF: Final = "/etc/resolv.conf"
# Where systemd-resolved keeps the servers behind its own, which listens at one address only.
_BEHIND_STUB: Final = "/run/systemd/resolve/resolv.conf"
_STUB: Final = ["127.0.0.53"]
# Where no server is left: Google's, as with Docker.
_DEFAULT_SERVERS: Final = ("8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844")
_HOST_FILE_LIMIT: Final = 1024 * 1024


# --- checked ----------------------------------------------------------------------------------


def check(host_config: HostConfig) -> None:
    """Raise InvalidArgument for what cannot stand in these files, or would begin a line there."""
    for name in ("ExtraHosts", "Dns", "DnsSearch", "DnsOptions"):
        for text in _texts(host_config, name):
            if any(ord(c) < 32 or ord(c) == 127 for c in text):
                raise InvalidArgument(f"invalid {name}: {_quoted(text)}: a control character")
    for entry in host_config.get("ExtraHosts") or []:
        _check_extra_host(entry)
    for server in host_config.get("Dns") or []:
        if not _is_address(server):
            raise InvalidArgument(f"bad nameserver address {server}: unable to parse IP")


def _texts(host_config: HostConfig, name: str) -> Iterable[str]:
    texts: object = host_config.get(name)
    return texts if isinstance(texts, list) else ()


def _check_extra_host(entry: str) -> None:
    host, colon, address = entry.partition(":")
    if not (host and colon):
        raise InvalidArgument(f"bad format for add-host: {_quoted(entry)}")
    if address == HOST_GATEWAY:
        return
    if "%" in address or not _is_address(address):
        raise InvalidArgument(f"invalid IP address in add-host: {_quoted(address)}")


def refuse_host_gateway(host_config: HostConfig) -> None:
    """Raise InvalidArgument for `host-gateway`: without a default bridge it stands for nothing."""
    if any(e.endswith(f":{HOST_GATEWAY}") for e in host_config.get("ExtraHosts") or []):
        raise InvalidArgument("unable to derive the IP value for host-gateway")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# --- written ----------------------------------------------------------------------------------


def write(
    directory: ContainerDirectory,
    config: ContainerConfig,
    host_config: HostConfig,
    sandbox: Sandbox | None = None,
    linked: Sequence[str] = (),
    gateway: str = "",
) -> None:
    """Write the three files. Blocks.

    `linked` are lines for others in /etc/hosts, `gateway` is what `host-gateway` stands for.
    """
    _write_in_place(directory.hostname, f"{config.get('Hostname') or ''}\n".encode())
    own = [*linked, *own_names(config, sandbox)]
    _write_in_place(directory.hosts, hosts(host_config, own, gateway))
    _write_in_place(directory.resolv_conf, resolv_conf(host_config))


def of_container(directory: ContainerDirectory) -> dict[str, str]:
    """Return the files by their place in the container."""
    return {
        "/etc/resolv.conf": str(directory.resolv_conf),
        "/etc/hostname": str(directory.hostname),
        "/etc/hosts": str(directory.hosts),
    }


def own_names(config: ContainerConfig, sandbox: Sandbox | None) -> list[str]:
    """Return the lines by which a container finds itself: one for each of its addresses."""
    name, domain = config.get("Hostname") or "", config.get("Domainname") or ""
    names = f"{name}.{domain} {name}" if domain else name
    endpoints = sandbox.endpoints if sandbox is not None else []
    addresses = [a for e in endpoints for a in (e.address_ipv4, e.address_ipv6) if a]
    return [f"{address}\t{names}\n" for address in addresses]


def update_hosts(
    directory: ContainerDirectory, config: ContainerConfig, before: Sandbox, after: Sandbox
) -> None:
    """Have /etc/hosts of a running container follow its networks; what others wrote stays."""
    gone, come = own_names(config, before), own_names(config, after)
    lines = directory.hosts.read_text().splitlines(keepends=True)
    kept = [line for line in lines if line not in gone or line in come]
    new = [line for line in come if line not in kept]
    _write_in_place(directory.hosts, "".join([*kept, *new]).encode())


def hosts(host_config: HostConfig, own: Sequence[str] = (), gateway: str = "") -> bytes:
    """Return /etc/hosts: the host's own on its network, unless there are hosts to be added."""
    extra = host_config.get("ExtraHosts") or []
    if host_config.get("NetworkMode") == HOST and not extra:
        return _host_file("/etc/hosts")
    pairs = (entry.partition(":") for entry in extra)
    added = [
        f"{gateway if address == HOST_GATEWAY else address}\t{host}\n" for host, _, address in pairs
    ]
    return "".join([_HOSTS, *added, *own]).encode()


def resolv_conf(host_config: HostConfig) -> bytes:
    """Return /etc/resolv.conf: the host's, with what the request has instead of some of it.

    In a network of its own a container does not reach what listens on the host's loopback.
    """
    shares_network = host_config.get("NetworkMode") == HOST
    conf = _parse(_host_file(_RESOLV_CONF))
    if not shares_network and conf.servers == _STUB:
        conf = _parse(_host_file(_BEHIND_STUB))
    if servers := host_config.get("Dns"):
        conf.servers = list(servers)
    elif not shares_network:
        conf.servers = _reachable(conf.servers) or list(_DEFAULT_SERVERS)
    if search := host_config.get("DnsSearch"):
        conf.search = [domain for domain in search if domain != "."]
    if options := host_config.get("DnsOptions"):
        conf.options = list(options)
    return conf.to_bytes()


@dataclass(slots=True)
class _ResolvConf:
    """Source: resolv.conf(5)."""

    servers: list[str] = field(default_factory=list)
    search: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)  # whole lines

    def to_bytes(self) -> bytes:
        lines = [f"nameserver {server}" for server in self.servers]
        lines += [f"search {' '.join(self.search)}"] if self.search else []
        lines += [f"options {' '.join(self.options)}"] if self.options else []
        return "".join(f"{line}\n" for line in [*lines, *self.other]).encode(
            errors="surrogateescape"
        )


def _parse(data: bytes) -> _ResolvConf:
    conf = _ResolvConf()
    for line in data.decode(errors="surrogateescape").splitlines():
        match line.split():
            case [] | ["nameserver" | "domain" | "search" | "options"]:
                pass
            case [word, *_] if word.startswith(("#", ";")):
                pass
            case ["nameserver", server, *_]:
                conf.servers += [server] if _is_address(server) else []
            case ["domain" | "search", *domains]:  # the last one counts
                conf.search = [domain for domain in domains if domain != "."]
            case ["options", *options]:
                conf.options += options
            case _:
                conf.other.append(line)
    return conf


def _reachable(servers: Sequence[str]) -> list[str]:
    return [server for server in servers if not ipaddress.ip_address(server).is_loopback]


def _write_in_place(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(data)


def _host_file(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    return files.read_bounded(fd, _HOST_FILE_LIMIT, path)
