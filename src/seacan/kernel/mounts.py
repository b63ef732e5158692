"""Mounts, made complete before anyone can see them, then attached to an open descriptor.

A mount is a descriptor here: of a new file system (`new_filesystem`) or a copy of an existing one
(`bind`). Its attributes are set while it is detached, and `attach` puts it on a directory or file
that was opened before: between a look at the target and the mount there is no path to swap.
Source: fsopen(2), open_tree(2), move_mount(2), mount_setattr(2); Linux 5.12.
"""

import contextlib
import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from seacan.kernel import procfs, syscalls
from seacan.kernel.syscalls import AT_EMPTY_PATH, AT_FDCWD, AT_RECURSIVE

MS_BIND: Final = 0x1000  # linux/mount.h, also those below
MS_MOVE: Final = 0x2000
MS_REC: Final = 0x4000
MS_UNBINDABLE: Final = 0x20000
MS_PRIVATE: Final = 0x40000
MS_SLAVE: Final = 0x80000
MS_SHARED: Final = 0x100000
MNT_DETACH: Final = 2

ATTR_RDONLY: Final = 0x01
ATTR_NOSUID: Final = 0x02
ATTR_NODEV: Final = 0x04
ATTR_NOEXEC: Final = 0x08
ATTR_NOATIME: Final = 0x10
ATTR_STRICTATIME: Final = 0x20
ATTR_NODIRATIME: Final = 0x80
ATTR_NOSYMFOLLOW: Final = 0x200000
_ATTR_ATIME_MASK: Final = 0x70

_OPEN_TREE_CLONE: Final = 1
_MOVE_MOUNT_F_EMPTY_PATH: Final = 0x04
_MOVE_MOUNT_T_EMPTY_PATH: Final = 0x40
_FSCONFIG_SET_FLAG: Final = 0
_FSCONFIG_SET_STRING: Final = 1
_FSCONFIG_CMD_CREATE: Final = 6
_MAX_VALUE: Final = 255  # fsconfig(2) refuses longer strings

PROPAGATION: Final = {
    "private": MS_PRIVATE,
    "shared": MS_SHARED,
    "slave": MS_SLAVE,
    "unbindable": MS_UNBINDABLE,
}

# option → (attributes set, attributes cleared); with `r` in front, on all mounts below as well.
_ATTRIBUTES: Final = {
    "ro": (ATTR_RDONLY, 0),
    "rw": (0, ATTR_RDONLY),
    "nosuid": (ATTR_NOSUID, 0),
    "suid": (0, ATTR_NOSUID),
    "nodev": (ATTR_NODEV, 0),
    "dev": (0, ATTR_NODEV),
    "noexec": (ATTR_NOEXEC, 0),
    "exec": (0, ATTR_NOEXEC),
    "nodiratime": (ATTR_NODIRATIME, 0),
    "diratime": (0, ATTR_NODIRATIME),
    "nosymfollow": (ATTR_NOSYMFOLLOW, 0),
    "symfollow": (0, ATTR_NOSYMFOLLOW),
    "relatime": (0, _ATTR_ATIME_MASK),
    "norelatime": (ATTR_STRICTATIME, _ATTR_ATIME_MASK),
    "noatime": (ATTR_NOATIME, _ATTR_ATIME_MASK),
    "atime": (0, _ATTR_ATIME_MASK),
    "strictatime": (ATTR_STRICTATIME, _ATTR_ATIME_MASK),
    "nostrictatime": (0, _ATTR_ATIME_MASK),
}
# What would need more than the calls here: the caller refuses them.
UNSUPPORTED_OPTIONS: Final = frozenset(("remount", "tmpcopyup", "idmap", "ridmap"))
_NO_EFFECT: Final = frozenset(("defaults", "async", "nomand", "silent", "loud"))


@dataclass(frozen=True, slots=True)
class Change:
    """Attributes (ATTR_*) to clear, then those to set."""

    set: int = 0
    clear: int = 0

    def __bool__(self) -> bool:
        return bool(self.set or self.clear)

    def then(self, later: "Change") -> "Change":
        """Return one change that does what this one and then `later` would."""
        return Change((self.set & ~later.clear) | later.set, self.clear | later.clear)


@dataclass(frozen=True, slots=True)
class Options:
    """What the option strings of a mount say.

    `top` is for the mount itself and `tree` for all below it as well; `propagation` has pairs of a
    type (MS_*) and whether it is recursive; `data` is what only the file system understands.
    """

    is_bind: bool
    is_recursive: bool
    top: Change
    tree: Change
    propagation: tuple[tuple[int, bool], ...]
    data: tuple[str, ...]

    def with_data(self, *first: str) -> "Options":
        """Return these options with `first` in front of the data, which wins over it."""
        return replace(self, data=first + self.data)


def parse_options(options: Iterable[str]) -> Options:
    """Sort option strings: mount(8), OCI runtime-spec, config.md#linux-mount-options."""
    is_bind = is_recursive = False
    top, tree = Change(), Change()
    propagation: list[tuple[int, bool]] = []
    data: list[str] = []
    for option in options:
        unprefixed = option[1:] if option.startswith("r") else ""
        if option in ("bind", "rbind"):
            is_bind, is_recursive = True, option == "rbind"
        elif option in _ATTRIBUTES:
            top = top.then(Change(*_ATTRIBUTES[option]))
        elif unprefixed in _ATTRIBUTES:
            tree = tree.then(Change(*_ATTRIBUTES[unprefixed]))
        elif option in PROPAGATION:
            propagation.append((PROPAGATION[option], False))
        elif unprefixed in PROPAGATION:
            propagation.append((PROPAGATION[unprefixed], True))
        elif option not in _NO_EFFECT:
            data.append(option)
    return Options(is_bind, is_recursive, top, tree, tuple(propagation), tuple(data))


def option_names() -> list[str]:
    """Return every option that is not left to the file system, sorted."""
    plain = (*_ATTRIBUTES, *PROPAGATION, *_NO_EFFECT, "bind", "rbind")
    return sorted((*plain, *(f"r{name}" for name in (*_ATTRIBUTES, *PROPAGATION))))


def new_filesystem(
    fstype: str, source: str | None = None, data: Iterable[str] = (), attributes: int = 0
) -> int:
    """Return a detached mount of a new file system, configured by `data` (`key` or `key=value`).

    Raises OSError, with what the file system itself says of a wrong option where it says it.
    """
    context = syscalls.fsopen(fstype)
    try:
        if source:
            syscalls.fsconfig(context, _FSCONFIG_SET_STRING, "source", source)
        for option in data:
            _configure(context, option)
        syscalls.fsconfig(context, _FSCONFIG_CMD_CREATE, None)
        return syscalls.fsmount(context, attributes)
    except OSError as err:
        said = _complaints(context)
        raise OSError(err.errno, f"{err.strerror}{said}", fstype) from err
    finally:
        os.close(context)


def _configure(context: int, option: str) -> None:
    key, has_value, value = option.partition("=")
    if not has_value:
        syscalls.fsconfig(context, _FSCONFIG_SET_FLAG, key)
    elif len(os.fsencode(value)) > _MAX_VALUE:
        raise OSError(errno.E2BIG, f"value of {key} is longer than {_MAX_VALUE} bytes")
    else:
        syscalls.fsconfig(context, _FSCONFIG_SET_STRING, key, value)


def _complaints(context: int) -> str:
    # The context keeps messages as `e text`, `w text`; ENODATA when there are no more.
    said = []
    with contextlib.suppress(OSError):
        while message := os.read(context, 4096):
            said.append(message.decode(errors="replace").rstrip()[2:])
    return "".join(f": {text}" for text in said)


def bind(fd: int, *, recursive: bool = False) -> int:
    """Return a detached copy of the mount at `fd`, of those below it too if `recursive`."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | AT_EMPTY_PATH
    return syscalls.open_tree(fd, "", flags | (AT_RECURSIVE if recursive else 0))


def bind_path(path: str, *, recursive: bool = False) -> int:
    """Return a detached copy of the mount at `path` in the caller's own root."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC
    return syscalls.open_tree(AT_FDCWD, path, flags | (AT_RECURSIVE if recursive else 0))


def attach(mount_fd: int, target_fd: int) -> None:
    """Attach the detached mount `mount_fd` on the file or directory `target_fd`."""
    flags = _MOVE_MOUNT_F_EMPTY_PATH | _MOVE_MOUNT_T_EMPTY_PATH
    syscalls.move_mount(mount_fd, "", target_fd, "", flags)


def attach_at(mount_fd: int, dir_fd: int, name: str) -> None:
    """Attach the mount `mount_fd` on an entry of a directory that only the caller fills."""
    syscalls.move_mount(mount_fd, "", dir_fd, name, _MOVE_MOUNT_F_EMPTY_PATH)


def change(mount_fd: int, wanted: Change, *, recursive: bool = False) -> None:
    """Change attributes of a mount, of those below it too if `recursive`."""
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    syscalls.mount_setattr(mount_fd, "", flags, set_=wanted.set, clear=wanted.clear)


def set_propagation(mount_fd: int, kind: int, *, recursive: bool = False) -> None:
    """Make a mount shared, private, slave or unbindable (MS_*)."""
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    syscalls.mount_setattr(mount_fd, "", flags, propagation=kind)


def mount_point_of(path: str) -> str:
    """Return where the mount that `path` is on is attached. Source: proc_pid_mountinfo(5)."""
    path = os.path.realpath(path)
    best = "/"
    for entry in read_mountinfo():
        point = entry.mount_point
        if len(point) >= len(best) and (path == point or path.startswith(point.rstrip("/") + "/")):
            best = point
    return best


@dataclass(frozen=True, slots=True)
class MountInfo:
    """A line of /proc/self/mountinfo: `root` is what of the file system is mounted."""

    root: str
    mount_point: str
    fstype: str
    super_options: frozenset[str]


def read_mountinfo(fstype: str = "") -> list[MountInfo]:
    """Return the mounts of this process, or those of one type, in the order of mounting."""
    mark = f" - {fstype} ".encode() if fstype else b" - "
    lines = procfs.read("self/mountinfo").splitlines()
    return [_parse_mountinfo(os.fsdecode(line)) for line in lines if mark in line]


def _parse_mountinfo(line: str) -> MountInfo:
    # 36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/root rw,errors=continue
    mount, _, filesystem = line.partition(" - ")
    _, _, _, root, point, *_ = mount.split(" ")
    fstype, _, options = filesystem.split(" ")
    return MountInfo(_unescape(root), _unescape(point), fstype, frozenset(options.split(",")))


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    for code, character in (("040", " "), ("011", "\t"), ("012", "\n"), ("134", "\\")):
        text = text.replace(f"\\{code}", character)
    return text
