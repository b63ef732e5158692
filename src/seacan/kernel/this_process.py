"""System calls about the process that makes them: prctl, capabilities, keyrings, scheduling.

As syscalls.py has them: they raise OSError(errno, "call: reason", path).
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import (
    c_char_p,
    c_int,
    c_size_t,
    c_uint,
    c_uint32,
    c_uint64,
    c_ulong,
    c_void_p,
)

from seacan.kernel.libc import IS_X86_64, bind, bind_number, check, encode
from seacan.lean import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Final

# arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h.
_NR_KEYCTL: Final = 250 if IS_X86_64 else 219
_NR_CAPGET: Final = 125 if IS_X86_64 else 90
_NR_CAPSET: Final = 126 if IS_X86_64 else 91
_CAPABILITY_VERSION_3: Final = 0x20080522  # linux/capability.h: two CapData


class CapHeader(ctypes.Structure):
    """struct __user_cap_header_struct, linux/capability.h."""

    _fields_ = (("version", c_uint32), ("pid", c_int))


class CapData(ctypes.Structure):
    """struct __user_cap_data_struct, linux/capability.h: 32 bits of each set."""

    _fields_ = (("effective", c_uint32), ("permitted", c_uint32), ("inheritable", c_uint32))


_prctl = bind("prctl", c_int, c_ulong, c_ulong, c_ulong, c_ulong)
_prctl_name = bind("prctl", c_int, c_char_p, c_ulong, c_ulong, c_ulong)
_madvise = bind("madvise", c_void_p, c_size_t, c_int)
_setfsuid = bind("setfsuid", c_uint32)
_setfsgid = bind("setfsgid", c_uint32)
_keyctl_join = bind_number(_NR_KEYCTL, c_int, c_char_p)
_keyctl_setperm = bind_number(_NR_KEYCTL, c_int, c_int, c_uint32)
_capget = bind_number(_NR_CAPGET, c_void_p, c_void_p)
_capset = bind_number(_NR_CAPSET, c_void_p, c_void_p)


# --- this process: prctl(2), numbers from linux/prctl.h ---------------------------------------


def set_pdeathsig(signal: int) -> None:
    """Send this process `signal` when its parent thread ends; 0 for none."""
    check(_prctl(1, signal, 0, 0, 0), "prctl PR_SET_PDEATHSIG")


def set_dumpable(dumpable: bool) -> None:
    """Allow or forbid ptrace and /proc/PID of this process to others of its user."""
    check(_prctl(4, dumpable, 0, 0, 0), "prctl PR_SET_DUMPABLE")


def set_keepcaps(keep: bool) -> None:
    """Keep the permitted capabilities over a change of user from 0 to another."""
    check(_prctl(8, keep, 0, 0, 0), "prctl PR_SET_KEEPCAPS")


def set_name(name: str) -> None:
    """Set the name of this thread in /proc/PID/comm, at most 15 bytes."""
    check(_prctl_name(15, encode(name), 0, 0, 0), "prctl PR_SET_NAME")


def capbset_drop(capability: int) -> None:
    """Drop `capability` (a number, CAP_*) from the bounding set."""
    check(_prctl(24, capability, 0, 0, 0), "prctl PR_CAPBSET_DROP")


@contextmanager
def as_file_owner(uid: int, gid: int) -> Iterator[None]:
    """Make files as `uid` and `gid`, with the capabilities that root has over them, for a while.

    Source: setfsuid(2); capabilities(7), SECBIT_NO_SETUID_FIXUP.
    """
    check(_prctl(28, 1 << 2, 0, 0, 0), "prctl PR_SET_SECUREBITS")
    _setfsgid(gid)
    _setfsuid(uid)
    try:
        yield
    finally:
        _setfsuid(os.geteuid())
        _setfsgid(os.getegid())
        check(_prctl(28, 0, 0, 0, 0), "prctl PR_SET_SECUREBITS")


def set_child_subreaper(subreaper: bool) -> None:
    """Become, or stop being, the parent of orphans among this process's descendants."""
    check(_prctl(36, subreaper, 0, 0, 0), "prctl PR_SET_CHILD_SUBREAPER")


def set_no_new_privs() -> None:
    """Make setuid bits and file capabilities void for this process and those it starts."""
    check(_prctl(38, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS")


def cap_ambient_raise(capability: int) -> None:
    """Add a capability that is permitted and inheritable to the ambient set."""
    check(_prctl(47, 2, capability, 0, 0), "prctl PR_CAP_AMBIENT_RAISE")


def cap_ambient_clear() -> None:
    """Empty the ambient set."""
    check(_prctl(47, 4, 0, 0, 0), "prctl PR_CAP_AMBIENT_CLEAR_ALL")


def capget() -> tuple[int, int, int]:
    """Return the effective, permitted and inheritable sets of this thread as bit masks.

    Source: capget(2).
    """
    header = CapHeader(_CAPABILITY_VERSION_3, 0)
    data = (CapData * 2)()
    check(_capget(ctypes.byref(header), ctypes.byref(data)), "capget")
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
    check(_capset(ctypes.byref(header), ctypes.byref(data)), "capset")


def keyctl_join_session_keyring(name: str) -> int:
    """Join, or create, the session keyring `name`; return its serial number. Source: keyctl(2)."""
    return check(_keyctl_join(1, encode(name)), "keyctl KEYCTL_JOIN_SESSION_KEYRING", name)


def keyctl_setperm(key: int, permissions: int) -> None:
    """Set the permission mask of a key that this process owns. Source: keyctl(2)."""
    check(_keyctl_setperm(5, key, permissions), "keyctl KEYCTL_SETPERM")


def populate(address: int, length_bytes: int) -> None:
    """Have pages as writing to each would have them. Source: madvise(2), MADV_POPULATE_WRITE."""
    check(_madvise(address, length_bytes, 23), "madvise MADV_POPULATE_WRITE")


# --- scheduling: rare, so each is bound when it is called -------------------------------------

_NR_SCHED_SETATTR: Final = 314 if IS_X86_64 else 274
_NR_IOPRIO_SET: Final = 251 if IS_X86_64 else 30
_NR_SET_MEMPOLICY: Final = 238 if IS_X86_64 else 237


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
    call = bind_number(_NR_SCHED_SETATTR, c_int, c_void_p, c_uint)
    check(call(0, ctypes.byref(attr), 0), "sched_setattr")


def ioprio_set(priority: int) -> None:
    """Set the I/O priority of this process group: class << 13 | level. Source: ioprio_set(2)."""
    call = bind_number(_NR_IOPRIO_SET, c_int, c_int, c_int)
    check(call(2, 0, priority), "ioprio_set")  # IOPRIO_WHO_PGRP


def set_mempolicy(mode: int, nodes: Iterable[int]) -> None:
    """Set the memory policy (MPOL_*) of this thread. Source: set_mempolicy(2)."""
    bits = sum(1 << node for node in set(nodes))
    size = (bits.bit_length() + 63) // 64 * 8
    call = bind_number(_NR_SET_MEMPOLICY, c_int, c_char_p, c_ulong)
    # The kernel counts one bit less than it is told.
    result = call(mode, bits.to_bytes(size, sys.byteorder) or None, size * 8 + 1 if size else 0)
    check(result, "set_mempolicy")


def set_personality(persona: int) -> None:
    """Set the execution domain (PER_*) of this process. Source: personality(2)."""
    check(bind("personality", c_ulong)(persona), "personality")


def take_all_descriptors() -> None:
    """Raise the soft limit of open files to the hard one, as servers do. Source: getrlimit(2)."""
    import resource  # not for every container

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
