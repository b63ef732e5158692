"""What a registry is told: its flags, as a record."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.registry.garbage import HOUR_S, Ages


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tls:
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Passwords:
    """`rules`: as they were written. `realm`: "" for the registry's own address."""

    htpasswd: Path
    rules: Sequence[str] = ()
    realm: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of somebody else, who signs them with one of `keys`."""

    realm: str
    service: str
    issuer: str
    keys: Path


@dataclass(frozen=True, slots=True)
class Proxy:
    """The registry that this one is a cache of. A tag is believed for `tag_lifetime_s`."""

    url: str
    tag_lifetime_s: float = 60.0
    credentials: Credentials = NOBODY


@dataclass(frozen=True, slots=True)
class Settings:
    root: Path
    address: Address
    metrics_address: Address | None = None
    tls: Tls | None = None
    auth: Passwords | Tokens | None = None
    proxy: Proxy | None = None
    is_read_only: bool = False
    ages: Ages = field(default_factory=Ages)
    collect_every_s: float = HOUR_S
