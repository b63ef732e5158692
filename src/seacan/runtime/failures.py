"""How a forked child says what went wrong: one message up a pipe, one error in the parent.

    child                                   parent
    ready()       "ready"   ─────────▶      receive() returns: everything is set up
    report(…)     class, text ───────▶      receive() raises the error of that class
    execve        end of file ───────▶      receive() returns False: the process runs

The pipe closes by execve, so its end is success, unless the child died without a word.
"""

import os
from typing import Final

from seacan import errors
from seacan.errors import InvalidArgument, SeacanError

_READY: Final = b"ready"
_MAX_MESSAGE: Final = 4096  # PIPE_BUF: written whole or not at all


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


def receive(pipe: int) -> bool:
    """Wait for the child: True if it is ready, False at the end of the pipe.

    Raises what the child reports.
    """
    message = os.read(pipe, _MAX_MESSAGE)
    if message in (b"", _READY):
        return bool(message)
    kind, _, text = message.decode().partition("\n")
    raise _CLASSES.get(kind, errors.Internal)(text)
