"""The names that systemd has for a container's cgroup: linux.cgroupsPath as SLICE:PREFIX:NAME.

    system.slice:docker:0123  →  /system.slice/docker-0123.scope
    a-b.slice::x.slice        →  /a.slice/a-b.slice/x.slice
    (none)                    →  /system.slice/seacan-ID.scope

Source: runc's docs/systemd.md; systemd.slice(5).
"""

import errno
from typing import Final, NamedTuple

_SUFFIX: Final = ".slice"
_SCOPE: Final = ".scope"
_PREFIX: Final = "seacan"


class Unit(NamedTuple):
    """A scope, or a slice, by its name, in `parent`, a slice; `path` below the manager's cgroup."""

    name: str
    parent: str
    path: str

    @property
    def is_slice(self) -> bool:
        return self.name.endswith(_SUFFIX)


def unit_of(cgroups_path: str, container_id: str, *, user: bool) -> Unit:
    """Return the unit that linux.cgroupsPath asks for. Raises OSError (EINVAL)."""
    parts = cgroups_path.split(":") if cgroups_path else ["", _PREFIX, container_id]
    if len(parts) != 3:
        reason = f"with systemd it is SLICE:PREFIX:NAME, not {cgroups_path!r}"
        raise OSError(errno.EINVAL, f"linux.cgroupsPath: {reason}")
    parent, prefix, name = parts
    parent = parent or ("user.slice" if user else "system.slice")
    if not name.endswith(_SUFFIX):
        name = f"{prefix}-{name}{_SCOPE}"
    if "/" in name or name == _SUFFIX:
        raise OSError(errno.EINVAL, f"linux.cgroupsPath: not the name of a unit: {name!r}")
    return Unit(name, parent, f"{slice_path(parent).rstrip('/')}/{name}")


def is_scope(path: str) -> bool:
    """Tell whether the cgroup at `path` is a scope's: one that systemd has made for a container."""
    return path.endswith(_SCOPE)


def cgroups_path(path: str) -> str:
    """Return the linux.cgroupsPath that asks for the cgroup at `path`, which a scope's may be."""
    if not is_scope(path):
        return path
    *_, parent, name = path.split("/")
    prefix, _, rest = name.removesuffix(_SCOPE).partition("-")
    return f"{parent if parent.endswith(_SUFFIX) else '-' + _SUFFIX}:{prefix}:{rest}"


def slice_path(name: str) -> str:
    """Return where the slice is: each `-` is one more level, and `-.slice` the root.

    Raises OSError (EINVAL) for what is no slice.
    """
    stem = name.removesuffix(_SUFFIX)
    if name == f"-{_SUFFIX}":
        return "/"
    parts = stem.split("-")
    if not name.endswith(_SUFFIX) or not all(parts) or "/" in name:
        raise OSError(errno.EINVAL, f"linux.cgroupsPath: not the name of a slice: {name!r}")
    names = ("-".join(parts[: end + 1]) + _SUFFIX for end in range(len(parts)))
    return "/" + "/".join(names)
