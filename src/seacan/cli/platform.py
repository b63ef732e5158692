"""Platforms as people type them, and as the API has them."""

from __future__ import annotations

import os

from seacan.cli.values import comma_list
from seacan.errors import InvalidArgument

_SYSTEMS = ("darwin", "freebsd", "linux", "windows")
# What the kernel calls them, and what images do.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PLATFORMS = comma_list()


def platforms_json(texts: list[str]) -> list[str]:
    """Return what the API wants for each of `linux/arm64/v8`, ...."""
    return [found for text in texts if (found := platform_json(text))]


def platform_json(text: str) -> str | None:
    """Return what the API wants for `linux/arm64/v8`; None for "".

    Of a system alone, or an architecture, the other is this machine's.
    """
    if not text:
        return None
    import json

    names = ("os", "architecture", "variant")
    parts = text.lower().split("/")
    if len(parts) > len(names) or not all(parts):
        raise InvalidArgument(f"invalid platform: {text}: os[/arch[/variant]] is wanted")
    if len(parts) == 1:
        machine = os.uname().machine
        own = _ARCHITECTURES.get(machine, machine)
        parts = [parts[0], own] if parts[0] in _SYSTEMS else ["linux", parts[0]]
    return json.dumps(dict(zip(names, parts, strict=False)))
