"""What is kept of a container between commands, under the directory that `--root` names.

    ROOT/ID/            0700
      state.json        Record
      exec.fifo         there until the container is started: a byte written to it starts it
      seccomp.bpf       the compiled filter, for processes that join later; absent without one
      start.failure     what a startContainer hook failed with; absent without such hooks

Nothing here outlives a reboot, as no container does, so nothing waits for the disk.
"""

from __future__ import annotations

import os
import time

from seacan import json_text
from seacan.errors import Conflict, Internal, InvalidArgument, NotFound
from seacan.files import StrPath, absolute
from seacan.kernel import processes
from seacan.lean import cast, suppress
from seacan.records import record, replace
from seacan.runtime.bundle import Bundle, read_json
from seacan.runtime.namespaces import every
from seacan.runtime.seccomp.load import Filter
from seacan.runtime.settings import Settings
from seacan.spec.oci_version import OCI_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from seacan.spec.runtime import Hooks, Linux, Process, State, Status

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_ID_CHARACTERS: Final = frozenset(f"{_LETTERS}{_LETTERS.upper()}0123456789_+-.")
_MAX_ID: Final = 1024
# What the first process has and those that join later have as well, unless they say otherwise.
_INHERITED: Final = (
    "apparmorProfile",
    "selinuxLabel",
    "scheduler",
    "ioPriority",
    "execCPUAffinity",
)
_INHERITED_LINUX: Final = ("personality", "memoryPolicy")


@record
class Record:
    """state.json. `started` is the start time of `pid` in clock ticks since boot.

    It is written before anything is taken for the container, with the pid 0, and again with the
    pid. If that does not come, whoever made it was killed: all there is of it is the cgroup, and
    a process, if any, that cannot go on by itself.
    `cgroup` is from the root of the hierarchies, or from `cgroup_bases`: hierarchy.place(); its
    last name is that of the unit, where systemd made it. It is empty if there is none.
    `namespaces` are the flags (CLONE_NEW*) of those it does not share with its maker.
    `has_pid_namespace`: of its own, so that all its processes end with the first.
    `seccomp_flags` and the listener are the filter's in seccomp.bpf, see seccomp/load.py;
    `created_ns` is since the epoch. `is_created`: known to be, where hooks make the
    creation long. `hooks` are the configuration's; `inherited` and `linux` are what it says of
    processes that join later.
    """

    oci_version: str
    id: str
    pid: int
    started: int
    bundle: str
    rootfs: str
    cgroup: str
    cgroup_bases: dict[str, str]
    namespaces: int
    has_pid_namespace: bool
    seccomp_flags: int
    listener_path: str
    listener_metadata: str
    created_ns: int
    annotations: dict[str, str]
    is_created: bool
    hooks: Hooks
    inherited: Process
    linux: Linux
    settings: Settings

    def completed(self, process: Process) -> Process:
        """Return `process` with what it does not say of itself, but has for being in here."""
        said = {key: value for key, value in process.items() if value or key not in _INHERITED}
        return cast("Process", {**self.inherited, **said})

    def state(self, status: Status) -> State:
        """Return what the command `state` prints of a container that is in `status`."""
        return state_of(
            self.oci_version,
            self.id,
            status,
            0 if status == "stopped" else self.pid,
            self.bundle,
            self.annotations,
        )


@record
class StateDirectory:
    path: str

    @property
    def id(self) -> str:
        return os.path.basename(self.path)

    @property
    def record(self) -> str:
        return f"{self.path}/state.json"

    @property
    def fifo(self) -> str:
        return f"{self.path}/exec.fifo"

    @property
    def seccomp(self) -> str:
        return f"{self.path}/seccomp.bpf"

    @property
    def failure(self) -> str:
        return f"{self.path}/start.failure"

    def make(self) -> None:
        """Make the directory with its fifo. Raises Conflict if there is such a container."""
        # Sticky: what is not, and below $XDG_RUNTIME_DIR, is cleaned up when it has had no use.
        root = os.path.dirname(self.path)
        os.makedirs(os.path.dirname(root), exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(root, 0o1700)
        try:
            os.mkdir(self.path, 0o700)
        except FileExistsError as err:
            raise Conflict(f"container with given ID already exists: {self.id}") from err
        os.mkfifo(self.fifo, 0o600)

    def remove(self) -> None:
        # A directory of plain files; whoever removes it at the same time is as good.
        with suppress(FileNotFoundError):
            for name in os.listdir(self.path):
                with suppress(FileNotFoundError):
                    os.unlink(f"{self.path}/{name}")
            os.rmdir(self.path)

    def forget(self) -> bool:
        """Remove the record; True for one caller alone, however many delete the container."""
        try:
            os.unlink(self.record)
        except FileNotFoundError:
            return False
        return True

    def write(self, record: Record) -> None:
        document = vars(record) | {"settings": vars(record.settings)}
        temporary = f"{self.path}/.state.json.tmp"
        # Each start pays for this: a file object would take twice the system calls.
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(fd, json_text.dumps(document, escaped=True).encode())
        finally:
            os.close(fd)
        os.rename(temporary, self.record)

    def read(self) -> Record:
        """Return what was written last. Raises NotFound if there is no such container."""
        try:
            document = read_json(self.record)
            return Record(**document | {"settings": Settings(**document["settings"])})
        except NotFound as err:
            raise NotFound(f"container {self.id} does not exist") from err
        except (TypeError, KeyError, InvalidArgument) as err:
            raise Internal(f"{self.record}: not a state of this version: {err}") from err


def record_of(
    bundle: Bundle,
    container_id: str,
    cgroup: str,
    cgroup_bases: dict[str, str],
    settings: Settings,
) -> Record:
    """Return what there is to say of a container of `bundle` before it has a process."""
    pid_namespace = bundle.namespace("pid")
    return Record(
        oci_version=OCI_VERSION,
        id=container_id,
        pid=0,
        started=0,
        bundle=bundle.path,
        rootfs=bundle.rootfs,
        cgroup=cgroup,
        cgroup_bases=cgroup_bases,
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


def with_process(record: Record, pid: int, seccomp: Filter | None) -> Record:
    """Return `record` with the first process of the container, and the filter it is under."""
    return replace(
        record,
        pid=pid,
        started=processes.start_time(pid) or 0,
        seccomp_flags=seccomp.flags if seccomp else 0,
        listener_path=seccomp.listener_path if seccomp else "",
        listener_metadata=seccomp.listener_metadata if seccomp else "",
    )


def inherited_of(process: Process) -> Process:
    """Return what of `process` holds for processes that join later."""
    return cast("Process", {key: value for key, value in process.items() if key in _INHERITED})


def inherited_linux_of(linux: Linux) -> Linux:
    """Return what of `linux` is about each process."""
    return cast("Linux", {key: value for key, value in linux.items() if key in _INHERITED_LINUX})


def state_of(
    oci_version: str,
    container_id: str,
    status: Status,
    pid: int,
    bundle: str,
    annotations: dict[str, str],
) -> State:
    """Return a container's state as the specification has it: runtime.md#state."""
    return {
        "ociVersion": oci_version,
        "id": container_id,
        "pid": pid,
        "status": status,
        "bundle": bundle,
        "annotations": annotations,
    }


def directory(root: StrPath, container_id: str) -> StateDirectory:
    """Return the place of a container. Raises InvalidArgument for what is no id."""
    if (
        not 0 < len(container_id) <= _MAX_ID
        or not _ID_CHARACTERS.issuperset(container_id)
        or container_id in (".", "..")
    ):
        raise InvalidArgument(f"invalid container ID format: {container_id!r}")
    return StateDirectory(absolute(root, container_id))
