"""What the commands that remove all of a kind ask first, and what they print at the end."""

from __future__ import annotations

import sys

from seacan.cli.output.units import precise_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TITLES = {
    "Containers": "Containers",
    "Networks": "Networks",
    "Volumes": "Volumes",
    "Images": "Images",
    "Caches": "build cache objects",
}


def confirm(warning: str) -> bool:
    """Print `warning`, ask, and return whether the answer was yes."""
    print(warning)
    print("Are you sure you want to continue? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def removed_lines(done: dict[str, Any]) -> list[str]:
    """Return the heading and a line for each thing that went, of the answer of a prune."""
    lines = []
    for kind, title in _TITLES.items():
        if gone := done.get(f"{kind}Deleted"):
            lines += [f"Deleted {title}:", *(line for one in gone for line in _lines(one)), ""]
    return lines


def _lines(gone: str | dict[str, str]) -> list[str]:
    """Return a line of an id; of an image, what was done to a reference or an id."""
    if isinstance(gone, str):
        return [gone]
    return [f"{what.lower()}: {name}" for what, name in gone.items()]


def print_pruned(lines: list[str], reclaimed_bytes: int) -> None:
    print("".join(f"{line}\n" for line in lines), end="")
    print(f"Total reclaimed space: {precise_size(reclaimed_bytes)}")
