"""A container of seacan's own runtime, used as a library."""

import signal
from functools import partial
from pathlib import Path
from typing import Final

from seacan.errors import Conflict, Internal, NotFound, Unavailable
from seacan.kernel import namespaces
from seacan.kernel.cgroups import hierarchy, units
from seacan.kernel.cgroups.oom import OomWatch
from seacan.runtime import bundle as bundles
from seacan.runtime import container, create
from seacan.runtime import exec as runtime_exec
from seacan.runtime.ahead import Ahead
from seacan.runtime.bundle import Bundle
from seacan.runtime.exec_begun import BegunExec
from seacan.runtime.settings import Settings
from seacan.spec.runtime import Process
from seacan.supervisor import rootfs
from seacan.supervisor.process import ChildSide
from seacan.supervisor.protocol import RootfsRequest
from seacan.supervisor.worker import Work
from seacan.trace import NOT_TRACED, mark

_DEADLINE_S: Final = 20  # less than the daemon waits for its answer


class OwnContainer:
    """Meets the Protocol `Container`."""

    def __init__(
        self,
        root: Path,
        container_id: str,
        bundle: Path,
        cgroup_path: str,
        *,
        ahead: Ahead | None = None,
        has_init: bool = False,
    ) -> None:
        """Its first process may be the one forked `ahead`, where it can become that.

        With `has_init` that process is elf/init.py.
        """
        self._ahead = ahead
        self._has_init = has_init
        self._root = root
        self._id = container_id
        self._bundle = bundle
        self._cgroup_path = cgroup_path
        self._cgroup = hierarchy.open_cgroup(cgroup_path)

    def start(
        self, layers: RootfsRequest, side: ChildSide, trace: int = NOT_TRACED
    ) -> tuple[int, int]:
        mount = partial(rootfs.mount, layers, self._bundle / "rootfs")
        bundle = bundles.load(self._bundle)
        if not _has_own_pids(bundle):
            _limit_time()
        if "id_map" in layers:  # who is to be in the user namespace could not mount them
            mount()
            rootfs.mount_images(layers)
        created = create.create(
            self._root,
            self._id,
            bundle,
            stdio=side.stdio,
            console=side.console,
            mount_layers=None if "id_map" in layers else mount,
            ahead=self._ahead,
            for_parent=True,
            blocks_signals=self._has_init,
            settings=Settings(systemd_cgroup=units.is_scope(self._cgroup_path)),
            trace=trace,
        )
        mark(trace, "starter", "container created")
        if self._ahead is not None and self._ahead.pid == created.pid:
            self._ahead.note_written()
        try:
            mounts = namespaces.open_namespace(f"/proc/{created.pid}/ns/mnt", "mount")
            created.start()
            mark(trace, "starter", "execve done")
        except BaseException as err:
            created.delete(force=True)
            if isinstance(err, OSError | Conflict):  # somebody has killed it
                raise Internal("container init ended before it was started") from err
            raise
        signal.alarm(0)
        return created.pid, mounts

    def begin_exec(self, process: Process, side: ChildSide, first_pid: int) -> BegunExec | Work:
        try:
            return BegunExec(
                self._root, self._id, first_pid, process, stdio=side.stdio, console=side.console
            )
        except PermissionError:  # it takes one process more to get there
            return Work(lambda: self._exec_process(process, side), side.descriptors())

    def _exec_process(self, process: Process, side: ChildSide) -> int:
        loaded = container.load(self._root, self._id)
        return runtime_exec.exec_process(loaded, process, stdio=side.stdio, console=side.console)

    def delete(self) -> None:
        try:
            container.load(self._root, self._id).delete(force=True)
        except NotFound:
            return

    def watch_oom(self) -> OomWatch:
        return self._cgroup.watch_oom()

    def oom_kills(self) -> int:
        return self._cgroup.oom_kills()


def _has_own_pids(bundle: Bundle) -> bool:
    """Tell whether nobody but the host's processes can reach the first one before it begins."""
    namespace = bundle.namespace("pid")
    return namespace is not None and not namespace.get("path")


def _limit_time() -> None:
    """Give the process that is to begin a deadline: who shares its pids can stop it before."""
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(_DEADLINE_S)


def _give_up(_signal: int, _frame: object) -> None:
    """Have the process that was to begin killed: somebody in the container has stopped it."""
    raise Unavailable(f"the process did not begin within {_DEADLINE_S} s")
