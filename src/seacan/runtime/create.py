"""The parent's half of `create`: everything around the child that init.py describes."""

from __future__ import annotations

import os

from seacan.errors import Internal, InvalidArgument
from seacan.files import StrPath
from seacan.kernel import processes, signals
from seacan.kernel.namespaces import CLONE_NEWPID, CLONE_PARENT, open_namespace
from seacan.lean import ExitStack, closing, contextmanager
from seacan.records import replace
from seacan.runtime import cgroup_place, failures, init, state
from seacan.runtime.bundle import Bundle
from seacan.runtime.capability_sets import warn_of_missing
from seacan.runtime.cgroup_place import Place
from seacan.runtime.container import Container
from seacan.runtime.failures import reason
from seacan.runtime.fork import fork, fork_into
from seacan.runtime.init import NO_CGROUP, Init
from seacan.runtime.labels import check_kernel
from seacan.runtime.launch import Stdio
from seacan.runtime.seccomp.compile import compile_filter
from seacan.runtime.seccomp.load import Filter, filter_flags
from seacan.runtime.settings import NO_SETTINGS, Settings
from seacan.runtime.state import Record, StateDirectory
from seacan.trace import NOT_TRACED, mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from socket import socket  # slow to import
    from typing import Final

    from seacan.kernel.cgroups.cgroup import Cgroup
    from seacan.runtime.ahead import Ahead  # not for the executable: it has no time to fork ahead
    from seacan.runtime.failures import Answer

_MACHINE: Final = os.uname().machine


def create(
    root: StrPath,
    container_id: str,
    bundle: Bundle,
    *,
    stdio: Stdio,
    console: socket | None = None,
    preserve_fds: int = 0,
    settings: Settings = NO_SETTINGS,
    mount_layers: Callable[[], None] | None = None,
    ahead: Ahead | None = None,
    for_parent: bool = False,
    blocks_signals: bool = False,
    trace: int = NOT_TRACED,
) -> Container:
    """Make a container of `bundle`, its process waiting to be started, its state under `root`.

    `stdio` is for 0, 1, 2 of the process, unless it wants a terminal: then the pty's master is sent
    over `console`; `preserve_fds` descriptors from 3 on reach it, too. The process is a child of
    the caller, who reaps it and must have one thread only; it may have been forked `ahead`. With
    `for_parent` it is one of the caller's parent, where it can be.
    Where the root file system is yet to be mounted, the process calls `mount_layers`, which enters
    a mount namespace that it makes; that is not for containers with a user namespace.
    With `blocks_signals` it begins with all signals blocked: for one that unblocks what it wants.
    Raises Conflict for an id in use, CommandNotFound, CommandNotExecutable, InvalidArgument,
    Unsupported, Unavailable (no agent of seccomp, no systemd), Internal; nothing is left then.
    """
    _check(bundle, console, preserve_fds)
    directory = state.directory(root, container_id)
    with _failing(container_id), ExitStack() as undo:
        directory.make()
        undo.callback(directory.remove)
        place = cgroup_place.find(bundle, container_id, settings)
        resources, late_rules = cgroup_place.resources(bundle)
        seccomp = compile_seccomp(bundle)
        mark(trace, "starter", "compile seccomp filter")
        reader, writer = failures.open_pipe()
        undo.callback(os.close, reader)
        child = Init(
            container_id=container_id,
            process=bundle.process,
            linux=bundle.linux,
            stdio=stdio,
            console=console,
            preserve_fds=preserve_fds,
            pipe=writer,
            cgroup=place.cgroup,
            filter=seccomp,
            settings=settings,
            bundle=bundle,
            resources=resources,
            device_rules=late_rules,
            trace=trace,
            mount_layers=mount_layers,
            blocks_signals=blocks_signals,
        )
        pid = _begin(child, directory, ahead, undo, CLONE_PARENT if for_parent else 0)
        mark(trace, "starter", f"init is process {pid}")
        return _accompany(child, pid, place, directory, reader, undo)


@contextmanager
def _failing(container_id: str) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise Internal(f"create container {container_id}: {reason(err)}") from err


def _check(bundle: Bundle, console: socket | None, preserve_fds: int) -> None:
    """Refuse what cannot be before anything is made."""
    if os.geteuid() != 0 and not bundle.namespace("user"):
        raise InvalidArgument("linux.namespaces: who is not root needs a user namespace")
    check_descriptors(bundle.process.get("terminal", False), console, preserve_fds)
    check_kernel(bundle.process, bundle.linux.get("mountLabel", ""))
    warn_of_missing(bundle.process, has_all=bundle.namespace("user") is not None)


def _begin(
    child: Init, directory: StateDirectory, ahead: Ahead | None, undo: ExitStack, flags: int
) -> int:
    """Open what only the child needs, and have it begin; return its pid."""
    with (
        _closing(child.pipe),
        _closing(os.open(directory.fifo, os.O_RDWR)) as child.fifo,
        _failure_file(child.bundle, directory) as child.failure,
    ):
        return _fork(child, ahead, undo, flags)


def _accompany(
    child: Init, pid: int, place: Place, directory: StateDirectory, pipe: int, undo: ExitStack
) -> Container:
    """Do what there is to do while the child begins, on another processor; then see it through.

    It asks for the cgroup when it needs it.
    """
    record = state.record_of(
        child.bundle, child.container_id, place.path, place.bases, child.settings
    )
    record = state.with_process(record, pid, child.filter)
    keep_seccomp(child.filter, directory)
    cgroup, record = cgroup_place.take(
        place, child.resources, child.bundle, record, directory, undo
    )
    mark(child.trace, "starter", "make cgroup, set limits")
    container = Container(record, directory, pipe)
    undo.pop_all()
    undo.callback(_delete_and_reap, container)
    _finish(container, child, cgroup)
    undo.pop_all()
    return container


def _finish(container: Container, child: Init, cgroup: Cgroup) -> None:
    """See the child through all that it needs of the parent."""
    if child.door:
        _let_in(child, container.pid, cgroup)
    if not _is_created(container, child.filter):
        raise Internal(_obituary(cgroup))


def check_descriptors(terminal: bool, console: socket | None, preserve_fds: int) -> None:
    """Raise InvalidArgument if a terminal has no console, or what to preserve is not there."""
    if terminal and console is None:
        raise InvalidArgument("process.terminal: a terminal needs a console socket")
    if console is not None and not terminal:
        raise InvalidArgument("a console socket was given, but process.terminal is false")
    for fd in range(3, 3 + preserve_fds):
        try:
            os.fstat(fd)
        except OSError as err:
            raise InvalidArgument(f"preserve-fds: descriptor {fd} is not open") from err


def compile_seccomp(bundle: Bundle) -> Filter | None:
    """Return the filter that the configuration asks for, if it asks for one."""
    seccomp = bundle.linux.get("seccomp")
    if not seccomp:
        return None
    return Filter(
        compile_filter(seccomp, _MACHINE),
        filter_flags(seccomp),
        seccomp.get("listenerPath", ""),
        seccomp.get("listenerMetadata", ""),
    )


def keep_seccomp(seccomp: Filter | None, directory: StateDirectory) -> None:
    """Keep the program for processes that join later."""
    if seccomp:
        with open(directory.seccomp, "wb") as file:
            file.write(seccomp.program)


def taking_listener(container: Container, pid: int, seccomp: Filter | None) -> dict[str, Answer]:
    """Return what takes the descriptor of notifications that the process `pid` offers, if any."""
    if seccomp is None or not seccomp.has_listener:
        return {}

    def take(number: str) -> None:
        from seacan.runtime.seccomp import listener  # few profiles have one

        state = container.state()
        if pid == container.pid:
            state["status"] = "creating"
        listener.hand_over(pid, int(number), seccomp, state)

    return {"listener": take}


def _running_hooks(record: Record) -> dict[str, Answer]:
    """Return what runs the hooks that the first process asks for, if there are any."""
    if not record.hooks:
        return {}

    def run(_: str) -> None:
        from seacan.runtime import hooks  # most containers have none

        for kind in ("prestart", "createRuntime"):
            hooks.run(kind, record.hooks, record.state("created"))

    return {"hooks": run}


def _is_created(container: Container, seccomp: Filter | None) -> bool:
    """Wait for the child to be ready, and do what it asks for. False if it ends."""
    record = container.record
    answers: dict[str, Answer] = {"cgroup": lambda _: None if record.cgroup else NO_CGROUP}
    answers |= _running_hooks(record) | taking_listener(container, container.pid, seccomp)
    if not failures.receive(container.pipe, answers):
        return False
    if not container.record.is_created:
        container.record = replace(container.record, is_created=True)
        container.directory.write(container.record)
    return True


@contextmanager
def _failure_file(bundle: Bundle, directory: StateDirectory) -> Iterator[int]:
    """Make the file for what startContainer hooks fail with; -1 if there are none."""
    if not bundle.has_hooks("startContainer"):
        yield -1
        return
    fd = os.open(directory.failure, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with _closing(fd):
        yield fd


def _fork(child: Init, ahead: Ahead | None, undo: ExitStack, flags: int) -> int:
    if child.bundle.namespace("user"):
        return _fork_into_user_namespace(child, undo)
    if child.bundle.has_id_mapped_mounts:
        from seacan.runtime import sources  # few containers have any

        with closing(sources.open_sources(child.bundle)) as child.sources:
            return _fork_plainly(child, undo, flags)
    if ahead is not None and (pid := ahead.become(child)):
        undo.callback(kill_and_reap, pid)
        return pid
    return _fork_plainly(child, undo, flags)


def _fork_plainly(child: Init, undo: ExitStack, flags: int) -> int:
    namespace = child.bundle.namespace("pid")
    if namespace is None:
        pid = fork(child, init.STEPS, flags=flags)
    elif path := namespace.get("path"):
        with _closing(_open_pid_namespace(path)) as fd:
            pid = fork_into(child, init.STEPS, fd)
    else:
        pid = fork(child, init.STEPS, flags=CLONE_NEWPID | flags)
    undo.callback(kill_and_reap, pid)
    return pid


def _fork_into_user_namespace(child: Init, undo: ExitStack) -> int:
    from seacan.runtime import sources, user_namespace  # few containers have one

    child.door = user_namespace.Door()
    undo.callback(child.door.close)
    with closing(sources.open_sources(child.bundle)) as child.sources:
        pid = user_namespace.fork(child)
    undo.callback(kill_and_reap, pid)
    return pid


def _let_in(child: Init, pid: int, cgroup: Cgroup) -> None:
    from seacan.runtime import user_namespace  # few containers have one

    assert child.door is not None
    child.cgroup = cgroup
    with closing(child.door):
        user_namespace.let_in(child, pid)


def _open_pid_namespace(path: str) -> int:
    try:
        return open_namespace(path, "pid")
    except OSError as err:
        raise InvalidArgument(f"linux.namespaces: pid: {path}: {err.strerror}") from err


@contextmanager
def _closing(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


def kill_and_reap(pid: int) -> None:
    """End a child that did not become a container."""
    os.kill(pid, signals.SIGKILL)
    processes.reap(pid)


def _delete_and_reap(container: Container) -> None:
    container.delete(force=True)
    processes.reap(container.pid)


def _obituary(cgroup: Cgroup) -> str:
    if cgroup.oom_kills():
        return "container init was OOM-killed (memory limit too low?)"
    return "container init ended before it was created"
