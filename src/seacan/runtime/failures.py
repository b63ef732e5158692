"""How a forked child says what went wrong: one message to the parent, one error there.

    child                                   parent
    ask(…)        a question ────────▶      receive() has it answered, by what was given for that
                  "go on", …  ◀───────      and goes on itself
    ready()       "ready"   ─────────▶      receive() returns: everything is set up
    report(…)     class, text ───────▶      receive() raises the error of that class
    execve        end of file ───────▶      receive() returns False: the process runs

The pipe, one in both directions, closes by execve, so its end is success, unless the child died
without a word.
"""

from __future__ import annotations

import os

from seacan import errors
from seacan.errors import InvalidArgument, SeacanError
from seacan.kernel import syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final

    # From the question's further words to those of the answer.
    Answer = Callable[[str], str | None]

_AF_UNIX: Final = 1  # linux/socket.h
_SOCK_SEQPACKET: Final = 5  # linux/net.h
_READY: Final = b"ready"
_QUESTION: Final = b"? "
_GO_ON: Final = b"go on"
_MAX_MESSAGE: Final = 4096
_MAX_ANSWER: Final = 64

NO_ANSWERS: Final[Mapping[str, Answer]] = {}  # for a child that asks nothing


class CommandNotFound(InvalidArgument):
    """The executable does not exist: exit status 127."""


class CommandNotExecutable(InvalidArgument):
    """The executable exists and cannot be executed: exit status 126."""


class HookFailed(errors.Internal):
    """A hook that has to succeed has not: the container is undone."""


_CLASSES: Final[dict[str, type[SeacanError]]] = {
    kind.__name__: kind
    for kind in (
        CommandNotFound,
        CommandNotExecutable,
        HookFailed,
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
    return syscalls.socketpair(_AF_UNIX, _SOCK_SEQPACKET)


def ask(pipe: int, question: str) -> str:
    """Have the parent do something, and wait until it has; return what it says of it, if anything.

    Raises Internal if it has given up. Two system calls: where it is about a seccomp filter, they
    are under that already.
    """
    os.write(pipe, _QUESTION + question.encode())
    answer = os.read(pipe, _MAX_ANSWER)
    if not answer.startswith(_GO_ON):
        raise errors.Internal("the parent has gone")
    return answer.removeprefix(_GO_ON).decode().strip()


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


def receive(pipe: int, answers: Mapping[str, Answer] = NO_ANSWERS) -> bool:
    """Wait for the child: True if it is ready, False at the end of the pipe.

    `answers` has what to do for a question, by its first word; it is given the rest. Raises what
    the child reports, and what an answer raises: then the child is still there, and waits.
    """
    try:
        while (message := os.read(pipe, _MAX_MESSAGE)).startswith(_QUESTION):
            word, _, rest = message.removeprefix(_QUESTION).decode().partition(" ")
            said = answers[word](rest) or ""
            os.write(pipe, _GO_ON + f" {said}".encode())
    except ConnectionError:  # the child died instead of reading it
        return False
    if message in (b"", _READY):
        return bool(message)
    kind, _, text = message.decode(errors="replace").partition("\n")
    raise _CLASSES.get(kind, errors.Internal)(text)
