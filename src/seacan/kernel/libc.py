"""The C library, and what a call of it comes to: a result, or OSError.

The modules of system calls (syscalls, this_process, programs) import ctypes, and no others.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import c_int, c_long

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, NoReturn

_LIBC: Final = ctypes.CDLL(None, use_errno=True)

IS_X86_64: Final = os.uname().machine == "x86_64"


def bind(name: str, *args: Any, result: Any = c_int) -> Callable[..., int]:
    # A prototype of its own for each signature: `_LIBC.syscall` is one object shared by all.
    return ctypes.CFUNCTYPE(result, *args, use_errno=True)((name, _LIBC))


def bind_number(number: int, *args: Any) -> Callable[..., int]:
    call = bind("syscall", c_long, *args, result=c_long)
    return lambda *values: call(number, *values)


def bind_locked(name: str, *args: Any, result: Any = c_int) -> Callable[..., int]:
    """Bind a function during which this thread keeps the interpreter's lock."""
    call = ctypes.PyDLL(None, use_errno=True)[name]
    call.argtypes, call.restype = args, result
    return call


def fail(call: str, path: str | None) -> NoReturn:
    error = ctypes.get_errno()
    raise OSError(error, f"{call}: {os.strerror(error)}", path)


def check(result: int, call: str, path: str | None = None) -> int:
    if result < 0:
        fail(call, path)
    return result


def encode(text: str) -> bytes:
    # C would read a string up to its first NUL and act on another path than the one checked.
    if "\0" in text:
        raise ValueError(f"embedded null character in {text!r}")
    return os.fsencode(text)


def encode_or_null(text: str | None) -> bytes | None:
    return None if text is None else encode(text)
