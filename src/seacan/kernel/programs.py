"""Programs that the kernel is given: filters of seccomp, eBPF.

As syscalls.py has its calls: they raise OSError(errno, "call: reason", path).
"""

from __future__ import annotations

import ctypes
from ctypes import (
    c_char_p,
    c_int,
    c_uint,
    c_ushort,
    c_void_p,
)

from seacan.kernel.libc import IS_X86_64, bind_number, check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_NR_SECCOMP: Final = 317 if IS_X86_64 else 277
_NR_BPF: Final = 321 if IS_X86_64 else 280

_seccomp = bind_number(_NR_SECCOMP, c_uint, c_uint, c_void_p)
_bpf = bind_number(_NR_BPF, c_int, c_void_p, c_uint)


class SockFprog(ctypes.Structure):
    """struct sock_fprog, linux/filter.h."""

    _fields_ = (("len", c_ushort), ("filter", c_char_p))


def seccomp_set_mode_filter(program: bytes, flags: int) -> int:
    """Add a filter of classic BPF to this thread, for good.

    `program` is an array of struct sock_filter, `flags` are SECCOMP_FILTER_FLAG_*. The result is
    the descriptor of notifications with NEW_LISTENER, else 0. Source: seccomp(2).
    """
    fprog = SockFprog(len(program) // 8, program)
    return check(_seccomp(1, flags, ctypes.byref(fprog)), "seccomp SECCOMP_SET_MODE_FILTER")


def bpf(command: int, attributes: bytearray, name: str) -> int:
    """Do `command` (BPF_*) with the fields of union bpf_attr; the kernel may write into them.

    `name` is the command's, for the error. Source: bpf(2).
    """
    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    return check(_bpf(command, ctypes.byref(buffer), len(attributes)), f"bpf {name}")


def address_of(data: bytes | bytearray) -> int:
    """Return the address of `data`, for a pointer inside bpf_attr; `data` must outlive its use."""
    if isinstance(data, bytearray):
        return ctypes.addressof((ctypes.c_char * len(data)).from_buffer(data))
    return ctypes.cast(c_char_p(data), c_void_p).value or 0
