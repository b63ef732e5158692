"""Generated profiles, loaded: the kernel's verdict on calls is what the profile means.

The calls take no arguments, so that they may be given any. They are made in three ABIs: i386's by
`int 0x80`, x32's by the numbers that it has, with ENOSYS for what is let through: the kernels that
tests run on do not have it.
"""

import ctypes  # noqa: TID251 calls that our own types do not let through
import errno
import mmap
import os
import signal
import struct
from collections.abc import Callable
from functools import cache
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.runtime.seccomp import model
from tests.unit.runtime.seccomp.classic_bpf import answer
from tests.unit.runtime.seccomp.profiles import VALUES, WIDE, WITHOUT_ARGUMENTS, profiles

from seacan.runtime.seccomp.compile import AUDIT_ARCH_I386, AUDIT_ARCH_X86_64, compile_filter
from seacan.runtime.seccomp.load import load_filter
from seacan.runtime.seccomp.policy import ACTIONS
from seacan.runtime.seccomp.syscall_numbers import X32_BIT, numbers
from seacan.spec.runtime import LinuxSeccomp, LinuxSyscall

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="int 0x80 is of x86"),
]

SYSCALL: Final = ctypes.CDLL(None, use_errno=True).syscall
LISTED: Final = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
ARCHS: Final = {
    "x86_64": AUDIT_ARCH_X86_64,
    "i386": AUDIT_ARCH_I386,
    "x32": AUDIT_ARCH_X86_64,
}
NEWER: Final = 700  # than every call that the profiles name, and than the kernel's
# What a child needs to tell what it saw.
TELLING: Final[LinuxSyscall] = {
    "names": ["exit_group", "brk", "mmap", "munmap", "mprotect", "madvise", "futex"],
    "action": "SCMP_ACT_ALLOW",
}
MEMORY: Final = mmap.mmap(-1, mmap.PAGESIZE, prot=7)  # PROT_READ, PROT_WRITE, PROT_EXEC
# rdi points to eight words: the number and the arguments of a call of i386, in its registers.
INT_0X80: Final = bytes.fromhex(
    "5355"  # push rbx; push rbp
    "4889f8"  # mov rax, rdi
    "8b58048b48088b500c8b70108b78148b6818"  # mov ebx, ecx, edx, esi, edi, ebp from [rax + 4…]
    "8b00cd80"  # mov eax, [rax]; int 0x80
    "5d5bc3"  # pop rbp; pop rbx; ret
)


@settings(max_examples=40, deadline=None)
@given(
    profile=profiles(LISTED, VALUES + WIDE, WITHOUT_ARGUMENTS),
    abi=st.sampled_from(tuple(ARCHS)),
    calls=st.lists(
        st.tuples(
            st.sampled_from((*WITHOUT_ARGUMENTS, NEWER)),
            st.tuples(*[st.sampled_from(VALUES + WIDE)] * 6),
        ),
        min_size=1,
        max_size=8,
    ),
)
def test_verdicts(
    profile: LinuxSeccomp, abi: str, calls: list[tuple[str | int, tuple[int, ...]]]
) -> None:
    profile["syscalls"].append(TELLING)
    program = compile_filter(profile, "x86_64")
    table = numbers(abi)
    for call, args in calls:
        base = X32_BIT if abi == "x32" else 0
        number = table[call] if isinstance(call, str) else base + call
        seen = tuple(value & 0xFFFFFFFF for value in args) if abi == "i386" else args
        expected = model.expected(profile, table, number, seen)
        assert answer(program, ARCHS[abi], number, seen) == expected
        is_there = isinstance(call, str) and abi != "x32"
        assert verdict(program, abi, number, args) == outcome(expected, is_there), (call, args)


def outcome(ret: int, is_there: bool) -> int:
    """What a process sees of an answer: an errno, 0 for none, or the negative signal it dies of."""
    match ret & 0xFFFF0000:
        case 0x50000:  # ERRNO
            return ret & 0xFFFF
        case 0x7FFF0000 | 0x7FFC0000:  # ALLOW, LOG
            return 0 if is_there else errno.ENOSYS
        case 0x7FC00000 | 0x7FF00000:  # NOTIFY, TRACE: without an agent, without a tracer
            return errno.ENOSYS
    assert ret in (ACTIONS["SCMP_ACT_KILL"], ACTIONS["SCMP_ACT_KILL_PROCESS"], 0x30000)
    return -signal.SIGSYS


def verdict(program: bytes, abi: str, number: int, args: tuple[int, ...]) -> int:
    make = call_i386 if abi == "i386" else call
    make(numbers(abi)["getpid"], (0,) * 6)  # so that the child does nothing for the first time
    child = os.fork()
    if child == 0:
        status = 99
        try:
            load_filter(program, 0)
            status = make(number, args)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def call(number: int, args: tuple[int, ...]) -> int:
    wide = [ctypes.c_ulong(value) for value in args]
    return ctypes.get_errno() if SYSCALL(ctypes.c_ulong(number), *wide) < 0 else 0


def call_i386(number: int, args: tuple[int, ...]) -> int:
    words = struct.pack("7I", number, *(value & 0xFFFFFFFF for value in args))
    result = gate()(words)
    return -result if -4096 < result < 0 else 0


@cache
def gate() -> Callable[[bytes], int]:
    MEMORY.write(INT_0X80)
    address = ctypes.addressof(ctypes.c_char.from_buffer(MEMORY))
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)(address)
