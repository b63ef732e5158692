"""Platforms as people type them, and as the API has them."""

from __future__ import annotations

from seacan.cli.values import comma_list
from seacan.errors import InvalidArgument

PLATFORMS = comma_list()


def platforms_json(texts: list[str]) -> list[str]:
    """Return what the API wants for each of `linux/arm64/v8`, ...."""
    return [found for text in texts if (found := platform_json(text))]


def platform_json(text: str) -> str | None:
    """Return what the API wants for `linux/arm64/v8`; None for ""."""
    if not text:
        return None
    import json

    names = ("os", "architecture", "variant")
    parts = text.lower().split("/")
    if len(parts) > len(names) or not all(parts):
        raise InvalidArgument(f"invalid platform: {text}: os[/arch[/variant]] is wanted")
    return json.dumps(dict(zip(names, parts, strict=False)))
