"""Fork a child that turns itself, step by step, into a process of a container.

The caller is single-threaded. Whatever a step raises goes up the pipe; the child never returns.
"""

import gc
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NoReturn, TypeVar

from seacan.kernel import processes, syscalls
from seacan.runtime import failures
from seacan.runtime.launch import Launch

AnyLaunch = TypeVar("AnyLaunch", bound=Launch)

_EXIT_STATUS = 255  # of a process that could not be executed; what runc exits with


def fork(
    launch: AnyLaunch,
    steps: Sequence[Callable[[AnyLaunch], None]],
    pid_namespace: AbstractContextManager[None],
) -> int:
    """Return the pid of a child, forked inside `pid_namespace`, that runs `steps`.

    The caller becomes non-dumpable and stays so: the child is, from its first instruction on, out
    of reach of ptrace and /proc/PID for what already runs in the container (CVE-2016-9962,
    CVE-2019-5736). execve ends it for the child.
    """
    syscalls.set_dumpable(False)
    with pid_namespace:
        pid = os.fork()
        if pid == 0:
            _run(launch, steps)
    return pid


def _run(launch: AnyLaunch, steps: Sequence[Callable[[AnyLaunch], None]]) -> NoReturn:
    name = "fork"
    try:
        # A collection could run finalizers of the parent's objects, and close descriptors by
        # numbers that are ours by now.
        gc.disable()
        processes.reset_signals()
        syscalls.set_pdeathsig(signal.SIGKILL)
        for step in steps:
            name = step.__name__.replace("_", " ")
            step(launch)
    except Exception as err:  # the door of this process: all goes to the parent
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        failures.report(launch.pipe, name, err)
    finally:
        os._exit(_EXIT_STATUS)
