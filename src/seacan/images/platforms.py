"""Platforms: `linux/arm64/v8`, under the names that images use (Go's)."""

import os
from dataclasses import dataclass
from typing import Final

from seacan.errors import InvalidArgument

_ARCHITECTURES: Final = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armv7l": "arm",
    "i386": "386",
    "i686": "386",
}
_OPERATING_SYSTEMS: Final = ("linux", "windows", "darwin", "freebsd")


@dataclass(frozen=True, slots=True)
class Platform:
    architecture: str
    os: str = "linux"
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def host() -> Platform:
    """Return the platform of this machine."""
    machine = os.uname().machine
    return Platform(_ARCHITECTURES.get(machine, machine))


def parse(text: str) -> Platform:
    """Return the platform that `text` means: `linux`, `arm64`, `linux/arm/v7`.

    Raises InvalidArgument.
    """
    match text.lower().split("/"):
        case [system] if system in _OPERATING_SYSTEMS:
            return Platform(host().architecture, system)
        case [architecture] if architecture:
            return Platform(_ARCHITECTURES.get(architecture, architecture))
        case [system, architecture, *variant] if system and architecture and len(variant) < 2:
            architecture = _ARCHITECTURES.get(architecture, architecture)
            return Platform(architecture, system, "".join(variant))
    raise InvalidArgument(f"platform {text!r}: not of the form os/architecture/variant")
