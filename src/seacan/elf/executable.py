"""The ELF file around a program.

    0        ELF header, 64 bytes
    64       program headers, 56 bytes each: code, writable memory, stack
    232      code and constants, mapped together with the headers, readable and executable

No section headers: the kernel does not read them. Source: elf(5), System V gABI.
"""

import struct
from typing import Final

from seacan.elf.assembly import TEXT_ADDRESS, WRITABLE_ADDRESS

_ELF_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER: Final = struct.Struct("<IIQQQQQQ")
_HEADERS: Final = 3
CODE_OFFSET: Final = _ELF_HEADER.size + _HEADERS * _PROGRAM_HEADER.size

# elf.h
EM_X86_64: Final = 62
EM_AARCH64: Final = 183
_IDENT: Final = b"\x7fELF\x02\x01\x01"  # 64 bits, little-endian, version 1
_ET_EXEC, _EV_CURRENT = 2, 1
_PT_LOAD, _PT_GNU_STACK = 1, 0x6474E551
_PF_X, _PF_W, _PF_R = 1, 2, 4
_PAGE_BYTES: Final = 0x10000  # arm64's largest


def executable(machine: int, code: bytes, writable_bytes: int) -> bytes:
    """Return the file for `machine` (EM_*) that starts at the first byte of `code`."""
    header = _ELF_HEADER.pack(
        _IDENT,
        _ET_EXEC,
        machine,
        _EV_CURRENT,
        TEXT_ADDRESS + CODE_OFFSET,
        _ELF_HEADER.size,  # where the program headers are
        0,
        0,
        _ELF_HEADER.size,
        _PROGRAM_HEADER.size,
        _HEADERS,
        0,
        0,
        0,
    )
    text_bytes = CODE_OFFSET + len(code)
    return (
        header
        + _segment(_PT_LOAD, _PF_R | _PF_X, TEXT_ADDRESS, text_bytes, text_bytes, _PAGE_BYTES)
        + _segment(_PT_LOAD, _PF_R | _PF_W, WRITABLE_ADDRESS, 0, writable_bytes, _PAGE_BYTES)
        + _segment(_PT_GNU_STACK, _PF_R | _PF_W, 0, 0, 0, 16)
        + code
    )


def _segment(
    kind: int, flags: int, address: int, file_bytes: int, memory_bytes: int, alignment: int
) -> bytes:
    return _PROGRAM_HEADER.pack(
        kind, flags, 0, address, address, file_bytes, memory_bytes, alignment
    )
