"""/etc/hostname, /etc/hosts and /etc/resolv.conf of a container, as Docker writes them.

They are written anew at each start, in place, as they are bound over the files of the image: the
host may have other name servers by then. A container that joins another's network has that one's.
"""

import json
import os
import re
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import Final

from seacan import log
from seacan.engine.bundle.namespaces import HOST
from seacan.errors import InvalidArgument
from seacan.network import resolv_conf as resolv_confs
from seacan.network.definition import Sandbox
from seacan.network.dns.redirect import ADDRESS as RESOLVER
from seacan.network.resolv_conf import DEFAULT_SERVERS, is_address
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
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
HOST_GATEWAY: Final = "host-gateway"
_LIMIT_BYTES: Final = 1 << 20  # of what a container may have written


# --- checked ----------------------------------------------------------------------------------


def check(host_config: HostConfig) -> None:
    """Raise InvalidArgument for what cannot stand in these files, or would begin a line there."""
    for name in ("ExtraHosts", "Dns", "DnsSearch", "DnsOptions"):
        for text in _texts(host_config, name):
            if _CONTROL.search(text):
                raise InvalidArgument(f"invalid {name}: {_quoted(text)}: a control character")
    for entry in host_config.get("ExtraHosts") or []:
        _check_extra_host(entry)
    for server in host_config.get("Dns") or []:
        if not is_address(server):
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
    if "%" in address or not is_address(address):
        raise InvalidArgument(f"invalid IP address in add-host: {_quoted(address)}")


def refuse_host_gateway(host_config: HostConfig) -> None:
    """Raise InvalidArgument for `host-gateway`: without a default bridge it stands for nothing."""
    if any(e.endswith(f":{HOST_GATEWAY}") for e in host_config.get("ExtraHosts") or []):
        raise InvalidArgument("unable to derive the IP value for host-gateway")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# --- written ----------------------------------------------------------------------------------


def write(
    directory: ContainerDirectory,
    config: ContainerConfig,
    host_config: HostConfig,
    sandbox: Sandbox | None = None,
    linked: Sequence[str] = (),
    gateways: Sequence[str] = (),
    *,
    has_resolver: bool = False,
) -> None:
    """Write the three files. Blocks.

    `linked` are lines for others in /etc/hosts, `gateways` are what `host-gateway` stands for.
    """
    _write_in_place(directory.hostname, f"{config.get('Hostname') or ''}\n".encode())
    own = [*linked, *own_names(config, sandbox)]
    _write_in_place(directory.hosts, hosts(host_config, own, gateways))
    _write_in_place(directory.resolv_conf, resolv_conf(host_config, has_resolver=has_resolver))


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
    # A host name may have its domain in it.
    full = f"{name}.{domain}" if domain else name
    short, dot, _ = full.partition(".")
    names = f"{full} {short}" if dot else full
    endpoints = sandbox.endpoints if sandbox is not None else []
    addresses = [a for e in endpoints for a in (e.address_ipv4, e.address_ipv6) if a]
    return [f"{address}\t{names}\n" for address in addresses]


def update_hosts(
    directory: ContainerDirectory, config: ContainerConfig, before: Sandbox, after: Sandbox
) -> None:
    """Have /etc/hosts of a running container follow its networks; what others wrote stays."""
    gone, come = own_names(config, before), own_names(config, after)
    _change_hosts(directory.hosts, {line for line in gone if line not in come}, come)


def remove_lines(directory: ContainerDirectory, gone: Sequence[str]) -> None:
    """Take lines out of /etc/hosts of a running container; what others wrote stays."""
    if gone:
        _change_hosts(directory.hosts, set(gone), [])


def _change_hosts(path: Path, gone: Set[str], come: Sequence[str]) -> None:
    """Take lines out of a hosts file, and add those of `come` that it does not have.

    One that the container has made too long for a hosts file stays as it is.
    """
    data = _read(path)
    if len(data) > _LIMIT_BYTES:
        log.warn("hosts file is left as it is: it is too long", path=path, limit=_LIMIT_BYTES)
        return
    lines = data.decode(errors="surrogateescape").splitlines(keepends=True)
    kept = [line for line in lines if line not in gone]
    new = [line for line in come if line not in kept]
    _write_in_place(path, "".join([*kept, *new]).encode(errors="surrogateescape"))


def ask_resolver(directory: ContainerDirectory, host_config: HostConfig) -> None:
    """Have a running container ask its resolver from now on, unless it changed resolv.conf."""
    if _read(directory.resolv_conf) == resolv_conf(host_config):
        _write_in_place(directory.resolv_conf, resolv_conf(host_config, has_resolver=True))


def hosts(host_config: HostConfig, own: Sequence[str] = (), gateways: Sequence[str] = ()) -> bytes:
    """Return /etc/hosts: the host's own on its network, unless there are hosts to be added."""
    extra = host_config.get("ExtraHosts") or []
    if host_config.get("NetworkMode") == HOST and not extra:
        return resolv_confs.host_file("/etc/hosts")
    pairs = (entry.partition(":") for entry in extra)
    added = [
        f"{each}\t{host}\n"
        for host, _, address in pairs
        for each in (gateways if address == HOST_GATEWAY else [address])
    ]
    return "".join([_HOSTS, *added, *own]).encode()


def resolv_conf(host_config: HostConfig, *, has_resolver: bool = False) -> bytes:
    """Return /etc/resolv.conf: the host's, with what the request has instead of some of it.

    In a network of its own a container does not reach what listens on the host's loopback. With a
    resolver it asks that one, which asks the others.
    """
    shares_network = host_config.get("NetworkMode") == HOST
    conf = resolv_confs.of_host(behind_stub=not shares_network)
    if has_resolver:
        conf.servers = [RESOLVER]
    elif servers := host_config.get("Dns"):
        conf.servers = list(servers)
    elif not shares_network:
        conf.servers = resolv_confs.reachable(conf.servers) or list(DEFAULT_SERVERS)
    if search := host_config.get("DnsSearch"):
        conf.search = [domain for domain in search if domain != "."]
    if options := host_config.get("DnsOptions"):
        conf.options = list(options)
    if has_resolver and not conf.has_option("ndots"):  # it knows names without dots
        conf.options.append("ndots:0")
    return conf.to_bytes()


def _read(path: Path) -> bytes:
    """Return what is in a file that the container may write to, of too much of it only a part."""
    with open(path, "rb") as file:
        return file.read(_LIMIT_BYTES + 1)


def _write_in_place(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(data)
