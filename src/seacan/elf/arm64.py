"""The instructions of assembly.py for arm64.

Source: Arm Architecture Reference Manual for A-profile, C6 (A64 base instructions); for the way of
a system call, syscall(2); include/uapi/asm-generic/unistd.h.
"""

from collections.abc import Callable
from typing import Final

from seacan.elf.assembly import Assembly, Condition, Operand, Register

_X0, _X8, _X16, _SP, _XZR = 0, 8, 16, 31, 31  # 31 is one or the other, as the instruction has it

_NUMBER: Final = {
    Register.A: 19,
    Register.B: 20,
    Register.C: 21,
    Register.D: 22,
    Register.E: 23,
    Register.F: 24,
    Register.RESULT: _X0,
    Register.STACK: _SP,
}
_SCRATCH: Final = _X16

_CONDITION: Final = {
    Condition.EQUAL: 0b0000,
    Condition.NOT_EQUAL: 0b0001,
    Condition.LESS: 0b1011,
    Condition.AT_MOST: 0b1101,
}
_SYSTEM_CALLS: Final = {
    "fcntl": 25,
    "ioctl": 29,
    "openat": 56,
    "read": 63,
    "write": 64,
    "sendfile": 71,
    "readlinkat": 78,
    "exit_group": 94,
    "kill": 129,
    "rt_sigprocmask": 135,
    "rt_sigtimedwait": 137,
    "setpgid": 154,
    "getpid": 172,
    "clone": 220,
    "execve": 221,
    "wait4": 260,
    "memfd_create": 279,
    "execveat": 281,
}
_LOAD: Final = {1: 0x39400000, 4: 0xB9400000, 8: 0xF9400000}  # ldrb, ldr, ldr
_STORE: Final = {1: 0x39000000, 4: 0xB9000000, 8: 0xF9000000}
_ADD_NUMBER: Final = 0x91000000
_SUBTRACT_NUMBER: Final = 0xD1000000
_AND: Final = 0x8A000000
_OR: Final = 0xAA000000
_COMPARE: Final = 0xEB000000
_SHIFT_RIGHT: Final = 0xD340FC00
_MOVE_NUMBER, _MOVE_INVERTED, _MOVE_PART = 0xD2800000, 0x92800000, 0xF2800000
_ADDRESS: Final = 0x10000000
_JUMP: Final = 0x14000000
_JUMP_IF: Final = 0x54000000
_SUPERVISOR_CALL: Final = 0xD4000001


class Arm64(Assembly):
    def put(self, destination: Register, source: Operand) -> None:
        self._put(_NUMBER[destination], source)

    def add(self, register: Register, number: int) -> None:
        self._add(_NUMBER[register], _NUMBER[register], number)

    def keep_bits(self, register: Register, mask: int) -> None:
        self._put(_SCRATCH, mask)
        self._three(_AND, _NUMBER[register], _NUMBER[register], _SCRATCH)

    def shift_right(self, register: Register, bits: int) -> None:
        number = _NUMBER[register]
        self._emit(_word(_SHIFT_RIGHT | bits << 16 | number << 5 | number))

    def load(self, destination: Register, base: Register, offset: int = 0, *, size: int) -> None:
        self._memory(_LOAD[size], destination, base, offset // size)

    def store(self, source: Register, base: Register, offset: int = 0, *, size: int) -> None:
        self._memory(_STORE[size], source, base, offset // size)

    def jump(self, label: str) -> None:
        self._emit_reference(label, lambda distance: _word(_JUMP | distance >> 2 & 0x3FFFFFF))

    def jump_if(self, left: Register, is_: Condition, right: Operand, label: str) -> None:
        self._put(_SCRATCH, right)
        self._three(_COMPARE, _XZR, _NUMBER[left], _SCRATCH)
        self._emit_reference(label, _conditional(_CONDITION[is_]))

    def system_call(self, name: str, *arguments: Operand) -> None:
        if Register.RESULT in arguments:
            raise ValueError(f"{name}: RESULT may be overwritten before it is read")
        for number, argument in enumerate(arguments):
            self._put(number, argument)
        self._put(_X8, _SYSTEM_CALLS[name])
        self._emit(_word(_SUPERVISOR_CALL))

    def _put(self, number: int, source: Operand) -> None:
        match source:
            case Register.STACK:
                self._add(number, _SP, 0)
            case Register():
                self._three(_OR, number, _XZR, _NUMBER[source])
            case int():
                self._put_number(number, source)
            case str():
                self._emit_reference(source, _address(number))

    def _put_number(self, register: int, number: int) -> None:
        if number < 0:
            self._emit(_word(_MOVE_INVERTED | ~number << 5 | register))
            return
        self._emit(_word(_MOVE_NUMBER | (number & 0xFFFF) << 5 | register))
        if number > 0xFFFF:
            self._emit(_word(_MOVE_PART | 1 << 21 | number >> 16 << 5 | register))

    def _add(self, destination: int, register: int, number: int) -> None:
        operation = _ADD_NUMBER if number >= 0 else _SUBTRACT_NUMBER
        self._emit(_word(operation | abs(number) << 10 | register << 5 | destination))

    def _three(self, operation: int, destination: int, left: int, right: int) -> None:
        self._emit(_word(operation | right << 16 | left << 5 | destination))

    def _memory(self, operation: int, register: Register, base: Register, index: int) -> None:
        self._emit(_word(operation | index << 10 | _NUMBER[base] << 5 | _NUMBER[register]))


def _conditional(condition: int) -> Callable[[int], bytes]:
    return lambda distance: _word(_JUMP_IF | (distance >> 2 & 0x7FFFF) << 5 | condition)


def _address(register: int) -> Callable[[int], bytes]:
    """Encode ADR: the low two bits of the distance stand apart."""
    return lambda distance: _word(
        _ADDRESS | (distance & 3) << 29 | (distance >> 2 & 0x7FFFF) << 5 | register
    )


def _word(instruction: int) -> bytes:
    return instruction.to_bytes(4, "little")
