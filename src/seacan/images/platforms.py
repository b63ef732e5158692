"""Platforms: `linux/arm64/v8`, under the names that images use (Go's)."""

import os
from typing import Any, Final

import msgspec

from seacan.errors import InvalidArgument
from seacan.spec import image as wire

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


class Platform(msgspec.Struct, frozen=True):
    architecture: str
    os: str = "linux"
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def to_wire(self) -> wire.Platform:
        """Return it as descriptors have it."""
        platform: wire.Platform = {"architecture": self.architecture, "os": self.os}
        if self.variant:
            platform["variant"] = self.variant
        return platform


def from_wire(platform: wire.Platform) -> Platform:
    """Return what a descriptor's platform says."""
    return Platform(
        platform.get("architecture") or "",
        platform.get("os") or "",
        platform.get("variant") or "",
    )


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
    raise InvalidArgument(f'"{text}": cannot parse platform specifier: invalid argument')


def from_json(text: str) -> Platform:
    """Return the platform that the API's JSON means: `{"os": "linux", "architecture": "arm64"}`.

    Raises InvalidArgument.
    """
    try:
        found = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise InvalidArgument(f"failed to parse platform: {err}") from err
    parts = [found.get(name) or "" for name in ("architecture", "os", "variant")]
    if not all(isinstance(part, str) for part in parts):
        raise InvalidArgument("failed to parse platform: its parts are strings")
    architecture, system, variant = parts
    if not system or not architecture:
        raise InvalidArgument("both OS and Architecture must be provided")
    return Platform(_ARCHITECTURES.get(architecture, architecture), system, variant)
