"""What the option strings of a mount say: sorted by who acts on them.

    ro nosuid noatime …      attributes of the mount           mount_setattr(2)
    rro rnosuid …            the same, of all below it too     mount_setattr(2), AT_RECURSIVE
    rshared private …        propagation                       mount_setattr(2)
    sync lazytime …          flags of the superblock           fsconfig(2)
    size=64k …               the file system's own             fsconfig(2)
    bind remount tmpcopyup … what is to be done                the caller

Source: OCI runtime-spec 1.2, config.md#linux-mount-options; mount(8).
"""

from __future__ import annotations

from seacan.kernel import mounts
from seacan.kernel.mounts import PROPAGATION, Change
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

_ATIME_MASK: Final = mounts.ATTR_ATIME_MASK

# option → (attributes set, attributes cleared); with `r` in front, on all mounts below as well.
_ATTRIBUTES: Final = {
    "ro": (mounts.ATTR_RDONLY, 0),
    "rw": (0, mounts.ATTR_RDONLY),
    "nosuid": (mounts.ATTR_NOSUID, 0),
    "suid": (0, mounts.ATTR_NOSUID),
    "nodev": (mounts.ATTR_NODEV, 0),
    "dev": (0, mounts.ATTR_NODEV),
    "noexec": (mounts.ATTR_NOEXEC, 0),
    "exec": (0, mounts.ATTR_NOEXEC),
    "nodiratime": (mounts.ATTR_NODIRATIME, 0),
    "diratime": (0, mounts.ATTR_NODIRATIME),
    "nosymfollow": (mounts.ATTR_NOSYMFOLLOW, 0),
    "symfollow": (0, mounts.ATTR_NOSYMFOLLOW),
    "relatime": (0, _ATIME_MASK),
    "norelatime": (mounts.ATTR_STRICTATIME, _ATIME_MASK),
    "noatime": (mounts.ATTR_NOATIME, _ATIME_MASK),
    "atime": (0, _ATIME_MASK),
    "strictatime": (mounts.ATTR_STRICTATIME, _ATIME_MASK),
    "nostrictatime": (0, _ATIME_MASK),
}
# These end one mode of access time, and leave another that was chosen before as it is.
_ENDS_MODE: Final = {
    "norelatime": 0,
    "atime": mounts.ATTR_NOATIME,
    "nostrictatime": mounts.ATTR_STRICTATIME,
}
# Flags of the superblock by the names that fsconfig(2) has for them, and what undoes each.
_SUPERBLOCK: Final = {"sync": "async", "dirsync": "", "lazytime": "nolazytime", "mand": "nomand"}
_SUPERBLOCK_OFF: Final = frozenset(off for off in _SUPERBLOCK.values() if off)
_BINDS: Final = ("bind", "rbind")
_ID_MAPS: Final = ("idmap", "ridmap")
_ACTIONS: Final = (*_BINDS, *_ID_MAPS, "remount", "tmpcopyup", "iversion", "noiversion")
# The first says nothing; the others only choose what the kernel logs.
_NO_EFFECT: Final = ("defaults", "silent", "loud")


_NONE: Final = Change()


@record(frozen=False)
class Options:
    """What the option strings of a mount say.

    `top` is for the mount itself and `tree` for all below it as well; `propagation` has pairs of a
    type (MS_*) and whether it is recursive. `superblock` are flags by name, `has_iversion` is one
    that only mount(2) takes; `data` is what only the file system understands.
    """

    is_bind: bool = False
    is_recursive: bool = False
    is_remount: bool = False
    copies_up: bool = False
    is_id_mapped: bool = False
    is_id_map_recursive: bool = False
    has_iversion: bool = False
    top: Change = _NONE
    tree: Change = _NONE
    propagation: tuple[tuple[int, bool], ...] = ()
    superblock: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    @property
    def is_read_only(self) -> bool:
        return bool(self.top.set & mounts.ATTR_RDONLY)

    @property
    def for_file_system(self) -> tuple[str, ...]:
        """The flags that are switched on, and the data: what a bind cannot have."""
        flags = tuple(flag for flag in self.superblock if flag in _SUPERBLOCK)
        return flags + (("iversion",) if self.has_iversion else ()) + self.data


def parse_options(options: Iterable[str], *, are_whole: bool = False) -> Options:
    """Sort option strings. Of two that contradict each other the later holds.

    A comma in one begins another, unless they `are_whole`.
    """
    parsed = Options()
    for option in options:
        unprefixed = option[1:] if option.startswith("r") else ""
        if option in _ATTRIBUTES:
            parsed.top = _and_then(parsed.top, option)
        elif unprefixed in _ATTRIBUTES:
            parsed.tree = _and_then(parsed.tree, unprefixed)
        elif option in PROPAGATION:
            parsed.propagation += ((PROPAGATION[option], False),)
        elif unprefixed in PROPAGATION:
            parsed.propagation += ((PROPAGATION[unprefixed], True),)
        elif option in _SUPERBLOCK or option in _SUPERBLOCK_OFF:
            parsed.superblock += (option,)
        elif option in _ACTIONS:
            _add_action(parsed, option)
        elif option not in _NO_EFFECT:
            parsed.data += (option,) if are_whole else _separated(option)
    return parsed


def _separated(option: str) -> tuple[str, ...]:
    # Several in one string, as mount(2) has them; but a comma may be quoted, or escaped.
    if '"' in option or "\\" in option:
        return (option,)
    return tuple(word for word in option.split(",") if word)


def _and_then(before: Change, option: str) -> Change:
    if option in _ENDS_MODE:
        has_mode = before.clear & _ATIME_MASK
        if has_mode and before.set & _ATIME_MASK != _ENDS_MODE[option]:
            return before
    return before.then(Change(*_ATTRIBUTES[option]))


def _add_action(parsed: Options, option: str) -> None:
    match option:
        case "bind" | "rbind":
            parsed.is_bind, parsed.is_recursive = True, option == "rbind"
        case "idmap" | "ridmap":
            parsed.is_id_mapped, parsed.is_id_map_recursive = True, option == "ridmap"
        case "remount":
            parsed.is_remount = True
        case "tmpcopyup":
            parsed.copies_up = True
        case _:
            parsed.has_iversion = option == "iversion"


def names() -> list[str]:
    """Return every option that is not left to the file system, sorted."""
    plain = (*_ATTRIBUTES, *PROPAGATION, *_SUPERBLOCK, *_SUPERBLOCK_OFF, *_ACTIONS, *_NO_EFFECT)
    recursive = (f"r{name}" for name in (*_ATTRIBUTES, *PROPAGATION))
    return sorted((*plain, *recursive))
