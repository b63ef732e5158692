"""A process in between, for a child that its parent cannot be forked into the right namespaces.

    caller ──▸ intermediate       joins namespaces that the caller may not enter, or not leave
       │            └──▸ child    forked there; with CLONE_PARENT, so it is the caller's child
       ◂── its pid ─┘ ends

A pid namespace is entered by being forked into it, and belongs to the user namespace of who makes
it. Source: clone(2), pid_namespaces(7); CLONE_NEWPID with CLONE_PARENT since Linux 3.13.
"""

from __future__ import annotations

import gc
import os

from seacan.errors import Internal
from seacan.kernel import namespaces, processes, signals, syscalls, this_process
from seacan.runtime import failures
from seacan.runtime.fork import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from seacan.runtime.fork import AnyLaunch


def fork(
    launch: AnyLaunch,
    steps: Sequence[Callable[[AnyLaunch], None]],
    *,
    prepare: Callable[[AnyLaunch], None],
    flags: int = 0,
) -> int:
    """Return the pid of a child that runs `steps`, forked with `flags` by who has run `prepare`.

    Raises what `prepare` does; there is no child then. Without privileges the caller stays
    dumpable, for its /proc to be its own; `prepare` or the steps have to see to that.
    """
    if os.geteuid() == 0:
        this_process.set_dumpable(False)
    ours, theirs = failures.open_pipe()
    between = syscalls.clone()
    if between == 0:
        os.close(ours)
        _be_between(launch, steps, prepare, flags, theirs)
    try:
        os.close(theirs)
        if not failures.receive(ours) or not (pid := os.read(ours, 16)):
            raise Internal("the process that was to fork the container's ended")
        return int(pid)
    finally:
        os.waitpid(between, 0)
        os.close(ours)


def _be_between(
    launch: AnyLaunch,
    steps: Sequence[Callable[[AnyLaunch], None]],
    prepare: Callable[[AnyLaunch], None],
    flags: int,
    pipe: int,
) -> NoReturn:
    try:
        gc.disable()  # as in run()
        processes.reset_signals()
        this_process.set_pdeathsig(signals.SIGKILL)
        prepare(launch)
        pid = syscalls.clone(flags | namespaces.CLONE_PARENT)
        if pid == 0:
            os.close(pipe)  # or the caller would not see that this process has ended
            run(launch, steps)
        failures.ready(pipe)
        os.write(pipe, b"%d" % pid)
    except Exception as err:  # the door of this process
        failures.report(pipe, prepare.__name__.replace("_", " "), err)
    finally:
        os._exit(0)
