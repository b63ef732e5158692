"""A further process in a container that exists: the child joins what init.py made.

It is forked into the pid namespace and enters the others from there, in one call by pidfd, in which
the kernel sees to it that the user namespace counts for the others. Until
execve it is non-dumpable, so that nobody in the container can reach the host's files through it.
"""

from __future__ import annotations

import errno
import os

from seacan.errors import Conflict, Forbidden
from seacan.kernel import signals, syscalls, this_process
from seacan.kernel.cgroups.hierarchy import open_cgroup_of
from seacan.kernel.namespaces import (
    CLONE_NEWPID,
    CLONE_NEWUSER,
    become_root,
    children_in_pid_namespace,
)
from seacan.records import record
from seacan.runtime import bundle, console, failures
from seacan.runtime.capability_sets import warn_of_missing
from seacan.runtime.container import Container
from seacan.runtime.create import check_descriptors, taking_listener
from seacan.runtime.fork import fork
from seacan.runtime.labels import check_kernel, label_keyring, label_process
from seacan.runtime.launch import Launch, Stdio
from seacan.runtime.personality import set_personality
from seacan.runtime.process import (
    adjust_oom_score,
    apply_rlimits,
    become_user,
    enter_cwd,
    execute,
    find_executable,
    leave_parent,
    limit_capabilities,
    load_seccomp,
    set_environment,
    start_session,
    take_descriptors,
)
from seacan.runtime.scheduling import set_final_cpus, set_initial_cpus, set_scheduling
from seacan.runtime.seccomp.load import Filter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from socket import socket  # slow to import
    from typing import Any, Final

    from seacan.spec.runtime import Process

_NOWHERE: Final[Mapping[str, str]] = {}


@record(frozen=False, kw_only=True)
class Joining(Launch):
    """A process that joins; `pidfd` is of the container's first one, whose pid is `init_pid`.

    `namespaces` are the flags (CLONE_NEW*) of those still to be entered.
    """

    pidfd: int
    init_pid: int
    namespaces: int

    def descriptors(self) -> set[int]:
        return Launch.descriptors(self) | {self.pidfd}


def exec_process(
    container: Container,
    process: Process,
    *,
    stdio: Stdio,
    console: socket | None = None,
    preserve_fds: int = 0,
    below: Mapping[str, str] = _NOWHERE,
) -> int:
    """Start `process` in the container; return its pid, of a child of the caller, once executed.

    What `process` does not say of labels and scheduling is as for the container's first one.
    `stdio`, `console`, `preserve_fds` and the errors are as of create(); also Conflict if the
    container has stopped. `below` has the paths, below the container's cgroup, of those that it
    enters, by controller: cgroup.py. Nothing is left of a process that could not be executed.
    """
    process = bundle.check_process(process)
    check_descriptors(process.get("terminal", False), console, preserve_fds)
    pidfd = container.pidfd()
    reader, writer = failures.open_pipe()
    try:
        child = prepare(container, process, stdio=stdio, console=console, pipe=writer, pidfd=pidfd)
        child.preserve_fds = preserve_fds
        if below:
            child.cgroup = container.cgroup.below(below)
        pid = _fork(child)
    except Exception:
        os.close(reader)
        raise
    finally:
        os.close(writer)
        os.close(pidfd)
    try:
        failures.receive(reader, taking_listener(container, pid, child.filter))
    except Exception:
        os.kill(pid, signals.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(reader)
    return pid


def prepare(
    container: Container,
    process: Process,
    *,
    stdio: Stdio,
    console: socket | None,
    pipe: int,
    pidfd: int,
) -> Joining:
    """Return what the STEPS need for `process`, which was checked."""
    record = container.record
    process = record.completed(process)
    check_kernel(process)
    warn_of_missing(process, has_all=bool(record.namespaces & CLONE_NEWUSER))
    return Joining(
        container_id=container.id,
        process=process,
        linux=record.linux,
        stdio=stdio,
        console=console,
        preserve_fds=0,
        pipe=pipe,
        cgroup=container.cgroup,
        filter=_seccomp_of(container),
        settings=record.settings,
        pidfd=pidfd,
        init_pid=container.pid,
        namespaces=record.namespaces,
    )


def _fork(child: Joining) -> int:
    try:
        try:
            return fork(child, STEPS, inside=children_in_pid_namespace(child.pidfd))
        except PermissionError:
            return _fork_beyond(child)
    except OSError as err:
        # ESRCH: the process is gone; ENOMEM: its pid namespace takes nobody in any more.
        raise Conflict("cannot exec in a stopped container") from err


def _fork_beyond(child: Joining) -> int:
    """Fork it for a caller whose privileges begin in the container's user namespace."""
    from seacan.runtime import intermediate  # rarely needed

    steps = [step for step in STEPS if step not in (adjust_oom_score, join_cgroup)]
    return intermediate.fork(child, steps, prepare=enter_first_namespaces)


def enter_first_namespaces(joining: Joining) -> None:
    """In the intermediate: enter what has to be entered before the fork."""
    adjust_oom_score(joining)
    join_cgroup(joining)
    this_process.set_dumpable(False)
    try:
        _enter(joining, joining.namespaces & (CLONE_NEWUSER | CLONE_NEWPID))
    except PermissionError as err:
        # Until execve its first process is the host's root's, as the runtime's own: CVE-2016-9962.
        text = "join the container: not permitted; before it is started, root alone may"
        raise Forbidden(text) from err


def _seccomp_of(container: Container) -> Filter | None:
    record = container.record
    try:
        with open(container.directory.seccomp, "rb") as file:
            program = file.read()
    except FileNotFoundError:
        return None
    return Filter(program, record.seccomp_flags, record.listener_path, record.listener_metadata)


def join_cgroup(joining: Joining) -> None:
    """Enter the container's cgroup, or the first process's.

    A cgroup of version 2 that an init system in the container has divided takes no process.
    """
    try:
        joining.cgroup.join(0)
    except OSError as err:
        if err.errno != errno.EBUSY:
            raise
        open_cgroup_of(joining.init_pid).join(0)


def enter_namespaces(joining: Joining) -> None:
    """Enter all namespaces of the container; its root becomes the root, and the directory."""
    if joining.namespaces & CLONE_NEWUSER:
        from seacan.runtime.user_namespace import give_stdio  # few containers have one

        give_stdio(joining, joining.init_pid, range(3))
    _enter(joining, joining.namespaces & ~CLONE_NEWPID)
    joining.root_fd = os.open("/", os.O_PATH | os.O_DIRECTORY)


def _enter(joining: Joining, flags: int) -> None:
    if flags:
        syscalls.setns(joining.pidfd, flags)
        joining.namespaces &= ~flags
    if flags & CLONE_NEWUSER:
        become_root()  # and a change of ids ends what was asked of the kernel about the process
        this_process.set_dumpable(False)
        this_process.set_pdeathsig(signals.SIGKILL)


def open_terminal(joining: Joining) -> None:
    console.open_terminal(joining)


STEPS: Final[tuple[Callable[[Any], None], ...]] = (
    take_descriptors,
    label_keyring,
    start_session,
    adjust_oom_score,
    set_initial_cpus,
    join_cgroup,
    set_final_cpus,
    set_scheduling,
    label_process,
    enter_namespaces,
    open_terminal,
    set_environment,
    apply_rlimits,
    set_personality,
    enter_cwd,
    become_user,
    limit_capabilities,
    find_executable,
    leave_parent,
    load_seccomp,
    execute,
)
