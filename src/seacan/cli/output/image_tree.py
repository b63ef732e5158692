"""Images with what is here of them, a line for each name and below it one for each platform.

IMAGE             ID             DISK USAGE   CONTENT SIZE   IN USE
busybox:latest    8bb1fd205ac7   1.98MB       1.02MB         yes
└─ linux/amd64    3f57d9401f8d   1.98MB       1.02MB         yes
"""

from __future__ import annotations

from seacan.cli.output.table import short_id, table
from seacan.cli.output.units import decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_HEADER = ("IMAGE", "ID", "DISK USAGE", "CONTENT SIZE", "IN USE")


def image_tree(images: Iterable[dict[str, Any]]) -> str:
    """Return the tree of the items of `GET /images/json?manifests=1`."""
    return table(_HEADER, [line for image in images for line in _lines(image)])


def _lines(image: dict[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    platforms = [
        one
        for one in image.get("Manifests") or ()
        if one.get("Kind") == "image" and one.get("Available", True)
    ]
    names = [name for name in image.get("RepoTags") or () if not name.startswith("<none>")]
    content = sum(one.get("Size", {}).get("Content", 0) for one in platforms)
    is_used = image.get("Containers", -1) > 0 or any(map(_is_used, platforms))
    sizes = decimal_size(image["Size"]), decimal_size(content)
    for name in names or ["<untagged>"]:
        yield name, short_id(image["Id"]), *sizes, "yes" if is_used else ""
    for at, one in enumerate(platforms, 1):
        branch = "└─" if at == len(platforms) else "├─"
        total, inner = (one.get("Size", {}).get(key, 0) for key in ("Total", "Content"))
        yield (
            f"{branch} {_platform(one)}",
            short_id(one["ID"]),
            decimal_size(total),
            decimal_size(inner),
            "yes" if _is_used(one) else "",
        )


def _is_used(manifest: dict[str, Any]) -> bool:
    return bool((manifest.get("ImageData") or {}).get("Containers"))


def _platform(manifest: dict[str, Any]) -> str:
    platform = (manifest.get("ImageData") or {}).get("Platform") or {}
    parts = (platform.get(key) for key in ("os", "architecture", "variant"))
    return "/".join(part for part in parts if part) or "unknown"
