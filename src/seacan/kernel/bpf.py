"""eBPF: instructions, and programs on cgroups.

Source: linux/bpf.h, bpf(2), the kernel's bpf/standardization/instruction-set.rst.
"""

from __future__ import annotations

import os
import struct

from seacan.kernel import programs
from seacan.lean import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Operations: class, operation and source in one byte.
LDX_W: Final = 0x61  # dst = 32 bits at src + offset
ALU_MOV_X: Final = 0xBC  # 32 bits: dst = src
ALU_AND_K: Final = 0x54
ALU_RSH_K: Final = 0x74
ALU64_MOV_K: Final = 0xB7
JMP32_JEQ_K: Final = 0x16  # 32 bits, Linux 5.1
JMP32_JNE_K: Final = 0x56
EXIT: Final = 0x95

PROG_TYPE_CGROUP_DEVICE: Final = 15
ATTACH_CGROUP_DEVICE: Final = 6  # enum bpf_attach_type: BPF_CGROUP_DEVICE

_PROG_LOAD: Final = 5
_PROG_ATTACH: Final = 8
_PROG_DETACH: Final = 9
_PROG_GET_FD_BY_ID: Final = 13
_PROG_QUERY: Final = 16
_ALLOW_MULTI: Final = 2  # BPF_F_ALLOW_MULTI: programs of cgroups above run as well
_REPLACE: Final = 4  # BPF_F_REPLACE, Linux 5.6
_MAX_ATTACHED: Final = 64  # BPF_CGROUP_MAX_PROGS
# Linux 6.17 to 7.1 write the revision, the last field of a query, however small the query is said
# to be. Source: kernel 7.2, commit 21c4b99b27f3.
_QUERY_BYTES: Final = 64

_INSTRUCTION: Final = struct.Struct("<BBhI")  # struct bpf_insn
_LICENSE: Final = b"Apache-2.0\0"
_NAME: Final = b"seacan"


def instruction(
    opcode: int, *, dst: int = 0, src: int = 0, offset: int = 0, value: int = 0
) -> bytes:
    """Return one instruction; `offset` of a jump counts instructions from the next one."""
    return _INSTRUCTION.pack(opcode, src << 4 | dst, offset, value)


def load(program: bytes, kind: int) -> int:
    """Return a descriptor of `program` (`kind`: PROG_TYPE_*), once the kernel has verified it."""
    # prog_type insn_cnt insns license log_level log_size log_buf kern_version prog_flags prog_name
    attributes = struct.pack(
        "=IIQQIIQII16s",
        kind,
        len(program) // 8,
        programs.address_of(program),
        programs.address_of(_LICENSE),
        *(0, 0, 0, 0, 0),
        _NAME,
    )
    return programs.bpf(_PROG_LOAD, bytearray(attributes), "BPF_PROG_LOAD")


def attach_only(cgroup_fd: int, program_fd: int, kind: int) -> None:
    """Make `program_fd` the one program of `kind` (ATTACH_*) on a cgroup, without a gap.

    A single program before is replaced in one step; of several, each denies on its own, so that
    they can go one by one after the new one is there.
    """
    old = _attached(cgroup_fd, kind)
    try:
        if len(old) == 1:
            _attach(cgroup_fd, program_fd, kind, _ALLOW_MULTI | _REPLACE, old[0])
            return
        _attach(cgroup_fd, program_fd, kind, _ALLOW_MULTI)
        for fd in old:
            _change(_PROG_DETACH, "BPF_PROG_DETACH", cgroup_fd, fd, kind)
    finally:
        for fd in old:
            os.close(fd)


def _attach(cgroup_fd: int, program_fd: int, kind: int, flags: int, replaced_fd: int = 0) -> None:
    _change(_PROG_ATTACH, "BPF_PROG_ATTACH", cgroup_fd, program_fd, kind, flags, replaced_fd)


def _change(command: int, name: str, *fields: int) -> None:
    # target_fd attach_bpf_fd attach_type attach_flags replace_bpf_fd
    padded = (*fields, 0, 0)[:5]
    programs.bpf(command, bytearray(struct.pack("=5I", *padded)), name)


def _attached(cgroup_fd: int, kind: int) -> list[int]:
    """Return descriptors of the programs on the cgroup itself, of those that can be had.

    A security module may keep one away; it goes on to deny what it denies.
    """
    ids = bytearray(4 * _MAX_ATTACHED)
    # target_fd attach_type query_flags attach_flags prog_ids prog_cnt
    fields = struct.pack("=IIIIQI", cgroup_fd, kind, 0, 0, programs.address_of(ids), _MAX_ATTACHED)
    attributes = bytearray(fields.ljust(_QUERY_BYTES, b"\0"))
    programs.bpf(_PROG_QUERY, attributes, "BPF_PROG_QUERY")
    (count,) = struct.unpack_from("=I", attributes, 24)
    found: list[int] = []
    for number in struct.unpack_from(f"={count}I", ids):
        with suppress(PermissionError):
            found.append(_by_id(number))
    return found


def _by_id(number: int) -> int:
    attributes = bytearray(struct.pack("=III", number, 0, 0))
    return programs.bpf(_PROG_GET_FD_BY_ID, attributes, "BPF_PROG_GET_FD_BY_ID")
