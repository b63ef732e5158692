"""The executable `seacan-runtime`: it becomes a Python interpreter that runs seacan.runtime.

What enters a container must do so from a sealed copy of the interpreter (CVE-2019-5736; see
runtime/interpreter.py). Were it left to Python to make that copy, Python would start twice.

    seacan-runtime      this program, of one machine
    seacan-runtime.py   runtime/second_stage.py, in which the installer has named the interpreter

    /proc/self/exe ─ .py ─ #!INTERPRETER ─┬─ create, run, exec, restore: sealed copy ─ execveat
                                          └─ any other: execve

    argv    INTERPRETER  -IS  SCRIPT  the arguments…

Whatever is not as expected, seacan-runtime.py is executed instead: it does or refuses the same, and
makes the copy itself. Neither the environment nor argv[0] is looked at.
"""

import fcntl
import os
from typing import Final

from seacan.elf.assembly import Assembly, Condition, Register

# runtime/__main__.py has the same words; an argument of that name which is no command does no harm.
_ENTERING: Final = ("create", "run", "exec", "restore")

_STDERR: Final = 2
_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_PATH_BYTES: Final = 4096  # PATH_MAX
_MOST_BYTES: Final = 0x7FFFF000  # what one sendfile(2) moves
_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE

_ARGV, _ENVP, _INTERPRETER = Register.A, Register.B, Register.C
_SOURCE, _COPY = Register.D, Register.E  # descriptors
_X, _Y = Register.E, Register.F  # _X until there is a copy
_BYTE: Final = Register.RESULT
_EQUAL, _NOT_EQUAL, _LESS = Condition.EQUAL, Condition.NOT_EQUAL, Condition.LESS
_AT_MOST: Final = Condition.AT_MOST


def first_stage(program: Assembly) -> None:
    _find_script(program)
    _make_arguments(program)
    _find_interpreter(program)
    _start_what_does_not_enter(program)
    _start_from_a_sealed_copy(program)
    _start_the_script(program)
    _memory(program)


def _find_script(p: Assembly) -> None:
    p.system_call("readlinkat", _AT_FDCWD, "executable", "script", _PATH_BYTES)
    p.jump_if(Register.RESULT, _AT_MOST, 0, "failed")
    p.jump_if(Register.RESULT, _EQUAL, _PATH_BYTES, "failed")
    p.put(_X, "script")
    p.label("next of script")
    p.add(_X, 1)
    p.load(_BYTE, _X, size=1)
    p.jump_if(_BYTE, _NOT_EQUAL, 0, "next of script")
    p.put(_Y, int.from_bytes(b".py\0", "little"))
    p.store(_Y, _X, size=4)


def _make_arguments(p: Assembly) -> None:
    """Put what the interpreter is told in front of the arguments, over argc and argv[0]."""
    p.load(_X, Register.STACK, size=8)
    p.jump_if(_X, _LESS, 1, "failed")  # without argv[0] there is no place; Linux 5.18 makes one
    p.put(_ARGV, Register.STACK)
    p.add(_ARGV, -8)
    p.put(_INTERPRETER, "first line")
    p.add(_INTERPRETER, len("#!"))
    p.store(_INTERPRETER, _ARGV, size=8)
    for index, text in enumerate(("options", "script"), 1):
        p.put(_X, text)
        p.store(_X, _ARGV, 8 * index, size=8)
    p.put(_ENVP, _ARGV)
    p.add(_ENVP, 8)
    p.label("next argument")
    p.add(_ENVP, 8)
    p.load(_X, _ENVP, size=8)
    p.jump_if(_X, _NOT_EQUAL, 0, "next argument")
    p.add(_ENVP, 8)


def _find_interpreter(p: Assembly) -> None:
    """Read `#!INTERPRETER`. With arguments it will not be found, as a path with spaces will be."""
    p.system_call("openat", _AT_FDCWD, "script", os.O_RDONLY | os.O_CLOEXEC)
    p.jump_if(Register.RESULT, _LESS, 0, "failed")
    p.put(_SOURCE, Register.RESULT)
    p.system_call("read", _SOURCE, "first line", _PATH_BYTES)
    p.put(_X, "first line")
    for offset, character in enumerate(b"#!/"):
        p.load(_BYTE, _X, offset, size=1)
        p.jump_if(_BYTE, _NOT_EQUAL, character, "by script")
    p.label("next of first line")
    p.add(_X, 1)
    p.load(_BYTE, _X, size=1)
    p.jump_if(_BYTE, _EQUAL, 0, "by script")
    p.jump_if(_BYTE, _NOT_EQUAL, ord("\n"), "next of first line")
    # Some write "#!/bin/sh\n'''exec' INTERPRETER" where the kernel would refuse the path.
    p.load(_BYTE, _X, 1, size=1)
    p.jump_if(_BYTE, _EQUAL, ord("'"), "by script")
    p.put(_Y, 0)
    p.store(_Y, _X, size=1)


def _start_what_does_not_enter(p: Assembly) -> None:
    p.put(_X, Register.STACK)
    p.add(_X, 8)
    p.label("next word")
    p.add(_X, 8)
    p.load(_Y, _X, size=8)
    p.jump_if(_Y, _EQUAL, 0, "does not enter")
    for word in _ENTERING:
        for offset, character in enumerate(word.encode() + b"\0"):
            p.load(_BYTE, _Y, offset, size=1)
            p.jump_if(_BYTE, _NOT_EQUAL, character, f"not {word}")
        p.jump("enters")
        p.label(f"not {word}")
    p.jump("next word")
    p.label("does not enter")
    p.system_call("execve", _INTERPRETER, _ARGV, _ENVP)
    p.jump("by script")


def _start_from_a_sealed_copy(p: Assembly) -> None:
    p.label("enters")
    p.system_call("openat", _AT_FDCWD, _INTERPRETER, os.O_RDONLY | os.O_CLOEXEC)
    p.jump_if(Register.RESULT, _LESS, 0, "by script")
    p.put(_SOURCE, Register.RESULT)
    p.system_call("memfd_create", "name", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    p.jump_if(Register.RESULT, _LESS, 0, "by script")
    p.put(_COPY, Register.RESULT)
    p.label("copy")
    p.system_call("sendfile", _COPY, _SOURCE, 0, _MOST_BYTES)
    p.jump_if(Register.RESULT, _LESS, 0, "by script")
    p.jump_if(Register.RESULT, _NOT_EQUAL, 0, "copy")
    p.system_call("fcntl", _COPY, fcntl.F_ADD_SEALS, _SEALS)
    p.jump_if(Register.RESULT, _NOT_EQUAL, 0, "by script")
    p.system_call("execveat", _COPY, "empty path", _ARGV, _ENVP, _AT_EMPTY_PATH)


def _start_the_script(p: Assembly) -> None:
    p.label("by script")
    p.put(_X, Register.STACK)
    p.add(_X, 8)
    p.system_call("execve", "script", _X, _ENVP)
    p.label("failed")
    p.system_call("write", _STDERR, "message", len(_MESSAGE))
    p.system_call("exit_group", 1)


_MESSAGE: Final = b"seacan-runtime: cannot execute seacan-runtime.py, which belongs beside it\n"


def _memory(p: Assembly) -> None:
    p.data("executable", b"/proc/self/exe\0")
    p.data("options", b"-IS\0")
    p.data("name", b"seacan-python\0")
    p.data("empty path", b"\0")
    p.data("message", _MESSAGE)
    p.reserve("script", _PATH_BYTES + len(".py\0"))
    p.reserve("first line", _PATH_BYTES + 1)
