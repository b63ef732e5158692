"""The system calls that `os` does not have, typed.

Those about the process itself are in this_process.py, those that give the kernel a program in
programs.py; libc.py is what they stand on. Nothing else imports ctypes.

Every function raises OSError(errno, "call: reason", path) and says its manual page. Descriptors
come back close-on-exec and belong to the caller. Flags are numbers here; the modules by subject
(mounts, namespaces, rooted, …) hold their names.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import (
    c_char_p,
    c_int,
    c_long,
    c_size_t,
    c_uint,
    c_uint32,
    c_uint64,
    c_ulong,
    c_void_p,
)

from seacan.kernel import signals
from seacan.kernel.libc import (
    IS_X86_64,
    bind,
    bind_locked,
    bind_number,
    check,
    encode,
    encode_or_null,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

AT_FDCWD: Final = -100  # linux/fcntl.h
AT_EMPTY_PATH: Final = 0x1000
AT_RECURSIVE: Final = 0x8000
_SOCK_CLOEXEC: Final = os.O_CLOEXEC  # linux/net.h

# Numbers since 5.0 are the same on every architecture: asm-generic/unistd.h.
_NR_OPEN_TREE: Final = 428
_NR_MOVE_MOUNT: Final = 429
_NR_FSOPEN: Final = 430
_NR_FSCONFIG: Final = 431
_NR_FSMOUNT: Final = 432
_NR_FSPICK: Final = 433
_NR_CLOSE_RANGE: Final = 436
_NR_OPENAT2: Final = 437
_NR_PIDFD_GETFD: Final = 438
_NR_MOUNT_SETATTR: Final = 442
_NR_QUOTACTL_FD: Final = 443

# Older numbers differ: arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h.
_NR_CLONE: Final = 56 if IS_X86_64 else 220
_NR_PIVOT_ROOT: Final = 155 if IS_X86_64 else 41


class OpenHow(ctypes.Structure):
    """struct open_how, linux/openat2.h."""

    _fields_ = (("flags", c_uint64), ("mode", c_uint64), ("resolve", c_uint64))


class MountAttr(ctypes.Structure):
    """struct mount_attr, linux/mount.h."""

    _fields_ = (
        ("attr_set", c_uint64),
        ("attr_clr", c_uint64),
        ("propagation", c_uint64),
        ("userns_fd", c_uint64),
    )


class StatFs(ctypes.Structure):
    """struct statfs of 64-bit architectures, asm-generic/statfs.h: only its first field is read."""

    _fields_ = (("type", c_long), ("rest", c_long * 15))


_mount = bind("mount", c_char_p, c_char_p, c_char_p, c_ulong, c_char_p)
_umount2 = bind("umount2", c_char_p, c_int)
_unshare = bind("unshare", c_int)
_setns = bind("setns", c_int, c_int)
_sethostname = bind("sethostname", c_char_p, c_size_t)
_setdomainname = bind("setdomainname", c_char_p, c_size_t)
_socket = bind("socket", c_int, c_int, c_int)
_socketpair = bind("socketpair", c_int, c_int, c_int, c_void_p)
_fstatfs = bind("fstatfs", c_int, c_void_p)
_syncfs = bind("syncfs", c_int)
_inotify_init1 = bind("inotify_init1", c_int)
_inotify_add_watch = bind("inotify_add_watch", c_int, c_char_p, c_uint32)

_clone = bind_locked("syscall", c_long, c_ulong, *[c_void_p] * 4, result=c_long)
_NO_STACK = [(None,)] * 4  # nor a place for thread ids
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_fork_in_child = ctypes.pythonapi.PyOS_AfterFork_Child
_after_fork_in_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
_pivot_root = bind_number(_NR_PIVOT_ROOT, c_char_p, c_char_p)
_open_tree = bind_number(_NR_OPEN_TREE, c_int, c_char_p, c_uint)
_move_mount = bind_number(_NR_MOVE_MOUNT, c_int, c_char_p, c_int, c_char_p, c_uint)
_fsopen = bind_number(_NR_FSOPEN, c_char_p, c_uint)
_fsconfig = bind_number(_NR_FSCONFIG, c_int, c_uint, c_char_p, c_char_p, c_int)
_fsmount = bind_number(_NR_FSMOUNT, c_int, c_uint, c_uint)
_fspick = bind_number(_NR_FSPICK, c_int, c_char_p, c_uint)
_close_range = bind_number(_NR_CLOSE_RANGE, c_uint, c_uint, c_uint)
_openat2 = bind_number(_NR_OPENAT2, c_int, c_char_p, c_void_p, c_size_t)
_pidfd_getfd = bind_number(_NR_PIDFD_GETFD, c_int, c_int, c_uint)
_mount_setattr = bind_number(_NR_MOUNT_SETATTR, c_int, c_char_p, c_uint, c_void_p, c_size_t)
_quotactl_fd = bind_number(_NR_QUOTACTL_FD, c_uint, c_uint, c_uint32, c_void_p)


# --- mounts -----------------------------------------------------------------------------------


def mount(
    source: str | None, target: str, fstype: str | None, flags: int = 0, data: str | None = None
) -> None:
    """Mount at the path `target` (`flags`: MS_*). Source: mount(2)."""
    result = _mount(
        encode_or_null(source),
        encode(target),
        encode_or_null(fstype),
        flags,
        encode_or_null(data),
    )
    check(result, "mount", target)


def umount2(target: str, flags: int = 0) -> None:
    """Detach the mount at `target` (`flags`: MNT_*, UMOUNT_NOFOLLOW). Source: umount(2)."""
    check(_umount2(encode(target), flags), "umount2", target)


def pivot_root(new_root: str, put_old: str) -> None:
    """Make the mount `new_root` the root, and attach the old one at `put_old`.

    Source: pivot_root(2); `pivot_root(".", ".")` stacks the old root on the new one.
    """
    check(_pivot_root(encode(new_root), encode(put_old)), "pivot_root", new_root)


def open_tree(dir_fd: int, path: str, flags: int) -> int:
    """Return a descriptor of the mount at `path`, a detached copy with OPEN_TREE_CLONE.

    Source: open_tree(2), Linux 5.2.
    """
    return check(_open_tree(dir_fd, encode(path), flags), "open_tree", path)


def move_mount(from_fd: int, from_path: str, to_fd: int, to_path: str, flags: int) -> None:
    """Attach the mount of a descriptor (`flags`: MOVE_MOUNT_*).

    Source: move_mount(2), Linux 5.2.
    """
    result = _move_mount(from_fd, encode(from_path), to_fd, encode(to_path), flags)
    check(result, "move_mount", to_path or None)


def fsopen(fstype: str) -> int:
    """Return a configuration descriptor for a new file system. Source: fsopen(2), Linux 5.2."""
    return check(_fsopen(encode(fstype), 1), "fsopen", fstype)  # FSOPEN_CLOEXEC


def fsconfig(fs_fd: int, command: int, key: str | None, value: str | None = None) -> None:
    """Set a parameter of `fs_fd`, or create its superblock (`command`: FSCONFIG_*).

    Source: fsconfig(2), Linux 5.2.
    """
    result = _fsconfig(fs_fd, command, encode_or_null(key), encode_or_null(value), 0)
    check(result, "fsconfig", key)


def fsmount(fs_fd: int, attributes: int) -> int:
    """Return a detached mount of `fs_fd` (`attributes`: MOUNT_ATTR_*).

    Source: fsmount(2), Linux 5.2.
    """
    return check(_fsmount(fs_fd, 1, attributes), "fsmount")  # FSMOUNT_CLOEXEC


def fspick(dir_fd: int, path: str, flags: int) -> int:
    """Return a configuration descriptor for the file system mounted at `path` (FSPICK_*).

    Source: fspick(2), Linux 5.2.
    """
    result = _fspick(dir_fd, encode(path), flags | 1)  # FSPICK_CLOEXEC
    return check(result, "fspick", path or None)


def mount_setattr(
    dir_fd: int,
    path: str,
    flags: int,
    *,
    set_: int = 0,
    clear: int = 0,
    propagation: int = 0,
    userns_fd: int = 0,
) -> None:
    """Change attributes of a mount, of all below it with AT_RECURSIVE.

    Source: mount_setattr(2), Linux 5.12.
    """
    attr = MountAttr(set_, clear, propagation, userns_fd)
    size = ctypes.sizeof(attr)
    result = _mount_setattr(dir_fd, encode(path), flags, ctypes.byref(attr), size)
    check(result, "mount_setattr", path or None)


# --- paths and descriptors --------------------------------------------------------------------


def openat2(dir_fd: int, path: str, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """Open `path` below `dir_fd` under the limits of `resolve` (RESOLVE_*).

    Source: openat2(2), Linux 5.6.
    """
    how = OpenHow(flags | os.O_CLOEXEC, mode, resolve)
    result = _openat2(dir_fd, encode(path), ctypes.byref(how), ctypes.sizeof(how))
    return check(result, "openat2", path)


def close_range(first: int, last: int, *, cloexec: bool = False) -> None:
    """Close the descriptors from `first` to `last`, or mark them to be closed by execve.

    Source: close_range(2), Linux 5.9; marking since 5.11.
    """
    flags = 4 if cloexec else 0  # CLOSE_RANGE_CLOEXEC
    check(_close_range(first, last, flags), "close_range")


def pidfd_getfd(pidfd: int, fd: int) -> int:
    """Return a duplicate of the descriptor `fd` of another process.

    Needs the right to ptrace that process. Source: pidfd_getfd(2), Linux 5.6.
    """
    return check(_pidfd_getfd(pidfd, fd, 0), "pidfd_getfd")


def fstatfs_type(fd: int) -> int:
    """Return the magic number of the file system that `fd` is on. Source: fstatfs(2)."""
    result = StatFs()
    check(_fstatfs(fd, ctypes.byref(result)), "fstatfs")
    return int(result.type)


def syncfs(fd: int) -> None:
    """Make durable what was written to the file system that `fd` is on. Source: syncfs(2)."""
    check(_syncfs(fd), "syncfs")


def quotactl_fd(fd: int, command: int, number: int, data: bytearray) -> None:
    """Do `command` (QCMD) for user, group or project `number` of the file system that `fd` is on.

    The kernel reads `data`, or writes into it. Source: quotactl_fd(2), Linux 5.14.
    """
    buffer = (ctypes.c_char * len(data)).from_buffer(data)
    check(_quotactl_fd(fd, command, number, ctypes.byref(buffer)), "quotactl_fd")


def inotify_init1(flags: int) -> int:
    """Return an inotify descriptor (`flags`: IN_NONBLOCK, IN_CLOEXEC, as os.O_*).

    Source: inotify_init(2).
    """
    return check(_inotify_init1(flags | os.O_CLOEXEC), "inotify_init1")


def inotify_add_watch(fd: int, path: str, mask: int) -> int:
    """Return the watch descriptor for `path` (`mask`: IN_*). Source: inotify_add_watch(2)."""
    return check(_inotify_add_watch(fd, encode(path), mask), "inotify_add_watch", path)


# --- sockets: the module socket is slow to import ---------------------------------------------


def socket(domain: int, kind: int) -> int:
    """Return a socket (`domain`: AF_*, `kind`: SOCK_*). Source: socket(2)."""
    return check(_socket(domain, kind | _SOCK_CLOEXEC, 0), "socket")


def socketpair(domain: int, kind: int) -> tuple[int, int]:
    """Return two connected sockets, as of socket(). Source: socketpair(2)."""
    ends = (c_int * 2)()
    check(_socketpair(domain, kind | _SOCK_CLOEXEC, 0, ends), "socketpair")
    return ends[0], ends[1]


# --- namespaces -------------------------------------------------------------------------------


def clone(flags: int = 0) -> int:
    """Fork with `flags` (CLONE_NEW*, CLONE_PARENT); return 0 in the child, its pid in the caller.

    The interpreter is told, as by os.fork(), but not the C library, whose own care is for threads
    that are in it without the interpreter's lock. Source: clone(2).
    """
    _before_fork()
    # Another thread may have asked for the interpreter's lock. A child that gave it would wait for
    # ever, having no threads: so the lock is kept, and until the interpreter knows of the fork no
    # bytecode comes that looks for who asks, as the end of a call in Python does.
    for pid in map(_clone, (_NR_CLONE,), (flags | signals.SIGCHLD,), *_NO_STACK):
        if pid == 0:
            _after_fork_in_child()
        else:
            _after_fork_in_parent()
    return check(pid, "clone")


def unshare(flags: int) -> None:
    """Leave the namespaces of `flags` (CLONE_NEW*) for new ones. Source: unshare(2)."""
    check(_unshare(flags), "unshare")


def setns(fd: int, kind: int = 0) -> None:
    """Enter the namespace open as `fd`; `kind` (CLONE_NEW*) must be its own. Source: setns(2)."""
    check(_setns(fd, kind), "setns")


def sethostname(name: str) -> None:
    """Set the host name of the UTS namespace. Source: sethostname(2)."""
    data = encode(name)
    check(_sethostname(data, len(data)), "sethostname", name)


def setdomainname(name: str) -> None:
    """Set the NIS domain name of the UTS namespace. Source: setdomainname(2)."""
    data = encode(name)
    check(_setdomainname(data, len(data)), "setdomainname", name)
