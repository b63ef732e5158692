"""From the domain of an image's name to the places that are asked for it, best first.

mirrors, as --registry-mirror or hosts.toml has them; then the registry itself, over TLS; and if it
counts as insecure, without TLS too.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import field

from seacan.images.remote import certificates, hosts_toml
from seacan.images.remote.certificates import Tls
from seacan.images.remote.settings import (
    HUB,
    HUB_INDEX_HOST,
    HUB_REGISTRY,
    RegistrySettings,
)

Purpose: TypeAlias = Literal["pull", "push"]


class Endpoint(msgspec.Struct, frozen=True):
    url: str  # https://HOST[:PORT]/v2, as a rule
    tls: Tls
    is_mirror: bool = False
    namespace: str = ""  # the registry that a mirror is asked for, if it may have several
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https://")

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


def endpoints(settings: RegistrySettings, domain: str, purpose: Purpose) -> list[Endpoint]:
    """Return whom to ask, never empty. Raises InvalidArgument for unreadable configuration."""
    domain = HUB if domain in (HUB_INDEX_HOST, HUB_REGISTRY) else domain
    registry = HUB_REGISTRY if domain == HUB else domain
    hosts = hosts_toml.find(settings.directories, domain)
    if hosts is not None:
        found = [
            endpoint
            for host in hosts
            if purpose in host.capabilities
            for endpoint in _of_host(settings, host, domain, registry)
        ]
        if found:
            return found
    mirrors = settings.mirrors if domain == HUB and purpose == "pull" else ()
    return [
        *(_mirror(settings, url) for url in mirrors),
        *_direct(settings, registry),
    ]


def _mirror(settings: RegistrySettings, url: str) -> Endpoint:
    return Endpoint(f"{url.rstrip('/')}/v2", _tls(settings, urlsplit(url).netloc), is_mirror=True)


def _direct(settings: RegistrySettings, host: str) -> Iterator[Endpoint]:
    tls = _tls(settings, host)
    yield Endpoint(f"https://{host}/v2", tls)
    if not tls.verify:
        yield Endpoint(f"http://{host}/v2", tls)


def _of_host(
    settings: RegistrySettings, host: hosts_toml.Host, domain: str, registry: str
) -> Iterator[Endpoint]:
    parts = urlsplit(host.url)
    if parts.netloc == domain:  # docker.io is but a name
        parts = parts._replace(netloc=registry)
    is_elsewhere = parts.netloc != registry
    path = parts.path.rstrip("/")
    if not host.override_path:
        path += "/v2"
    yield Endpoint(
        f"{parts.scheme}://{parts.netloc}{path}",
        host.tls or _tls(settings, parts.netloc),
        is_mirror=not host.is_server,
        namespace=domain if is_elsewhere else "",
        headers=host.headers,
    )
    if not is_elsewhere and parts.scheme == "https" and settings.is_insecure(registry):
        yield Endpoint(f"http://{parts.netloc}{path}", _tls(settings, registry))


def _tls(settings: RegistrySettings, host: str) -> Tls:
    return certificates.find(settings.directories, host, verify=not settings.is_insecure(host))
