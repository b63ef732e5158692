"""Fork a child that turns itself, step by step, into a process of a container.

The caller is single-threaded. Whatever a step raises goes up the pipe; the child never returns.
"""

from __future__ import annotations

import gc
import os

from seacan.kernel import namespaces, processes, signals, syscalls, this_process
from seacan.lean import nullcontext
from seacan.runtime import failures
from seacan.trace import mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from typing import NoReturn, Protocol, TypeVar

    class Told(Protocol):
        """What a child is told, as far as this module reads it: a Launch, or what becomes one."""

        @property
        def pipe(self) -> int: ...

        @property
        def trace(self) -> int: ...

    AnyLaunch = TypeVar("AnyLaunch", bound=Told)

_EXIT_STATUS = 255  # of a process that could not be executed; what runc exits with


def fork(
    launch: AnyLaunch,
    steps: Sequence[Callable[[AnyLaunch], None]],
    *,
    flags: int = 0,
    inside: AbstractContextManager[None] | None = None,
) -> int:
    """Return the pid of a child that runs `steps`, forked with `flags` (CLONE_*) and `inside`.

    The caller becomes non-dumpable and stays so: the child is, from its first instruction on, out
    of reach of ptrace and /proc/PID for what already runs in the container (CVE-2016-9962,
    CVE-2019-5736). execve ends it for the child.
    """
    this_process.set_dumpable(False)
    with inside or nullcontext():
        pid = syscalls.clone(flags)
        if pid == 0:
            run(launch, steps)
    return pid


def fork_into(
    launch: AnyLaunch, steps: Sequence[Callable[[AnyLaunch], None]], pid_namespace: int
) -> int:
    """Return the pid of a child in the pid namespace of a descriptor, that runs `steps`."""
    try:
        return fork(launch, steps, inside=namespaces.children_in_pid_namespace(pid_namespace))
    except PermissionError:
        from seacan.runtime import intermediate  # for a caller without privileges over its own

        def enter_pid_namespace(_: AnyLaunch) -> None:
            syscalls.setns(pid_namespace, namespaces.CLONE_NEWPID)

        return intermediate.fork(launch, steps, prepare=enter_pid_namespace)


def run(launch: AnyLaunch, steps: Sequence[Callable[[AnyLaunch], None]]) -> NoReturn:
    """Be the child: take `steps`, the last of which is execve or does not return either."""
    take(launch, (_begin, *steps))


def _begin(_: object) -> None:
    begin()


def begin() -> None:
    """Part with what a child has of its parent, but end with it."""
    # A collection could run finalizers of the parent's objects, and close descriptors by numbers
    # that are ours by now.
    gc.disable()
    processes.reset_signals()
    this_process.set_pdeathsig(signals.SIGKILL)


def take(launch: AnyLaunch, steps: Sequence[Callable[[AnyLaunch], None]]) -> NoReturn:
    """Take `steps` in a child that has begun."""
    name = ""
    try:
        for step in steps:
            name = step.__name__.replace("_", " ")
            step(launch)
            if launch.trace >= 0:
                mark(launch.trace, "init", name.strip())
    except Exception as err:  # the door of this process: all goes to the parent
        signals.signal(signals.SIGPIPE, signals.SIG_IGN)
        failures.report(launch.pipe, name, err)
    finally:
        os._exit(_EXIT_STATUS)
