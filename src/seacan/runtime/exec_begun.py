"""An exec that its caller does not wait for: it forks, and the child does all the rest.

    caller   forks it into the pid namespace, and goes on ···▸ pipe readable: result()
    child    reads what there is of the container ─▸ the steps of exec.py ─▸ execve

What that needs of memory is the child's and goes with execve. Whoever is root in the container may
stop the child from its first instruction on, and holds up nobody with it.
"""

from __future__ import annotations

import os

from seacan.errors import Conflict, Unsupported
from seacan.kernel import processes, signals
from seacan.kernel.namespaces import children_in_pid_namespace
from seacan.records import record
from seacan.runtime import bundle, container, exec, failures
from seacan.runtime.fork import fork, take
from seacan.trace import NOT_TRACED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket  # slow to import

    from seacan.files import StrPath
    from seacan.runtime.launch import Stdio
    from seacan.spec.runtime import Process


@record(kw_only=True)
class Asked:
    """What the child is told. `pidfd` is of the first process of the container `id` in `root`."""

    root: StrPath
    id: str
    process: Process
    stdio: Stdio
    console: socket | None
    pidfd: int
    pipe: int
    trace: int = NOT_TRACED


class BegunExec:
    """A child of the caller, `pid`, that is about to execute the process."""

    def __init__(
        self,
        root: StrPath,
        container_id: str,
        first_pid: int,
        process: Process,
        *,
        stdio: Stdio,
        console: socket | None,
    ) -> None:
        """Begin `process` in the container whose first process, `first_pid`, is the caller's child.

        Not for one with a seccomp listener. Raises Conflict if the container has stopped, and
        PermissionError if the caller is not privileged in its own user namespace.
        """
        self._pipe, writer = failures.open_pipe()
        os.set_blocking(self._pipe, False)
        pidfd = os.pidfd_open(first_pid)
        asked = Asked(
            root=root,
            id=container_id,
            process=process,
            stdio=stdio,
            console=console,
            pidfd=pidfd,
            pipe=writer,
        )
        try:
            self.pid = fork(asked, (leave_others, join), inside=children_in_pid_namespace(pidfd))
        except PermissionError:
            self.close()
            raise
        except OSError as err:  # ESRCH, ENOMEM: as in exec.py
            self.close()
            raise Conflict("cannot exec in a stopped container") from err
        finally:
            os.close(writer)
            os.close(pidfd)

    def fileno(self) -> int:
        """Return a descriptor that is readable once there is a result."""
        return self._pipe

    def result(self) -> int | None:
        """Return the pid once it was executed, None before. Raises what exec_process() does.

        One that was killed on its way counts as executed: the caller reaps it.
        """
        try:
            failures.receive(self._pipe)
        except BlockingIOError:
            return None
        return self.pid

    def kill(self) -> None:
        """End it; as long as there was no result, it was not reaped either."""
        os.kill(self.pid, signals.SIGKILL)

    def close(self) -> None:
        os.close(self._pipe)


def leave_others(asked: Asked) -> None:
    """Close what belongs to the caller: a client of it would not see its connection end."""
    kept = {*asked.stdio, asked.pidfd, asked.pipe}
    processes.close_all_but(kept if asked.console is None else {*kept, asked.console.fileno()})


def join(asked: Asked) -> None:
    """Be the process: the last step, which begins those of exec.py."""
    process = bundle.check_process(asked.process)
    joining = exec.prepare(
        container.load(asked.root, asked.id),
        process,
        stdio=asked.stdio,
        console=asked.console,
        pipe=asked.pipe,
        pidfd=asked.pidfd,
    )
    if joining.filter is not None and joining.filter.has_listener:
        raise Unsupported("seccomp: a listener, for a process that nobody waits for")
    take(joining, exec.STEPS)
