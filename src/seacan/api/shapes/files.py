"""ContainerPathStat and ContainerChange: what a path is, and what became of it."""

import os
import stat
from typing import Any, Final

from seacan.contents.words import PathStat
from seacan.engine.containers.files import Change
from seacan.engine.times import rfc3339

# Go's bits of a file's mode. Source: Go, io/fs.FileMode.
_TYPES: Final = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
}
_SPECIAL: Final = {stat.S_ISUID: 1 << 23, stat.S_ISGID: 1 << 22, stat.S_ISVTX: 1 << 20}


def path_stat(found: PathStat) -> dict[str, Any]:
    whole, _, fraction = rfc3339(found["mtime_ns"]).removesuffix("Z").partition(".")
    fraction = fraction.rstrip("0")
    return {
        "name": _text(found["name"]),
        "size": found["size"],
        "mode": go_mode(found["mode"]),
        "mtime": f"{whole}.{fraction}Z" if fraction else f"{whole}Z",
        "linkTarget": _text(found["link_target"]),
    }


def go_mode(mode: int) -> int:
    """Return the kernel's mode of a file as Go numbers it."""
    special = sum(bit for kernels, bit in _SPECIAL.items() if mode & kernels)
    return _TYPES.get(stat.S_IFMT(mode), 0) | special | mode & 0o777


def change(one: Change) -> dict[str, Any]:
    return {"Path": _text(one.path), "Kind": one.kind}


def _text(name: str) -> str:
    """Return a name of a file as JSON can say it: what is no UTF-8 is replaced, as Go does."""
    return os.fsencode(name).decode(errors="replace")
