"""How a forked child says what went wrong: one message to the parent, one error there.

    child                                   parent
    offer(…)      "listener"  ───────▶      receive() has its argument take the descriptor
                  "go on"     ◀───────      and goes on itself
    ready()       "ready"   ─────────▶      receive() returns: everything is set up
    report(…)     class, text ───────▶      receive() raises the error of that class
    execve        end of file ───────▶      receive() returns False: the process runs

The pipe, one in both directions, closes by execve, so its end is success, unless the child died
without a word.
"""

import os
import socket
from collections.abc import Callable
from typing import Final

from seacan import errors
from seacan.errors import InvalidArgument, SeacanError

_READY: Final = b"ready"
_LISTENER: Final = b"listener "
_GO_ON: Final = b"go on"
_MAX_MESSAGE: Final = 4096


class CommandNotFound(InvalidArgument):
    """The executable does not exist: exit status 127."""


class CommandNotExecutable(InvalidArgument):
    """The executable exists and cannot be executed: exit status 126."""


_CLASSES: Final[dict[str, type[SeacanError]]] = {
    kind.__name__: kind
    for kind in (
        CommandNotFound,
        CommandNotExecutable,
        InvalidArgument,
        errors.Forbidden,
        errors.Conflict,
        errors.Unsupported,
        errors.Internal,
    )
}


def cause(err: OSError) -> str:
    """Return what the kernel says, as the sentences of the other runtimes have it: lower case."""
    text, words = err.strerror or str(err), os.strerror(err.errno or 0)
    return text.replace(words, words[:1].lower() + words[1:])


def reason(err: OSError) -> str:
    """Return the cause with the path in front, if there is one."""
    return f"{os.fsdecode(err.filename)}: {cause(err)}" if err.filename else cause(err)


def open_pipe() -> tuple[int, int]:
    """Return the parent's end and the child's, where each read takes one message."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return ours.detach(), theirs.detach()


def offer(pipe: int, number: int) -> None:
    """Have the parent take the descriptor `number` of this process, and wait until it has.

    Two system calls: they are under the seccomp filter that the descriptor belongs to.
    """
    os.write(pipe, _LISTENER + b"%d" % number)
    if os.read(pipe, len(_GO_ON)) != _GO_ON:
        raise errors.Internal("the parent has gone")


def ready(pipe: int) -> None:
    """Say that everything is set up."""
    os.write(pipe, _READY)


def report(pipe: int, step: str, err: Exception) -> None:
    """Say that `step` failed."""
    kind = type(err).__name__ if isinstance(err, SeacanError) else "Internal"
    if isinstance(err, OSError):
        text = f"{step}: {reason(err)}"
    elif isinstance(err, SeacanError):
        text = str(err)
    else:
        text = f"{step}: {type(err).__name__}: {err}"
    os.write(pipe, f"{kind}\n{text}".encode(errors="backslashreplace")[:_MAX_MESSAGE])


def receive(pipe: int, take: Callable[[int], None] | None = None) -> bool:
    """Wait for the child: True if it is ready, False at the end of the pipe.

    `take` is given the number of a descriptor that the child offers. Raises what the child
    reports, and what `take` raises: then the child is still there, and waits.
    """
    message = os.read(pipe, _MAX_MESSAGE)
    if take is not None and message.startswith(_LISTENER):
        take(int(message.removeprefix(_LISTENER)))
        try:
            os.write(pipe, _GO_ON)
            message = os.read(pipe, _MAX_MESSAGE)
        except ConnectionError:  # the child died instead of reading it
            return False
    if message in (b"", _READY):
        return bool(message)
    kind, _, text = message.decode().partition("\n")
    raise _CLASSES.get(kind, errors.Internal)(text)
