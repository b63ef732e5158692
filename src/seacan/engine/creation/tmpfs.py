"""Options of a tmpfs: Docker's safe defaults, the later option in place of an earlier one."""

from collections.abc import Iterable, Sequence
from typing import Final

from seacan.errors import InvalidArgument, Unsupported
from seacan.spec.engine_api import TmpfsOptions

_DEFAULTS: Final = ("noexec", "nosuid", "nodev", "rprivate")

# Of the options in one group the last one counts. Source: mount(8), tmpfs(5).
_GROUPS: Final = (
    ("ro", "rw"),
    ("suid", "nosuid"),
    ("dev", "nodev"),
    ("exec", "noexec"),
    ("sync", "async"),
    ("dirsync",),
    ("mand", "nomand"),
    ("atime", "noatime"),
    ("diratime", "nodiratime"),
    ("relatime", "norelatime"),
    ("strictatime", "nostrictatime"),
    ("private", "rprivate", "slave", "rslave", "unbindable", "runbindable"),
)
_FLAGS: Final = {option: group[0] for group in _GROUPS for option in group}
_VALUES: Final = ("size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol")

_UNITS: Final = (("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10))


def merge(options: Iterable[str]) -> tuple[str, ...]:
    """Return the defaults and `options`, each kind once, in the order of their last mention.

    Raises InvalidArgument, in Docker's words, for an option that tmpfs does not have.
    """
    merged: dict[str, str] = {}
    for option in [*_DEFAULTS, *options]:
        if option in ("", "defaults"):
            continue
        kind = _kind(option)
        merged.pop(kind, None)
        merged[kind] = option
    return tuple(merged.values())


def _kind(option: str) -> str:
    if option in ("shared", "rshared"):
        raise Unsupported(f"mount propagation {option} is not supported yet")
    name, equals, _ = option.partition("=")
    if not equals and option in _FLAGS:
        return _FLAGS[option]
    if equals and name in _VALUES:
        return name
    raise InvalidArgument(f'invalid tmpfs option "{option}"')


def of_mount(options: TmpfsOptions) -> list[str]:
    """Return the options that `TmpfsOptions` of a Mount stand for: a size, a mode, flags."""
    result = []
    mode, size_bytes = options.get("Mode") or 0, options.get("SizeBytes") or 0
    if mode < 0 or size_bytes < 0:
        raise InvalidArgument("TmpfsOptions: Mode and SizeBytes cannot be negative")
    if mode:
        result.append(f"mode={mode:o}")
    if size_bytes:
        result.append(f"size={_size(size_bytes)}")
    return result + [_flag(entry) for entry in options.get("Options") or []]


def _size(size_bytes: int) -> str:
    for suffix, unit in _UNITS:
        if size_bytes % unit == 0:
            return f"{size_bytes // unit}{suffix}"
    return str(size_bytes)


def _flag(entry: Sequence[str]) -> str:
    if not 1 <= len(entry) <= 2:
        raise InvalidArgument("invalid option array length")
    if len(entry) == 2 or entry[0] not in ("exec", "noexec"):
        raise InvalidArgument(f"invalid option: {entry[0]}")
    return entry[0]
