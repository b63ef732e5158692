"""program(): the bytes of a program for a machine."""

import functools
from collections.abc import Callable
from typing import Final, Literal

from seacan.elf import executable
from seacan.elf.amd64 import Amd64
from seacan.elf.arm64 import Arm64
from seacan.elf.assembly import Assembly
from seacan.elf.first_stage import first_stage
from seacan.elf.hello import hello
from seacan.elf.init import init
from seacan.errors import Unsupported

Name = Literal["hello", "init", "first_stage"]

_PROGRAMS: Final[dict[Name, Callable[[Assembly], None]]] = {
    "hello": hello,
    "init": init,
    "first_stage": first_stage,
}
_MACHINES: Final[dict[str, tuple[type[Assembly], int]]] = {
    "amd64": (Amd64, executable.EM_X86_64),
    "arm64": (Arm64, executable.EM_AARCH64),
}


@functools.cache
def program(name: Name, machine: str) -> bytes:
    """Return the ELF executable `name` for `machine`: amd64 or arm64, as an image's architecture.

    Raises Unsupported for another machine.
    """
    if machine not in _MACHINES:
        raise Unsupported(f"program {name}: no assembler for machine {machine}")
    assembler, number = _MACHINES[machine]
    assembly = assembler(executable.CODE_OFFSET)
    _PROGRAMS[name](assembly)
    code = assembly.finish()
    return executable.executable(number, code, assembly.writable_bytes)
