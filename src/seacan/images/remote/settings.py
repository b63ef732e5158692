"""What the daemon was told about registries, and the names of Docker Hub."""

import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from seacan.errors import InvalidArgument
from seacan.paths import DEFAULT_CERTIFICATES, DOCKER_CERTIFICATES

HUB: Final = "docker.io"
HUB_REGISTRY: Final = "registry-1.docker.io"
HUB_INDEX_HOST: Final = "index.docker.io"
HUB_INDEX: Final = "https://index.docker.io/v1/"  # its name in config.json, and where search is

# As dockerd: whoever is on this machine may be spoken to without TLS.
_ALWAYS_INSECURE: Final = ("::1/128", "127.0.0.0/8")


class RegistrySettings(msgspec.Struct, frozen=True):
    insecure: tuple[str, ...] = ()  # HOST[:PORT], or a network: 10.0.0.0/8
    mirrors: tuple[str, ...] = ()  # of Docker Hub: URLs
    # Of certificates and hosts.toml by registry, the first the foremost.
    directories: tuple[Path, ...] = (DEFAULT_CERTIFICATES, DOCKER_CERTIFICATES)
    max_downloads: int = 3  # layers at a time, of all pulls
    max_uploads: int = 5
    max_attempts: int = 5  # of each layer
    retry_delay_s: float = 1.0  # before the second attempt; doubled before each further one
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""

    @property
    def insecure_networks(self) -> list[str]:
        return [name for name in (*self.insecure, *_ALWAYS_INSECURE) if _network(name)]

    @property
    def insecure_hosts(self) -> list[str]:
        return [name for name in self.insecure if not _network(name)]

    def is_insecure(self, host: str) -> bool:
        """Return whether `host`, with its port if it has one, may lack TLS, or a known CA."""
        if host in self.insecure:
            return True
        if host == HUB_REGISTRY:
            return False
        networks = [_network(name) for name in self.insecure_networks]
        addresses = _addresses(host)
        return any(network and a in network for a in addresses for network in networks)


def check_insecure(name: str) -> str:
    """Return the value of an --insecure-registry, without its scheme. Raises InvalidArgument."""
    scheme, separator, rest = name.partition("://")
    if separator and scheme not in ("http", "https"):
        raise InvalidArgument(f"insecure registry {name} should not contain '://'")
    host = rest if separator else name
    if host.startswith("-") or host.endswith("-"):
        raise InvalidArgument(f"invalid index name ({host}). Cannot begin or end with a hyphen")
    if not host or (not _network(host) and "/" in host):
        raise InvalidArgument(f"insecure registry {name} is not valid")
    return host


def check_mirror(url: str) -> str:
    """Return the URL of a --registry-mirror. Raises InvalidArgument."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidArgument(
            f"invalid mirror: no scheme specified for {url!r}: "
            "must use either 'https://' or 'http://'"
        )
    if parts.query or parts.fragment:
        raise InvalidArgument(f"invalid mirror: query or fragment at end of the URI {url!r}")
    if parts.username or parts.password:
        raise InvalidArgument(f"invalid mirror: username/password not allowed in {parts.hostname}")
    return url.rstrip("/") + "/"


def host_of(name: str) -> str:
    """Return HOST[:PORT] of a registry that may be written as a URL."""
    for scheme in ("http://", "https://"):
        name = name.removeprefix(scheme)
    return name.partition("/")[0]


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if "/" not in text:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _addresses(host: str) -> Sequence[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        name = urlsplit(f"//{host}").hostname or host
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return []
    return [ipaddress.ip_address(address[0]) for *_, address in found]
