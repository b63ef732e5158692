"""The system calls that `os` does not have, typed; the one module that imports ctypes.

Every function raises OSError(errno, "call: reason", path) and says its manual page. Descriptors
come back close-on-exec and belong to the caller. Flags are numbers here; the modules by subject
(mounts, namespaces, rooted, …) hold their names.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable
from ctypes import (
    c_char_p,
    c_int,
    c_long,
    c_size_t,
    c_uint,
    c_uint32,
    c_uint64,
    c_ulong,
    c_ushort,
    c_void_p,
)
from typing import Any, Final, NoReturn

AT_FDCWD: Final = -100  # linux/fcntl.h
AT_EMPTY_PATH: Final = 0x1000
AT_RECURSIVE: Final = 0x8000
_SOCK_CLOEXEC: Final = os.O_CLOEXEC  # linux/net.h

_LIBC: Final = ctypes.CDLL(None, use_errno=True)

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
_IS_X86_64: Final = os.uname().machine == "x86_64"
_NR_CLONE: Final = 56 if _IS_X86_64 else 220
_NR_PIVOT_ROOT: Final = 155 if _IS_X86_64 else 41
_NR_KEYCTL: Final = 250 if _IS_X86_64 else 219
_NR_CAPGET: Final = 125 if _IS_X86_64 else 90
_NR_CAPSET: Final = 126 if _IS_X86_64 else 91


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


class CapHeader(ctypes.Structure):
    """struct __user_cap_header_struct, linux/capability.h."""

    _fields_ = (("version", c_uint32), ("pid", c_int))


class CapData(ctypes.Structure):
    """struct __user_cap_data_struct, linux/capability.h: 32 bits of each set."""

    _fields_ = (("effective", c_uint32), ("permitted", c_uint32), ("inheritable", c_uint32))


class StatFs(ctypes.Structure):
    """struct statfs of 64-bit architectures, asm-generic/statfs.h: only its first field is read."""

    _fields_ = (("type", c_long), ("rest", c_long * 15))


_CAPABILITY_VERSION_3: Final = 0x20080522  # linux/capability.h: two CapData


def _bind(name: str, *args: Any, result: Any = c_int) -> Callable[..., int]:
    # A prototype of its own for each signature: `_LIBC.syscall` is one object shared by all.
    return ctypes.CFUNCTYPE(result, *args, use_errno=True)((name, _LIBC))


def _bind_number(number: int, *args: Any) -> Callable[..., int]:
    call = _bind("syscall", c_long, *args, result=c_long)
    return lambda *values: call(number, *values)


_mount = _bind("mount", c_char_p, c_char_p, c_char_p, c_ulong, c_char_p)
_umount2 = _bind("umount2", c_char_p, c_int)
_unshare = _bind("unshare", c_int)
_setns = _bind("setns", c_int, c_int)
_sethostname = _bind("sethostname", c_char_p, c_size_t)
_setdomainname = _bind("setdomainname", c_char_p, c_size_t)
_prctl = _bind("prctl", c_int, c_ulong, c_ulong, c_ulong, c_ulong)
_prctl_name = _bind("prctl", c_int, c_char_p, c_ulong, c_ulong, c_ulong)
_socket = _bind("socket", c_int, c_int, c_int)
_socketpair = _bind("socketpair", c_int, c_int, c_int, c_void_p)
_fstatfs = _bind("fstatfs", c_int, c_void_p)
_syncfs = _bind("syncfs", c_int)
_inotify_init1 = _bind("inotify_init1", c_int)
_inotify_add_watch = _bind("inotify_add_watch", c_int, c_char_p, c_uint32)
_inotify_rm_watch = _bind("inotify_rm_watch", c_int, c_int)

_clone = _bind_number(_NR_CLONE, c_ulong, *[c_void_p] * 4)
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_fork_in_child = ctypes.pythonapi.PyOS_AfterFork_Child
_after_fork_in_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
_pivot_root = _bind_number(_NR_PIVOT_ROOT, c_char_p, c_char_p)
_keyctl_join = _bind_number(_NR_KEYCTL, c_int, c_char_p)
_keyctl_setperm = _bind_number(_NR_KEYCTL, c_int, c_int, c_uint32)
_capget = _bind_number(_NR_CAPGET, c_void_p, c_void_p)
_capset = _bind_number(_NR_CAPSET, c_void_p, c_void_p)
_open_tree = _bind_number(_NR_OPEN_TREE, c_int, c_char_p, c_uint)
_move_mount = _bind_number(_NR_MOVE_MOUNT, c_int, c_char_p, c_int, c_char_p, c_uint)
_fsopen = _bind_number(_NR_FSOPEN, c_char_p, c_uint)
_fsconfig = _bind_number(_NR_FSCONFIG, c_int, c_uint, c_char_p, c_char_p, c_int)
_fsmount = _bind_number(_NR_FSMOUNT, c_int, c_uint, c_uint)
_fspick = _bind_number(_NR_FSPICK, c_int, c_char_p, c_uint)
_close_range = _bind_number(_NR_CLOSE_RANGE, c_uint, c_uint, c_uint)
_openat2 = _bind_number(_NR_OPENAT2, c_int, c_char_p, c_void_p, c_size_t)
_pidfd_getfd = _bind_number(_NR_PIDFD_GETFD, c_int, c_int, c_uint)
_mount_setattr = _bind_number(_NR_MOUNT_SETATTR, c_int, c_char_p, c_uint, c_void_p, c_size_t)
_quotactl_fd = _bind_number(_NR_QUOTACTL_FD, c_uint, c_uint, c_uint32, c_void_p)


def _fail(call: str, path: str | None) -> NoReturn:
    error = ctypes.get_errno()
    raise OSError(error, f"{call}: {os.strerror(error)}", path)


def _check(result: int, call: str, path: str | None = None) -> int:
    if result < 0:
        _fail(call, path)
    return result


def _encode(text: str) -> bytes:
    # C would read a string up to its first NUL and act on another path than the one checked.
    if "\0" in text:
        raise ValueError(f"embedded null character in {text!r}")
    return os.fsencode(text)


def _encode_or_null(text: str | None) -> bytes | None:
    return None if text is None else _encode(text)


# --- mounts -----------------------------------------------------------------------------------


def mount(
    source: str | None, target: str, fstype: str | None, flags: int = 0, data: str | None = None
) -> None:
    """Mount at the path `target` (`flags`: MS_*). Source: mount(2)."""
    result = _mount(
        _encode_or_null(source),
        _encode(target),
        _encode_or_null(fstype),
        flags,
        _encode_or_null(data),
    )
    _check(result, "mount", target)


def umount2(target: str, flags: int = 0) -> None:
    """Detach the mount at `target` (`flags`: MNT_*, UMOUNT_NOFOLLOW). Source: umount(2)."""
    _check(_umount2(_encode(target), flags), "umount2", target)


def pivot_root(new_root: str, put_old: str) -> None:
    """Make the mount `new_root` the root, and attach the old one at `put_old`.

    Source: pivot_root(2); `pivot_root(".", ".")` stacks the old root on the new one.
    """
    _check(_pivot_root(_encode(new_root), _encode(put_old)), "pivot_root", new_root)


def open_tree(dir_fd: int, path: str, flags: int) -> int:
    """Return a descriptor of the mount at `path`, a detached copy with OPEN_TREE_CLONE.

    Source: open_tree(2), Linux 5.2.
    """
    return _check(_open_tree(dir_fd, _encode(path), flags), "open_tree", path)


def move_mount(from_fd: int, from_path: str, to_fd: int, to_path: str, flags: int) -> None:
    """Attach the mount of a descriptor (`flags`: MOVE_MOUNT_*).

    Source: move_mount(2), Linux 5.2.
    """
    result = _move_mount(from_fd, _encode(from_path), to_fd, _encode(to_path), flags)
    _check(result, "move_mount", to_path or None)


def fsopen(fstype: str) -> int:
    """Return a configuration descriptor for a new file system. Source: fsopen(2), Linux 5.2."""
    return _check(_fsopen(_encode(fstype), 1), "fsopen", fstype)  # FSOPEN_CLOEXEC


def fsconfig(fs_fd: int, command: int, key: str | None, value: str | None = None) -> None:
    """Set a parameter of `fs_fd`, or create its superblock (`command`: FSCONFIG_*).

    Source: fsconfig(2), Linux 5.2.
    """
    result = _fsconfig(fs_fd, command, _encode_or_null(key), _encode_or_null(value), 0)
    _check(result, "fsconfig", key)


def fsmount(fs_fd: int, attributes: int) -> int:
    """Return a detached mount of `fs_fd` (`attributes`: MOUNT_ATTR_*).

    Source: fsmount(2), Linux 5.2.
    """
    return _check(_fsmount(fs_fd, 1, attributes), "fsmount")  # FSMOUNT_CLOEXEC


def fspick(dir_fd: int, path: str, flags: int) -> int:
    """Return a configuration descriptor for the file system mounted at `path` (FSPICK_*).

    Source: fspick(2), Linux 5.2.
    """
    result = _fspick(dir_fd, _encode(path), flags | 1)  # FSPICK_CLOEXEC
    return _check(result, "fspick", path or None)


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
    result = _mount_setattr(dir_fd, _encode(path), flags, ctypes.byref(attr), size)
    _check(result, "mount_setattr", path or None)


# --- paths and descriptors --------------------------------------------------------------------


def openat2(dir_fd: int, path: str, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """Open `path` below `dir_fd` under the limits of `resolve` (RESOLVE_*).

    Source: openat2(2), Linux 5.6.
    """
    how = OpenHow(flags | os.O_CLOEXEC, mode, resolve)
    result = _openat2(dir_fd, _encode(path), ctypes.byref(how), ctypes.sizeof(how))
    return _check(result, "openat2", path)


def close_range(first: int, last: int, *, cloexec: bool = False) -> None:
    """Close the descriptors from `first` to `last`, or mark them to be closed by execve.

    Source: close_range(2), Linux 5.9; marking since 5.11.
    """
    flags = 4 if cloexec else 0  # CLOSE_RANGE_CLOEXEC
    _check(_close_range(first, last, flags), "close_range")


def pidfd_getfd(pidfd: int, fd: int) -> int:
    """Return a duplicate of the descriptor `fd` of another process.

    Needs the right to ptrace that process. Source: pidfd_getfd(2), Linux 5.6.
    """
    return _check(_pidfd_getfd(pidfd, fd, 0), "pidfd_getfd")


def fstatfs_type(fd: int) -> int:
    """Return the magic number of the file system that `fd` is on. Source: fstatfs(2)."""
    result = StatFs()
    _check(_fstatfs(fd, ctypes.byref(result)), "fstatfs")
    return int(result.type)


def syncfs(fd: int) -> None:
    """Make durable what was written to the file system that `fd` is on. Source: syncfs(2)."""
    _check(_syncfs(fd), "syncfs")


def quotactl_fd(fd: int, command: int, number: int, data: bytearray) -> None:
    """Do `command` (QCMD) for user, group or project `number` of the file system that `fd` is on.

    The kernel reads `data`, or writes into it. Source: quotactl_fd(2), Linux 5.14.
    """
    buffer = (ctypes.c_char * len(data)).from_buffer(data)
    _check(_quotactl_fd(fd, command, number, ctypes.byref(buffer)), "quotactl_fd")


def inotify_init1(flags: int) -> int:
    """Return an inotify descriptor (`flags`: IN_NONBLOCK, IN_CLOEXEC, as os.O_*).

    Source: inotify_init(2).
    """
    return _check(_inotify_init1(flags | os.O_CLOEXEC), "inotify_init1")


def inotify_add_watch(fd: int, path: str, mask: int) -> int:
    """Return the watch descriptor for `path` (`mask`: IN_*). Source: inotify_add_watch(2)."""
    return _check(_inotify_add_watch(fd, _encode(path), mask), "inotify_add_watch", path)


def inotify_rm_watch(fd: int, watch: int) -> None:
    """Remove a watch. Source: inotify_rm_watch(2)."""
    _check(_inotify_rm_watch(fd, watch), "inotify_rm_watch")


# --- sockets: the module socket is slow to import ---------------------------------------------


def socket(domain: int, kind: int) -> int:
    """Return a socket (`domain`: AF_*, `kind`: SOCK_*). Source: socket(2)."""
    return _check(_socket(domain, kind | _SOCK_CLOEXEC, 0), "socket")


def socketpair(domain: int, kind: int) -> tuple[int, int]:
    """Return two connected sockets, as of socket(). Source: socketpair(2)."""
    ends = (c_int * 2)()
    _check(_socketpair(domain, kind | _SOCK_CLOEXEC, 0, ends), "socketpair")
    return ends[0], ends[1]


# --- namespaces -------------------------------------------------------------------------------


def clone(flags: int = 0) -> int:
    """Fork with `flags` (CLONE_NEW*, CLONE_PARENT); return 0 in the child, its pid in the caller.

    For a process of one thread. The interpreter is told, as by os.fork(), but not the C library,
    whose own care is for threads. Source: clone(2).
    """
    _before_fork()
    pid = _clone(flags | signal.SIGCHLD, None, None, None, None)
    if pid == 0:
        _after_fork_in_child()
    else:
        _after_fork_in_parent()
    return _check(pid, "clone")


def unshare(flags: int) -> None:
    """Leave the namespaces of `flags` (CLONE_NEW*) for new ones. Source: unshare(2)."""
    _check(_unshare(flags), "unshare")


def setns(fd: int, kind: int = 0) -> None:
    """Enter the namespace open as `fd`; `kind` (CLONE_NEW*) must be its own. Source: setns(2)."""
    _check(_setns(fd, kind), "setns")


def sethostname(name: str) -> None:
    """Set the host name of the UTS namespace. Source: sethostname(2)."""
    data = _encode(name)
    _check(_sethostname(data, len(data)), "sethostname", name)


def setdomainname(name: str) -> None:
    """Set the NIS domain name of the UTS namespace. Source: setdomainname(2)."""
    data = _encode(name)
    _check(_setdomainname(data, len(data)), "setdomainname", name)


# --- this process: prctl(2), numbers from linux/prctl.h ---------------------------------------


def set_pdeathsig(signal: int) -> None:
    """Send this process `signal` when its parent thread ends; 0 for none."""
    _check(_prctl(1, signal, 0, 0, 0), "prctl PR_SET_PDEATHSIG")


def set_dumpable(dumpable: bool) -> None:
    """Allow or forbid ptrace and /proc/PID of this process to others of its user."""
    _check(_prctl(4, dumpable, 0, 0, 0), "prctl PR_SET_DUMPABLE")


def set_keepcaps(keep: bool) -> None:
    """Keep the permitted capabilities over a change of user from 0 to another."""
    _check(_prctl(8, keep, 0, 0, 0), "prctl PR_SET_KEEPCAPS")


def set_name(name: str) -> None:
    """Set the name of this thread in /proc/PID/comm, at most 15 bytes."""
    _check(_prctl_name(15, _encode(name), 0, 0, 0), "prctl PR_SET_NAME")


def capbset_drop(capability: int) -> None:
    """Drop `capability` (a number, CAP_*) from the bounding set."""
    _check(_prctl(24, capability, 0, 0, 0), "prctl PR_CAPBSET_DROP")


def set_child_subreaper(subreaper: bool) -> None:
    """Become, or stop being, the parent of orphans among this process's descendants."""
    _check(_prctl(36, subreaper, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER")


def set_no_new_privs() -> None:
    """Make setuid bits and file capabilities void for this process and those it starts."""
    _check(_prctl(38, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS")


def cap_ambient_raise(capability: int) -> None:
    """Add a capability that is permitted and inheritable to the ambient set."""
    _check(_prctl(47, 2, capability, 0, 0), "prctl PR_CAP_AMBIENT_RAISE")


def cap_ambient_clear() -> None:
    """Empty the ambient set."""
    _check(_prctl(47, 4, 0, 0, 0), "prctl PR_CAP_AMBIENT_CLEAR_ALL")


def capget() -> tuple[int, int, int]:
    """Return the effective, permitted and inheritable sets of this thread as bit masks.

    Source: capget(2).
    """
    header = CapHeader(_CAPABILITY_VERSION_3, 0)
    data = (CapData * 2)()
    _check(_capget(ctypes.byref(header), ctypes.byref(data)), "capget")
    low, high = data
    return (
        low.effective | high.effective << 32,
        low.permitted | high.permitted << 32,
        low.inheritable | high.inheritable << 32,
    )


def capset(effective: int, permitted: int, inheritable: int) -> None:
    """Set the three sets of this thread from bit masks. Source: capset(2)."""
    header = CapHeader(_CAPABILITY_VERSION_3, 0)
    data = (CapData * 2)(
        CapData(effective & 0xFFFFFFFF, permitted & 0xFFFFFFFF, inheritable & 0xFFFFFFFF),
        CapData(effective >> 32, permitted >> 32, inheritable >> 32),
    )
    _check(_capset(ctypes.byref(header), ctypes.byref(data)), "capset")


def keyctl_join_session_keyring(name: str) -> int:
    """Join, or create, the session keyring `name`; return its serial number. Source: keyctl(2)."""
    return _check(_keyctl_join(1, _encode(name)), "keyctl KEYCTL_JOIN_SESSION_KEYRING", name)


def keyctl_setperm(key: int, permissions: int) -> None:
    """Set the permission mask of a key that this process owns. Source: keyctl(2)."""
    _check(_keyctl_setperm(5, key, permissions), "keyctl KEYCTL_SETPERM")


# --- scheduling: rare, so each is bound when it is called -------------------------------------

_NR_SCHED_SETATTR: Final = 314 if _IS_X86_64 else 274
_NR_IOPRIO_SET: Final = 251 if _IS_X86_64 else 30
_NR_SET_MEMPOLICY: Final = 238 if _IS_X86_64 else 237


class SchedAttr(ctypes.Structure):
    """struct sched_attr, linux/sched/types.h."""

    _fields_ = (
        ("size", c_uint32),
        ("policy", c_uint32),
        ("flags", c_uint64),
        ("nice", c_int),
        ("priority", c_uint32),
        ("runtime", c_uint64),
        ("deadline", c_uint64),
        ("period", c_uint64),
        ("util_min", c_uint32),
        ("util_max", c_uint32),
    )


def sched_setattr(
    *, policy: int, flags: int, nice: int, priority: int, times_ns: tuple[int, int, int]
) -> None:
    """Set policy (SCHED_*) and attributes of this thread; times: runtime, deadline, period.

    Source: sched_setattr(2).
    """
    size = ctypes.sizeof(SchedAttr)
    attr = SchedAttr(size, policy, flags, nice, priority, *times_ns, 0, 0)
    call = _bind_number(_NR_SCHED_SETATTR, c_int, c_void_p, c_uint)
    _check(call(0, ctypes.byref(attr), 0), "sched_setattr")


def ioprio_set(priority: int) -> None:
    """Set the I/O priority of this process group: class << 13 | level. Source: ioprio_set(2)."""
    call = _bind_number(_NR_IOPRIO_SET, c_int, c_int, c_int)
    _check(call(2, 0, priority), "ioprio_set")  # IOPRIO_WHO_PGRP


def set_mempolicy(mode: int, nodes: Iterable[int]) -> None:
    """Set the memory policy (MPOL_*) of this thread. Source: set_mempolicy(2)."""
    bits = sum(1 << node for node in set(nodes))
    size = (bits.bit_length() + 63) // 64 * 8
    call = _bind_number(_NR_SET_MEMPOLICY, c_int, c_char_p, c_ulong)
    # The kernel counts one bit less than it is told.
    result = call(mode, bits.to_bytes(size, sys.byteorder) or None, size * 8 + 1 if size else 0)
    _check(result, "set_mempolicy")


def set_personality(persona: int) -> None:
    """Set the execution domain (PER_*) of this process. Source: personality(2)."""
    _check(_bind("personality", c_ulong)(persona), "personality")


# --- seccomp and eBPF -------------------------------------------------------------------------

_NR_SECCOMP: Final = 317 if _IS_X86_64 else 277
_NR_BPF: Final = 321 if _IS_X86_64 else 280

_seccomp = _bind_number(_NR_SECCOMP, c_uint, c_uint, c_void_p)
_bpf = _bind_number(_NR_BPF, c_int, c_void_p, c_uint)


class SockFprog(ctypes.Structure):
    """struct sock_fprog, linux/filter.h."""

    _fields_ = (("len", c_ushort), ("filter", c_char_p))


def seccomp_set_mode_filter(program: bytes, flags: int) -> int:
    """Add a filter of classic BPF to this thread, for good.

    `program` is an array of struct sock_filter, `flags` are SECCOMP_FILTER_FLAG_*. The result is
    the descriptor of notifications with NEW_LISTENER, else 0. Source: seccomp(2).
    """
    fprog = SockFprog(len(program) // 8, program)
    return _check(_seccomp(1, flags, ctypes.byref(fprog)), "seccomp SECCOMP_SET_MODE_FILTER")


def bpf(command: int, attributes: bytearray, name: str) -> int:
    """Do `command` (BPF_*) with the fields of union bpf_attr; the kernel may write into them.

    `name` is the command's, for the error. Source: bpf(2).
    """
    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    return _check(_bpf(command, ctypes.byref(buffer), len(attributes)), f"bpf {name}")


def address_of(data: bytes | bytearray) -> int:
    """Return the address of `data`, for a pointer inside bpf_attr; `data` must outlive its use."""
    if isinstance(data, bytearray):
        return ctypes.addressof((ctypes.c_char * len(data)).from_buffer(data))
    return ctypes.cast(c_char_p(data), c_void_p).value or 0
