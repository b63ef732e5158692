"""The parent's half of `create`: everything around the child that init.py describes."""

import errno
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from seacan.errors import Conflict, Internal, InvalidArgument, Unavailable, Unsupported
from seacan.kernel import processes
from seacan.kernel.cgroups import hierarchy
from seacan.kernel.cgroups.cgroup import Cgroup
from seacan.kernel.namespaces import CLONE_NEWPID, open_namespace
from seacan.records import replace
from seacan.runtime import bundle as bundles
from seacan.runtime import failures, init, state
from seacan.runtime.bundle import Bundle
from seacan.runtime.container import Container
from seacan.runtime.devices import with_device_rules
from seacan.runtime.failures import Answer, reason
from seacan.runtime.fork import fork, fork_into
from seacan.runtime.init import NO_CGROUP, Init
from seacan.runtime.labels import check_kernel
from seacan.runtime.launch import Stdio
from seacan.runtime.namespaces import every
from seacan.runtime.seccomp.compile import compile_filter
from seacan.runtime.seccomp.load import Filter, filter_flags
from seacan.runtime.settings import NO_SETTINGS, Settings
from seacan.runtime.state import Record, StateDirectory, inherited_linux_of, inherited_of
from seacan.spec.runtime import OCI_VERSION, LinuxDeviceCgroup, LinuxResources

_MACHINE: Final = os.uname().machine


def create(
    root: Path,
    container_id: str,
    bundle: Path,
    *,
    stdio: Stdio,
    console: socket.socket | None = None,
    preserve_fds: int = 0,
    listen_fds: int = 0,
    settings: Settings = NO_SETTINGS,
) -> Container:
    """Make a container of `bundle`, its process waiting to be started, its state under `root`.

    `stdio` is for 0, 1, 2 of the process, unless it wants a terminal: then the pty's master is sent
    over `console`. Descriptors from 3 on reach the process: `listen_fds` sockets, of which it is
    told as systemd tells, and `preserve_fds` more. The process is a child of the caller, who reaps
    it and must have one thread only.
    Raises Conflict for an id in use, CommandNotFound, CommandNotExecutable, InvalidArgument,
    Unsupported, Unavailable (no agent of seccomp, no systemd), Internal; nothing is left behind
    then.
    """
    loaded = bundles.load(bundle)
    if os.geteuid() != 0 and not loaded.namespace("user"):
        raise InvalidArgument("linux.namespaces: who is not root needs a user namespace")
    preserve_fds += listen_fds
    check_descriptors(loaded.process.get("terminal", False), console, preserve_fds)
    check_kernel(loaded.process, loaded.linux.get("mountLabel", ""))
    if listen_fds:
        told = [f"LISTEN_FDS={listen_fds}", "LISTEN_PID=1"]
        loaded.process["env"] = [*loaded.process.get("env", []), *told]
    directory = state.directory(root, container_id)
    try:
        with ExitStack() as undo:
            directory.make()
            undo.callback(directory.remove)
            place = _place(loaded, container_id, settings)
            resources, late_rules = _resources(loaded)
            seccomp = _compile_seccomp(loaded)
            reader, writer = failures.open_pipe()
            undo.callback(os.close, reader)
            with (
                _closing(writer),
                _closing(os.open(directory.fifo, os.O_RDWR)) as fifo,
                _failure_file(loaded, directory) as failure,
            ):
                child = Init(
                    container_id=container_id,
                    process=loaded.process,
                    linux=loaded.linux,
                    stdio=stdio,
                    console=console,
                    preserve_fds=preserve_fds,
                    pipe=writer,
                    cgroup=place.cgroup,
                    filter=seccomp,
                    settings=settings,
                    bundle=loaded,
                    fifo=fifo,
                    failure=failure,
                    resources=resources,
                    device_rules=late_rules,
                )
                pid = _fork(child, undo)
            # While the child begins, on another processor; it asks for the cgroup when it needs it.
            record = _record(container_id, loaded, place, settings)
            record = _with_process(record, pid, seccomp)
            _keep_seccomp(seccomp, directory)
            cgroup, record = _take_cgroup(place, resources, loaded, record, directory, undo)
            container = Container(record, directory, reader)
            undo.pop_all()
            undo.callback(_delete_and_reap, container)
            if child.door:
                _let_in(child, pid, cgroup)
            if not _is_created(container, seccomp):
                raise Internal(_obituary(cgroup))
            undo.pop_all()
    except OSError as err:
        raise Internal(f"create container {container_id}: {reason(err)}") from err
    return container


def create_restored(
    root: Path, container_id: str, bundle: Bundle, restore: Callable[[Cgroup, str, Path], int]
) -> Container:
    """Make a container of processes that `restore` brings back, given cgroup, its path, a file.

    `restore` returns the pid of the first, a child of the caller; the file is for its own use. The
    container is running. The errors are as of create(), and those of `restore`.
    """
    directory = state.directory(root, container_id)
    try:
        with ExitStack() as undo:
            directory.make()
            undo.callback(directory.remove)
            directory.fifo.unlink()
            place = _place(bundle, container_id, NO_SETTINGS)
            record = _record(container_id, bundle, place, NO_SETTINGS)
            resources = with_device_rules(bundle.linux.get("resources", {}))
            cgroup, record = _take_cgroup(place, resources, bundle, record, directory, undo)
            undo.callback(cgroup.kill)
            seccomp = _compile_seccomp(bundle)
            _keep_seccomp(seccomp, directory)
            pid = restore(cgroup, record.cgroup, directory.path / "pid")
            undo.callback(_kill_and_reap, pid)
            record = _with_process(record, pid, seccomp)
            directory.write(record)
            undo.pop_all()
    except OSError as err:
        raise Internal(f"restore container {container_id}: {reason(err)}") from err
    return Container(record, directory)


def check_descriptors(terminal: bool, console: socket.socket | None, preserve_fds: int) -> None:
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


def _resources(bundle: Bundle) -> tuple[LinuxResources, list[LinuxDeviceCgroup]]:
    """Return the limits, and device rules for the child to make.

    That is where it mounts devices: what it mounts need not be allowed inside.
    """
    resources = with_device_rules(bundle.linux.get("resources", {}))
    if not bundle.mounts_block_device or bundle.namespace("user"):
        return resources, []
    return {**resources, "devices": []}, resources["devices"]


class _Place(NamedTuple):
    """A cgroup, and what the Record says of it."""

    cgroup: Cgroup
    path: str
    bases: dict[str, str]


def _place(bundle: Bundle, container_id: str, settings: Settings) -> _Place:
    path = bundle.linux.get("cgroupsPath", "")
    try:
        if settings.systemd_cgroup:
            # Who wants it waits for systemd anyway.
            from seacan.kernel.cgroups.systemd import new_cgroup

            made = new_cgroup(path, container_id, bundle.config.get("annotations", {}))
            return _Place(made, made.path, {})
        path, bases = hierarchy.place(_checked(path or container_id))
        return _Place(hierarchy.open_cgroup(path, bases), path, bases)
    except OSError as err:
        kind = InvalidArgument if err.errno == errno.EINVAL else Unavailable
        raise kind(reason(err)) from err


def _checked(path: str) -> str:
    """Return linux.cgroupsPath without slashes that say nothing."""
    names = path.strip("/").split("/")
    if not all(names) or {".", ".."}.intersection(names):
        raise InvalidArgument(f"linux.cgroupsPath: not a path below the root: {path!r}")
    return "/" * path.startswith("/") + "/".join(names)


def _take_cgroup(
    place: _Place,
    resources: LinuxResources,
    bundle: Bundle,
    record: Record,
    directory: StateDirectory,
    undo: ExitStack,
) -> tuple[Cgroup, Record]:
    """Return the cgroup with its limits, and the record, which has an empty path for none."""
    cgroup = place.cgroup
    # All that is in there will be taken for the container's, and killed with it.
    if pids := cgroup.pids():
        raise Conflict(f"container's cgroup is not empty: {len(pids)} process(es) found")
    # Said before it is taken: whoever comes after a kill -9 knows what to give back.
    directory.write(record)
    undo.callback(cgroup.remove)
    made = _make_cgroup(cgroup, resources, bundle, record.settings)
    if made is not cgroup:
        record = replace(record, cgroup="", cgroup_bases={})
        directory.write(record)
    return made, record


def _make_cgroup(
    cgroup: Cgroup, resources: LinuxResources, bundle: Bundle, settings: Settings
) -> Cgroup:
    try:
        cgroup.create()
        cgroup.apply(resources)
    except OSError as err:
        if err.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return _without_cgroup(bundle, settings, cgroup, err)
        kind = Unsupported if err.errno == errno.ENOTSUP else Internal
        raise kind(f"apply cgroup configuration: {reason(err)}") from err
    return cgroup


def _without_cgroup(bundle: Bundle, settings: Settings, half_made: Cgroup, err: OSError) -> Cgroup:
    from seacan.kernel.cgroups.absent import NoCgroup
    from seacan.runtime import rootless  # both for a caller who may not do all

    rootless.check(bundle, settings.rootless, err)
    half_made.remove()
    return NoCgroup()


def _compile_seccomp(bundle: Bundle) -> Filter | None:
    seccomp = bundle.linux.get("seccomp")
    if not seccomp:
        return None
    return Filter(
        compile_filter(seccomp, _MACHINE),
        filter_flags(seccomp),
        seccomp.get("listenerPath", ""),
        seccomp.get("listenerMetadata", ""),
    )


def _keep_seccomp(seccomp: Filter | None, directory: StateDirectory) -> None:
    """Keep the program for processes that join later."""
    if seccomp:
        directory.seccomp.write_bytes(seccomp.program)


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


def _fork(child: Init, undo: ExitStack) -> int:
    if child.bundle.namespace("user"):
        return _fork_into_user_namespace(child, undo)
    if not child.bundle.has_id_mapped_mounts:
        return _fork_plainly(child, undo)
    from seacan.runtime import sources  # few containers have any

    with closing(sources.open_sources(child.bundle)) as child.sources:
        return _fork_plainly(child, undo)


def _fork_plainly(child: Init, undo: ExitStack) -> int:
    namespace = child.bundle.namespace("pid")
    if namespace is None:
        pid = fork(child, init.STEPS)
    elif path := namespace.get("path"):
        with _closing(_open_pid_namespace(path)) as fd:
            pid = fork_into(child, init.STEPS, fd)
    else:
        pid = fork(child, init.STEPS, flags=CLONE_NEWPID)
    undo.callback(_kill_and_reap, pid)
    return pid


def _fork_into_user_namespace(child: Init, undo: ExitStack) -> int:
    from seacan.runtime import sources, user_namespace  # few containers have one

    child.door = user_namespace.Door()
    undo.callback(child.door.close)
    with closing(sources.open_sources(child.bundle)) as child.sources:
        pid = user_namespace.fork(child)
    undo.callback(_kill_and_reap, pid)
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


def _record(container_id: str, bundle: Bundle, place: _Place, settings: Settings) -> Record:
    """Return what there is to say before anything is taken."""
    pid_namespace = bundle.namespace("pid")
    return Record(
        oci_version=OCI_VERSION,
        id=container_id,
        pid=0,
        started=0,
        bundle=str(bundle.path),
        rootfs=str(bundle.rootfs),
        cgroup=place.path,
        cgroup_bases=place.bases,
        namespaces=every(bundle.linux.get("namespaces", [])),
        has_pid_namespace=pid_namespace is not None and not pid_namespace.get("path"),
        seccomp_flags=0,
        listener_path="",
        listener_metadata="",
        created_ns=time.time_ns(),
        annotations=bundle.config.get("annotations", {}),
        is_created=not bundle.has_hooks("prestart", "createRuntime", "createContainer"),
        hooks=bundle.config.get("hooks", {}),
        inherited=inherited_of(bundle.process),
        linux=inherited_linux_of(bundle.linux),
        settings=settings,
    )


def _with_process(record: Record, pid: int, seccomp: Filter | None) -> Record:
    return replace(
        record,
        pid=pid,
        started=processes.start_time(pid) or 0,
        seccomp_flags=seccomp.flags if seccomp else 0,
        listener_path=seccomp.listener_path if seccomp else "",
        listener_metadata=seccomp.listener_metadata if seccomp else "",
    )


def _kill_and_reap(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _delete_and_reap(container: Container) -> None:
    container.delete(force=True)
    os.waitpid(container.pid, 0)


def _obituary(cgroup: Cgroup) -> str:
    if cgroup.oom_kills():
        return "container init was OOM-killed (memory limit too low?)"
    return "container init ended before it was created"
