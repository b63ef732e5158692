"""Classic BPF for seccomp, written from its end.

Every jump of classic BPF goes forward, so what is jumped to is written first, and a label is the
number of instructions from it to the end: known when needed, and the same wherever the rest lands.
A conditional jump reaches 255 instructions; beyond that it goes by way of a `ja`, put in beside it.

Source: linux/filter.h, linux/bpf_common.h, linux/seccomp.h (struct seccomp_data).
"""

from __future__ import annotations

import struct

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NewType

    Label = NewType("Label", int)
else:
    Label = int

LD_W_ABS: Final = 0x20
ALU_AND_K: Final = 0x54
JMP_JA: Final = 0x05
JMP_JEQ_K: Final = 0x15
JMP_JGT_K: Final = 0x25
JMP_JGE_K: Final = 0x35
RET_K: Final = 0x06

# Offsets in struct seccomp_data; an argument is 64 bits, here of little endian.
DATA_NR: Final = 0
DATA_ARCH: Final = 4
DATA_ARGS: Final = 16

_MAX_INSTRUCTIONS: Final = 4096  # BPF_MAXINSNS
_REACH: Final = 254  # one less than 8 bits hold: a `ja` may still come between
_FILTER: Final = struct.Struct("=HBBI")  # struct sock_filter: code, jt, jf, k


class Assembler:
    """A program that grows at its front."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, int, int]] = []
        self._returns: dict[int, Label] = {}

    def ret(self, value: int) -> Label:
        """Answer `value`."""
        label = self._returns.get(value)
        if label is None or self._distance(label) > _REACH // 2:
            label = self._returns[value] = self._put(RET_K, value)
        return label

    def load(self, offset: int, then: Label) -> Label:
        """Load the 32 bits at `offset` of struct seccomp_data."""
        return self._straight(LD_W_ABS, offset, then)

    def mask(self, mask: int, then: Label) -> Label:
        """Clear the loaded value's bits that are not in `mask`."""
        return self._straight(ALU_AND_K, mask, then)

    def branch(self, test: int, value: int, yes: Label, no: Label) -> Label:
        """Compare the loaded value with `value` (`test`: JMP_J*_K)."""
        yes, no = self._near(yes), self._near(no)
        return self._put(test, value, self._distance(yes), self._distance(no))

    def program(self) -> bytes:
        """Return the program as an array of struct sock_filter.

        Raises InvalidArgument if it is longer than the kernel takes.
        """
        if len(self._code) > _MAX_INSTRUCTIONS:
            count = f"{len(self._code)} instructions, more than {_MAX_INSTRUCTIONS}"
            raise InvalidArgument(f"seccomp: the filter takes {count}")
        return b"".join(_FILTER.pack(*instruction) for instruction in reversed(self._code))

    def _straight(self, code: int, value: int, then: Label) -> Label:
        if self._distance(then):
            self._jump(then)
        return self._put(code, value)

    def _near(self, label: Label) -> Label:
        return label if self._distance(label) <= _REACH else self._jump(label)

    def _jump(self, label: Label) -> Label:
        return self._put(JMP_JA, self._distance(label))

    def _distance(self, label: Label) -> int:
        return len(self._code) - label

    def _put(self, code: int, value: int, yes: int = 0, no: int = 0) -> Label:
        self._code.append((code, yes, no, value))
        return Label(len(self._code))
