"""Mounts, made complete before anyone can see them, then attached to an open descriptor.

A mount is a descriptor here: of a new file system (`new_filesystem`) or a copy of an existing one
(`bind`). Its attributes are set while it is detached, and `attach` puts it on a directory or file
that was opened before: between a look at the target and the mount there is no path to swap.
Source: fsopen(2), open_tree(2), move_mount(2), mount_setattr(2); Linux 5.12.
"""

from __future__ import annotations

import errno
import os

from seacan.kernel import procfs, syscalls
from seacan.kernel.syscalls import AT_EMPTY_PATH, AT_FDCWD, AT_RECURSIVE
from seacan.lean import contextmanager, suppress
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Final

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
ATTR_ATIME_MASK: Final = 0x70  # the mode of access times, relatime is 0
ATTR_NODIRATIME: Final = 0x80
ATTR_NOSYMFOLLOW: Final = 0x200000
_ATTR_IDMAP: Final = 0x100000

_OPEN_TREE_CLONE: Final = 1
_MOVE_MOUNT_F_EMPTY_PATH: Final = 0x04
_MOVE_MOUNT_T_EMPTY_PATH: Final = 0x40
_FSCONFIG_SET_FLAG: Final = 0
_FSCONFIG_SET_STRING: Final = 1
_FSCONFIG_CMD_CREATE: Final = 6
_FSCONFIG_CMD_RECONFIGURE: Final = 7
_FSPICK_EMPTY_PATH: Final = 8
_MAX_VALUE: Final = 255  # fsconfig(2) refuses longer strings

PROPAGATION: Final = {
    "private": MS_PRIVATE,
    "shared": MS_SHARED,
    "slave": MS_SLAVE,
    "unbindable": MS_UNBINDABLE,
}


@record
class Change:
    """Attributes (ATTR_*) to clear, then those to set."""

    set: int = 0
    clear: int = 0

    def __bool__(self) -> bool:
        return bool(self.set or self.clear)

    def then(self, later: Change) -> Change:
        """Return one change that does what this one and then `later` would."""
        return Change((self.set & ~later.clear) | later.set, self.clear | later.clear)


def new_filesystem(
    fstype: str, source: str | None = None, data: Iterable[str] = (), attributes: int = 0
) -> int:
    """Return a detached mount of a new file system, configured by `data`.

    Each of `data` is `key` or `key=value`. Raises OSError, with what the file system itself says of
    a wrong option where it says it.
    """
    with _context(syscalls.fsopen(fstype), fstype) as context:
        if source:
            _set(context, "source", source)
        _configure(context, data)
        syscalls.fsconfig(context, _FSCONFIG_CMD_CREATE, None)
        return syscalls.fsmount(context, attributes)


def reconfigure(mount_fd: int, data: Iterable[str]) -> None:
    """Change options of the file system mounted at `mount_fd`, the root of a mount."""
    fs_fd = syscalls.fspick(mount_fd, "", _FSPICK_EMPTY_PATH)
    with _context(fs_fd, "") as context:
        _configure(context, data)
        syscalls.fsconfig(context, _FSCONFIG_CMD_RECONFIGURE, None)


def fits_fsconfig(source: str, data: Iterable[str]) -> bool:
    """Tell whether fsconfig(2) takes these; mount(2) takes more, see old_mount.py."""
    if len(os.fsencode(source)) > _MAX_VALUE:
        return False
    for option in data:
        # A quoted comma is part of a value, to be told by the file system's own parser.
        if "," in option and ("\\" in option or '"' in option):
            return False
        if len(os.fsencode(option.partition("=")[2])) > _MAX_VALUE:
            return False
    return True


@contextmanager
def _context(fs_fd: int, name: str) -> Iterator[int]:
    try:
        yield fs_fd
    except OSError as err:
        said = _complaints(fs_fd)
        raise OSError(err.errno, f"{err.strerror}{said}", name or None) from err
    finally:
        os.close(fs_fd)


def _configure(context: int, data: Iterable[str]) -> None:
    for option in data:
        key, has_value, value = option.partition("=")
        if has_value:
            _set(context, key, value)
        else:
            syscalls.fsconfig(context, _FSCONFIG_SET_FLAG, key)


def _set(context: int, key: str, value: str) -> None:
    if len(os.fsencode(value)) > _MAX_VALUE:
        raise OSError(errno.E2BIG, f"value of {key} is longer than {_MAX_VALUE} bytes")
    syscalls.fsconfig(context, _FSCONFIG_SET_STRING, key, value)


def _complaints(context: int) -> str:
    # The context keeps messages as `e text`, `w text`; ENODATA when there are no more.
    said = []
    with suppress(OSError):
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


def set_id_map(mount_fd: int, user_namespace: int, *, recursive: bool = False) -> None:
    """Show the owners of files as the mappings of `user_namespace` (a descriptor) have them.

    Of a detached mount that has no mapping yet; EINVAL if the file system cannot.
    """
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    syscalls.mount_setattr(mount_fd, "", flags, set_=_ATTR_IDMAP, userns_fd=user_namespace)


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


@record
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
