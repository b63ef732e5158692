"""Pid 1 of a container that was started with --init: `init [--] COMMAND [ARGUMENT…]`.

Pid 1 has two duties that few programs know of: to reap orphans, and to act on signals, which the
kernel does not deliver to pid 1 unless it asks for them. This program does both for its command:

    block all signals ─ clone ─┬─ parent: wait for a signal ─┬─ SIGCHLD: reap; the command? exit
                               │            ▲                └─ any other: send it to the command
                               │            └────────────────────────────┘
                               └─ child: own process group, to the terminal's foreground
                                         unblock, find the command on PATH, execve

Exit status: the command's, 128 + n if signal n ended it; 127 if the command was not found, 126 if
it cannot be executed, 125 if no process could be made, 2 without a command.
A process group of its own lets the terminal's ctrl-C reach the command, and only once.
"""

import errno
import signal
from typing import Final

from seacan.elf.assembly import Assembly, Condition, Register

_STDIN, _STDERR = 0, 2
_SIG_SETMASK: Final = 2
_SIGNAL_SET_BYTES: Final = 8
_WNOHANG: Final = 1
_TIOCSPGRP: Final = 0x5410  # asm-generic/ioctls.h; the same on amd64 and arm64
_PATH_BYTES: Final = 4096  # PATH_MAX

_ARGV, _ENVP, _CHILD = Register.A, Register.B, Register.C
_ERROR, _NAME, _PATH, _OUT = Register.C, Register.D, Register.E, Register.F  # of the child alone
_X, _Y = Register.D, Register.E
_BYTE: Final = Register.RESULT
_EQUAL, _NOT_EQUAL = Condition.EQUAL, Condition.NOT_EQUAL
_LESS, _AT_MOST = Condition.LESS, Condition.AT_MOST

_MESSAGES: Final = {
    "usage": "usage: init [--] COMMAND [ARGUMENT...]\n",
    "cannot clone": "init: cannot make a process\n",
    "exec": "init: exec ",
    "not found": ": not found\n",
    "permission denied": ": permission denied\n",
    "cannot execute": ": cannot be executed\n",
}


def init(program: Assembly) -> None:
    _find_arguments(program)
    _clone(program)
    _forward_and_reap(program)
    _exit_as_the_command(program)
    _become_the_command(program)
    _search_path(program)
    _report_failure(program)
    _memory(program)


def _find_arguments(p: Assembly) -> None:
    """Point _ARGV at the command and _ENVP at the environment, which follows argv's null."""
    p.load(_X, Register.STACK, size=8)
    p.jump_if(_X, _LESS, 2, "no command")
    p.put(_ARGV, Register.STACK)
    p.add(_ARGV, 16)  # past argc and argv[0]
    p.load(_X, _ARGV, size=8)
    for offset, character in enumerate(b"--\0"):
        p.load(_BYTE, _X, offset, size=1)
        p.jump_if(_BYTE, _NOT_EQUAL, character, "command")
    p.add(_ARGV, 8)
    p.label("command")
    p.load(_X, _ARGV, size=8)
    p.jump_if(_X, _EQUAL, 0, "no command")
    p.put(_ENVP, _ARGV)
    p.label("next argument")
    p.load(_X, _ENVP, size=8)
    p.add(_ENVP, 8)
    p.jump_if(_X, _NOT_EQUAL, 0, "next argument")


def _clone(p: Assembly) -> None:
    # Blocked before the clone, so that no signal for the command is missed. Where seacan's own
    # runtime starts this, they are blocked already: pid 1 would lose one that comes before this.
    p.system_call("rt_sigprocmask", _SIG_SETMASK, "all signals", 0, _SIGNAL_SET_BYTES)
    p.system_call("clone", int(signal.SIGCHLD), 0, 0, 0, 0)
    p.put(_CHILD, Register.RESULT)
    p.jump_if(_CHILD, _EQUAL, 0, "child")
    p.jump_if(_CHILD, _LESS, 0, "no child")


def _forward_and_reap(p: Assembly) -> None:
    p.label("wait")
    p.system_call("rt_sigtimedwait", "all signals", 0, 0, _SIGNAL_SET_BYTES)
    p.put(_X, Register.RESULT)
    p.jump_if(_X, _AT_MOST, 0, "wait")  # EINTR, after a stop and a continue
    p.jump_if(_X, _EQUAL, int(signal.SIGCHLD), "reap")
    p.system_call("kill", _CHILD, _X)
    p.jump("wait")

    p.label("reap")  # one SIGCHLD may stand for many children
    p.system_call("wait4", -1, "status", _WNOHANG, 0)
    p.put(_X, Register.RESULT)
    p.jump_if(_X, _AT_MOST, 0, "wait")
    p.jump_if(_X, _NOT_EQUAL, _CHILD, "reap")


def _exit_as_the_command(p: Assembly) -> None:
    """Exit as the status says: its low 7 bits are a signal, or 0 and the next 8 an exit code."""
    p.put(_Y, "status")
    p.load(_X, _Y, size=4)
    p.put(_Y, _X)
    p.keep_bits(_Y, 0x7F)
    p.jump_if(_Y, _NOT_EQUAL, 0, "by signal")
    p.shift_right(_X, 8)
    p.system_call("exit_group", _X)
    p.label("by signal")
    p.add(_Y, 128)
    p.system_call("exit_group", _Y)


def _become_the_command(p: Assembly) -> None:
    p.label("child")
    p.system_call("setpgid", 0, 0)
    p.system_call("getpid")
    p.put(_Y, "process group")
    p.store(Register.RESULT, _Y, size=4)
    # Fails if stdin is not the terminal of this session: nothing is lost. Signals are still
    # blocked here: SIGTTOU would stop a process that is not in the foreground.
    p.system_call("ioctl", _STDIN, _TIOCSPGRP, "process group")
    p.system_call("rt_sigprocmask", _SIG_SETMASK, "no signals", 0, _SIGNAL_SET_BYTES)

    p.load(_NAME, _ARGV, size=8)
    p.label("next character")
    p.load(_BYTE, _NAME, size=1)
    p.jump_if(_BYTE, _EQUAL, 0, "search")
    p.add(_NAME, 1)
    p.jump_if(_BYTE, _NOT_EQUAL, ord("/"), "next character")
    p.load(_NAME, _ARGV, size=8)
    p.system_call("execve", _NAME, _ARGV, _ENVP)
    p.put(_ERROR, Register.RESULT)
    p.jump("failed")


def _search_path(p: Assembly) -> None:
    """Try the name in each directory of PATH, as execvp(3) does; an empty one is `.`."""
    p.label("search")
    p.put(_ERROR, -errno.ENOENT)
    p.load(_NAME, _ARGV, size=8)
    p.load(_BYTE, _NAME, size=1)
    p.jump_if(_BYTE, _EQUAL, 0, "failed")
    _find_variable(p)
    _copy_directory(p)
    _append_name(p)
    _try_path(p)


def _find_variable(p: Assembly) -> None:
    """Have _PATH point to the value of PATH, or to a default."""
    p.put(_OUT, _ENVP)
    p.label("next variable")
    p.load(_PATH, _OUT, size=8)
    p.add(_OUT, 8)
    p.jump_if(_PATH, _EQUAL, 0, "no variable")
    # May read a little past a short variable: the kernel puts more bytes behind the last one.
    p.load(_BYTE, _PATH, size=4)
    p.jump_if(_BYTE, _NOT_EQUAL, int.from_bytes(b"PATH", "little"), "next variable")
    p.load(_BYTE, _PATH, 4, size=1)
    p.jump_if(_BYTE, _NOT_EQUAL, ord("="), "next variable")
    p.add(_PATH, 5)
    p.jump("next directory")
    p.label("no variable")
    p.put(_PATH, "default path")


def _copy_directory(p: Assembly) -> None:
    """Copy what is in front of the next colon, and a slash, to `path`; _OUT is its end."""
    p.label("next directory")
    p.put(_OUT, "path")
    p.label("copy directory")
    p.load(_BYTE, _PATH, size=1)
    p.jump_if(_BYTE, _EQUAL, 0, "directory copied")
    p.jump_if(_BYTE, _EQUAL, ord(":"), "directory copied")
    p.store(_BYTE, _OUT, size=1)
    p.add(_PATH, 1)
    p.add(_OUT, 1)
    p.jump_if(_OUT, _NOT_EQUAL, "path end", "copy directory")
    p.jump("too long")
    p.label("directory copied")
    p.jump_if(_OUT, _NOT_EQUAL, "path", "add slash")
    p.put(_BYTE, ord("."))
    p.store(_BYTE, _OUT, size=1)
    p.add(_OUT, 1)
    p.label("add slash")
    p.put(_BYTE, ord("/"))
    p.store(_BYTE, _OUT, size=1)
    p.add(_OUT, 1)


def _append_name(p: Assembly) -> None:
    p.load(_NAME, _ARGV, size=8)
    p.label("copy name")
    p.jump_if(_OUT, _EQUAL, "path end", "too long")
    p.load(_BYTE, _NAME, size=1)
    p.store(_BYTE, _OUT, size=1)
    p.add(_NAME, 1)
    p.add(_OUT, 1)
    p.jump_if(_BYTE, _NOT_EQUAL, 0, "copy name")


def _try_path(p: Assembly) -> None:
    """Become what is there; go on with the next directory where it is not, or may not be run."""
    p.system_call("execve", "path", _ARGV, _ENVP)
    p.jump_if(Register.RESULT, _EQUAL, -errno.ENOENT, "not in directory")
    p.jump_if(Register.RESULT, _EQUAL, -errno.ENOTDIR, "not in directory")
    p.put(_ERROR, Register.RESULT)
    p.jump_if(Register.RESULT, _NOT_EQUAL, -errno.EACCES, "failed")
    p.label("not in directory")
    p.load(_BYTE, _PATH, size=1)
    p.jump_if(_BYTE, _EQUAL, 0, "failed")
    p.add(_PATH, 1)  # past the colon
    p.jump("next directory")
    p.label("too long")
    p.put(_ERROR, -errno.ENAMETOOLONG)


def _report_failure(p: Assembly) -> None:
    """Say what failed, and exit; then the same for the parent's failures."""
    p.label("failed")
    _write_message(p, "exec")
    p.load(_NAME, _ARGV, size=8)
    p.put(_OUT, _NAME)
    p.label("next of name")
    p.load(_BYTE, _OUT, size=1)
    p.jump_if(_BYTE, _EQUAL, 0, "end of name")
    p.system_call("write", _STDERR, _OUT, 1)
    p.add(_OUT, 1)
    p.jump("next of name")
    p.label("end of name")
    p.jump_if(_ERROR, _EQUAL, -errno.ENOENT, "is not found")
    p.jump_if(_ERROR, _EQUAL, -errno.EACCES, "is denied")
    _exit_with_message(p, "cannot execute", 126)
    p.label("is denied")
    _exit_with_message(p, "permission denied", 126)
    p.label("is not found")
    _exit_with_message(p, "not found", 127)
    p.label("no child")
    _exit_with_message(p, "cannot clone", 125)
    p.label("no command")
    _exit_with_message(p, "usage", 2)


def _exit_with_message(p: Assembly, message: str, status: int) -> None:
    _write_message(p, message)
    p.system_call("exit_group", status)


def _write_message(p: Assembly, message: str) -> None:
    p.system_call("write", _STDERR, message, len(_MESSAGES[message]))


def _memory(p: Assembly) -> None:
    p.data("all signals", b"\xff" * _SIGNAL_SET_BYTES)
    p.data("default path", b"/bin:/usr/bin\0")
    for name, text in _MESSAGES.items():
        p.data(name, text.encode())
    p.reserve("no signals", _SIGNAL_SET_BYTES)
    p.reserve("status", 4)
    p.reserve("process group", 4)
    p.reserve("path", _PATH_BYTES)
    p.reserve("path end", 0)
