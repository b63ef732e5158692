"""A dozen instructions that every machine has, and the labels between them.

    A B C D E F     variables: kept over a system call
    RESULT          what the last system call returned; it may be used as a variable in between
    STACK           at the entry, where the kernel put argc, argv and envp

Code and constants share one piece of memory; reserve() makes room in a second, writable one, which
is zero at the start. Both are addressed relative to the program counter.
"""

import abc
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from seacan.records import record

TEXT_ADDRESS: Final = 0x400000
# Apart by arm64's largest page (64 KiB), so that no page is both writable and executable; and near
# enough for arm64's ADR, which reaches 1 MiB.
WRITABLE_ADDRESS: Final = 0x410000


class Register(Enum):
    A = auto()
    B = auto()
    C = auto()
    D = auto()
    E = auto()
    F = auto()
    RESULT = auto()
    STACK = auto()


class Condition(Enum):
    """How jump_if compares; numbers are signed."""

    EQUAL = auto()
    NOT_EQUAL = auto()
    LESS = auto()
    AT_MOST = auto()


# A register, a number, or the label whose address is meant.
Operand = Register | int | str


@record
class Reference:
    """An instruction at `position` of the code, to be encoded once its label's place is known."""

    position: int
    label: str
    encode: Callable[[int], bytes]  # distance from the instruction to the label → its bytes


class Assembly(abc.ABC):
    """A program in the making, for one machine."""

    def __init__(self, code_offset: int) -> None:
        """Start a program whose first instruction is `code_offset` bytes into the file."""
        self._code_address = TEXT_ADDRESS + code_offset
        self._code = bytearray()
        self._labels: dict[str, int] = {}  # name → address
        self._references: list[Reference] = []
        self.writable_bytes = 0

    # Places

    def label(self, name: str) -> None:
        """Name the place of the next instruction."""
        self._define(name, self._code_address + len(self._code))

    def data(self, name: str, content: bytes) -> None:
        """Put constant bytes here; no instruction may run into them."""
        self.label(name)
        self._code += content + bytes(-len(content) % 4)

    def reserve(self, name: str, size_bytes: int) -> None:
        """Name `size_bytes` of writable memory."""
        self._define(name, WRITABLE_ADDRESS + self.writable_bytes)
        self.writable_bytes += size_bytes + -size_bytes % 8

    def finish(self) -> bytes:
        """Return the code, with every label's distance filled in."""
        for reference in self._references:
            here = self._code_address + reference.position
            instruction = reference.encode(self._labels[reference.label] - here)
            self._code[reference.position : reference.position + len(instruction)] = instruction
        return bytes(self._code)

    # Instructions

    @abc.abstractmethod
    def put(self, destination: Register, source: Operand) -> None:
        """Set destination = source."""

    @abc.abstractmethod
    def add(self, register: Register, number: int) -> None:
        """Set register += number, which is -4095 to 4095."""

    @abc.abstractmethod
    def keep_bits(self, register: Register, mask: int) -> None:
        """Set register &= mask, which is 0 to 65535."""

    @abc.abstractmethod
    def shift_right(self, register: Register, bits: int) -> None:
        """Set register >>= bits, filling with zeros."""

    @abc.abstractmethod
    def load(self, destination: Register, base: Register, offset: int = 0, *, size: int) -> None:
        """Set destination = the `size` (1, 4 or 8) bytes at base + offset, filled up with zeros."""

    @abc.abstractmethod
    def store(self, source: Register, base: Register, offset: int = 0, *, size: int) -> None:
        """Set the `size` (1, 4 or 8) bytes at base + offset = the low bytes of source."""

    @abc.abstractmethod
    def jump(self, label: str) -> None:
        """Go on at the label."""

    @abc.abstractmethod
    def jump_if(self, left: Register, is_: Condition, right: Operand, label: str) -> None:
        """Go on at the label if the comparison holds."""

    @abc.abstractmethod
    def system_call(self, name: str, *arguments: Operand) -> None:
        """Set RESULT = the system call's value, -errno when it fails; RESULT is no argument."""

    # For the machines

    def _emit(self, instruction: bytes) -> None:
        self._code += instruction

    def _emit_reference(self, label: str, encode: Callable[[int], bytes]) -> None:
        self._references.append(Reference(len(self._code), label, encode))
        self._code += encode(0)

    def _define(self, name: str, address: int) -> None:
        if name in self._labels:
            raise ValueError(f"label {name} is defined twice")
        self._labels[name] = address
