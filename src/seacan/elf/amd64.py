"""The instructions of assembly.py for amd64.

Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2; for the way of a
system call, the AMD64 System V ABI, appendix A.2.1; arch/x86/entry/syscalls/syscall_64.tbl.
"""

from collections.abc import Callable
from typing import Final

from seacan.elf.assembly import Assembly, Condition, Operand, Register

_RAX, _RCX, _RDX, _RBX, _RSP, _RBP, _RSI, _RDI, _R8, _R9, _R10 = range(11)
_R12, _R13, _R14, _R15 = range(12, 16)

_NUMBER: Final = {
    Register.A: _RBX,
    Register.B: _RBP,
    Register.C: _R12,
    Register.D: _R13,
    Register.E: _R14,
    Register.F: _R15,
    Register.RESULT: _RAX,
    Register.STACK: _RSP,
}
# The kernel overwrites rcx and r11, so no variable lives there.
_SCRATCH: Final = _RCX
_ARGUMENTS: Final = (_RDI, _RSI, _RDX, _R10, _R8, _R9)

_CONDITION: Final = {
    Condition.EQUAL: 0x84,
    Condition.NOT_EQUAL: 0x85,
    Condition.LESS: 0x8C,
    Condition.AT_MOST: 0x8E,
}
_SYSTEM_CALLS: Final = {
    "read": 0,
    "write": 1,
    "rt_sigprocmask": 14,
    "ioctl": 16,
    "getpid": 39,
    "sendfile": 40,
    "clone": 56,
    "execve": 59,
    "wait4": 61,
    "kill": 62,
    "fcntl": 72,
    "setpgid": 109,
    "rt_sigtimedwait": 128,
    "exit_group": 231,
    "openat": 257,
    "readlinkat": 267,
    "memfd_create": 319,
    "execveat": 322,
}
_LOAD: Final = {1: b"\x0f\xb6", 4: b"\x8b", 8: b"\x8b"}  # movzx, mov, mov
_STORE: Final = {1: b"\x88", 4: b"\x89", 8: b"\x89"}


class Amd64(Assembly):
    def put(self, destination: Register, source: Operand) -> None:
        self._put(_NUMBER[destination], source)

    def add(self, register: Register, number: int) -> None:
        self._emit(_with_number(0, _NUMBER[register], number))

    def keep_bits(self, register: Register, mask: int) -> None:
        self._emit(_with_number(4, _NUMBER[register], mask))

    def shift_right(self, register: Register, bits: int) -> None:
        number = _NUMBER[register]
        self._emit(_rex(0, number) + b"\xc1" + _direct(5, number) + bytes([bits]))

    def load(self, destination: Register, base: Register, offset: int = 0, *, size: int) -> None:
        self._emit(_in_memory(_LOAD[size], _NUMBER[destination], _NUMBER[base], offset, size))

    def store(self, source: Register, base: Register, offset: int = 0, *, size: int) -> None:
        self._emit(_in_memory(_STORE[size], _NUMBER[source], _NUMBER[base], offset, size))

    def jump(self, label: str) -> None:
        self._emit_reference(label, _ending_in_distance(b"\xe9"))

    def jump_if(self, left: Register, is_: Condition, right: Operand, label: str) -> None:
        self._put(_SCRATCH, right)
        number = _NUMBER[left]
        self._emit(_rex(_SCRATCH, number) + b"\x39" + _direct(_SCRATCH, number))  # cmp
        self._emit_reference(label, _ending_in_distance(bytes([0x0F, _CONDITION[is_]])))

    def system_call(self, name: str, *arguments: Operand) -> None:
        if Register.RESULT in arguments:
            raise ValueError(f"{name}: RESULT may be overwritten before it is read")
        for number, argument in zip(_ARGUMENTS, arguments, strict=False):
            self._put(number, argument)
        self._put(_RAX, _SYSTEM_CALLS[name])
        self._emit(b"\x0f\x05")  # syscall

    def _put(self, number: int, source: Operand) -> None:
        match source:
            case Register():
                other = _NUMBER[source]
                self._emit(_rex(other, number) + b"\x89" + _direct(other, number))  # mov
            case int():
                # mov of a 32-bit number, sign-extended
                self._emit(_rex(0, number) + b"\xc7" + _direct(0, number) + _int32(source))
            case str():
                # lea, with an address that is relative to the next instruction
                lea = _rex(number, 0) + b"\x8d" + bytes([(number & 7) << 3 | 0b101])
                self._emit_reference(source, _ending_in_distance(lea))


def _ending_in_distance(start: bytes) -> Callable[[int], bytes]:
    """Encode an instruction of `start` and a distance, which amd64 counts from its end."""
    return lambda distance: start + _int32(distance - len(start) - 4)


def _with_number(operation: int, register: int, number: int) -> bytes:
    return _rex(0, register) + b"\x81" + _direct(operation, register) + _int32(number)


def _in_memory(opcode: bytes, register: int, base: int, offset: int, size: int) -> bytes:
    # As base, rsp and r12 need a further byte (SIB); an offset of 32 bits suits every base.
    mode = bytes([0b10_000_000 | (register & 7) << 3 | base & 7])
    index = b"\x24" if base & 7 == _RSP else b""
    return _rex(register, base, wide=size == 8) + opcode + mode + index + _int32(offset)


def _rex(register: int, other: int, *, wide: bool = True) -> bytes:
    """Return the prefix with each register's fourth bit; `wide` for 64 bits."""
    return bytes([0x40 | wide << 3 | register >> 3 << 2 | other >> 3])


def _direct(register: int, other: int) -> bytes:
    """Return the byte that names two registers, or an operation and a register."""
    return bytes([0b11_000_000 | (register & 7) << 3 | other & 7])


def _int32(number: int) -> bytes:
    return number.to_bytes(4, "little", signed=True)
