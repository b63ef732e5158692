"""What a registry is told: its flags, as a record."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import field

from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.registry.garbage import HOUR_S, Ages


class Address(msgspec.Struct, frozen=True):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Tls(msgspec.Struct, frozen=True):
    certificate: Path
    key: Path


class Passwords(msgspec.Struct, frozen=True):
    """`rules`: as they were written. `realm`: "" for the registry's own address."""

    htpasswd: Path
    rules: Sequence[str] = ()
    realm: str = ""


class Tokens(msgspec.Struct, frozen=True):
    """Of somebody else, who signs them with one of `keys`."""

    realm: str
    service: str
    issuer: str
    keys: Path


class Proxy(msgspec.Struct, frozen=True):
    """The registry that this one is a cache of. A tag is believed for `tag_lifetime_s`."""

    url: str
    tag_lifetime_s: float = 60.0
    credentials: Credentials = NOBODY


class Settings(msgspec.Struct, frozen=True):
    root: Path
    address: Address
    metrics_address: Address | None = None
    tls: Tls | None = None
    auth: Passwords | Tokens | None = None
    proxy: Proxy | None = None
    is_read_only: bool = False
    ages: Ages = field(default_factory=Ages)
    collect_every_s: float = HOUR_S
