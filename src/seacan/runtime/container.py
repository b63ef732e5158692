"""A container as its state tells of it, and what can be done to it once it is created.

    create ─▸ creating ─▸ created ── start ─▸ running ── exit, kill ─▸ stopped ── delete ─▸ (gone)
                 └───────────┴───────────── exit, kill ─────────────────▴

One that is created or running may be paused. The state follows from the process (alive or not), the
fifo (there until the container is started) and the cgroup (frozen or not); it is creating while
there is no process, or where hooks make that long and the state says so.
Source: OCI runtime-spec, runtime.md.
"""

from __future__ import annotations

import errno
import os
import select

from seacan.errors import Conflict, Internal, NotFound, Unavailable
from seacan.files import StrPath
from seacan.kernel import processes, signals
from seacan.kernel.cgroups.hierarchy import open_cgroup
from seacan.lean import suppress
from seacan.records import record
from seacan.runtime import failures, state
from seacan.runtime.failures import reason
from seacan.runtime.state import Record, StateDirectory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal

    from seacan.kernel.cgroups.cgroup import Cgroup
    from seacan.spec.runtime import State, Status

_DEATH_TIMEOUT_S: Final = 10.0


class NotRunning(Conflict):
    """The container has stopped."""


@record(frozen=False)
class Container:
    """A container that was created. `pipe` is its init's, in the process that created it, or -1."""

    record: Record
    directory: StateDirectory
    pipe: int = -1

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def pid(self) -> int:
        """The first process, as the host numbers it."""
        return self.record.pid

    @property
    def bundle(self) -> str:
        return self.record.bundle

    @property
    def state_dir(self) -> str:
        return self.directory.path

    @property
    def cgroup(self) -> Cgroup:
        if self.record.settings.systemd_cgroup and self.record.cgroup:
            from seacan.kernel.cgroups.systemd import SystemdCgroup  # for few containers alone

            return SystemdCgroup(self.record.cgroup)
        if self.record.cgroup:
            return open_cgroup(self.record.cgroup, self.record.cgroup_bases)
        from seacan.kernel.cgroups.absent import NoCgroup  # few containers have none

        return NoCgroup()

    def status(self) -> Status:
        """Return the state, but for a pause: that takes a look at the cgroup, is_paused()."""
        if not self.pid:
            return "creating"
        if processes.start_time(self.pid) != self.record.started:
            return "stopped"
        if not self.record.is_created:
            return "creating"
        return "created" if os.path.exists(self.directory.fifo) else "running"

    def state(self) -> State:
        """Return the state as the specification has it."""
        status = self.status()
        return self.record.state("paused" if self.is_paused() else status)

    def pidfd(self) -> int:
        """Return a pidfd of the first process. Raises NotRunning if that has ended."""
        fd = self._open_pidfd()
        if fd is None:
            raise NotRunning("container not running")
        return fd

    def _open_pidfd(self) -> int | None:
        return processes.open_pidfd(self.pid, self.record.started) if self.pid else None

    def is_paused(self) -> bool:
        """Tell whether the processes are suspended; those that have ended are not."""
        return self.cgroup.is_frozen() and self.status() != "stopped"

    def pause(self) -> None:
        """Suspend all processes. Raises Conflict for a container that is paused or has stopped."""
        if self.status() in ("stopped", "creating") or self.is_paused():
            raise NotRunning("container not running")
        self.cgroup.freeze()

    def resume(self) -> None:
        """Let the processes go on. Raises Conflict for a container that is not paused."""
        if not self.is_paused():
            raise Conflict("container not paused")
        self.cgroup.thaw()

    def start(self) -> None:
        """Have the process execute its command, and return when it has.

        In the process that created the container, a command that cannot be executed raises
        CommandNotExecutable; in any case it is said on the container's standard error, and the
        process ends with 255. Raises HookFailed for a startContainer hook; the container is deleted
        then.
        """
        fifo = self._open_fifo()
        try:
            os.write(fifo, b"0")
            with suppress(FileNotFoundError):
                os.unlink(self.directory.fifo)
            self._wait_executed(fifo)
        except BrokenPipeError as err:
            raise Conflict("cannot start a container that has stopped") from err
        except failures.HookFailed:
            self.delete(force=True)
            raise
        finally:
            os.close(fifo)
        if self.record.hooks.get("poststart"):
            self._run_hooks("poststart", "running")  # it was executed, whatever it is by now

    def _open_fifo(self) -> int:
        match self.status():
            case "running":
                raise Conflict("cannot start an already running container")
            case "creating":
                raise Conflict("cannot start a container that is not created yet")
        try:
            return os.open(self.directory.fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as err:
            if err.errno in (errno.ENXIO, errno.ENOENT):  # nobody at the other end any more
                raise Conflict("cannot start a container that has stopped") from err
            raise

    def _wait_executed(self, fifo: int) -> None:
        # Without a deadline: execve may have to wait for the disk, but it ends.
        if self.pipe < 0:
            poll = select.poll()
            poll.register(fifo, 0)  # POLLERR, when the reader has closed it by execve or by ending
            poll.poll()
            self._raise_failure()
            return
        try:
            failures.receive(self.pipe)
        finally:
            self._close_pipe()

    def _raise_failure(self) -> None:
        if self.record.hooks.get("startContainer"):
            with open(self.directory.failure) as file:
                text = file.read()
            if text:
                raise failures.HookFailed(text)

    def _run_hooks(self, kind: Literal["poststart", "poststop"], status: Status) -> None:
        from seacan.runtime import hooks  # most containers have none

        hooks.run_all(kind, self.record.hooks, self.record.state(status))

    def kill(self, number: int) -> None:
        """Send a signal to the first process. SIGKILL ends all of them, paused or not.

        Raises NotRunning if there is nobody to get it.
        """
        if number == signals.SIGKILL and not self.record.has_pid_namespace and self.record.cgroup:
            self._kill_all()
            return
        pidfd = self.pidfd()
        try:
            signals.pidfd_send_signal(pidfd, number)
            if number == signals.SIGKILL:
                self._let_die()
        except ProcessLookupError as err:
            raise NotRunning("container not running") from err
        except OSError as err:
            raise Internal(f"kill container {self.id}: {reason(err)}") from err
        finally:
            os.close(pidfd)

    def _kill_all(self) -> None:
        cgroup = self.cgroup
        if not cgroup.pids():
            raise NotRunning("container not running")
        cgroup.kill()

    def _let_die(self) -> None:
        # With version 1 a frozen process does not even die.
        cgroup = self.cgroup
        if cgroup.is_frozen():
            cgroup.thaw()

    def delete(self, *, force: bool = False) -> None:
        """Remove cgroup and state of a container that has stopped, or was never started.

        With `force` of any, also of one that was being created when its maker was killed, and end
        what is left of it first. Its poststop hooks come last. Raises Conflict without, Unavailable
        for one that does not die.
        """
        status = self.status()
        if status in ("creating", "running") and not force:
            raise Conflict(f"cannot delete container {self.id} that is not stopped: {status}")
        try:
            # With a pid namespace, all in it ended with the first process.
            if force or status == "created" or not self.record.has_pid_namespace:
                self._end()
            self.cgroup.remove()
        except OSError as err:
            raise Unavailable(f"remove container {self.id}: {reason(err)}") from err
        has_hooks = bool(self.record.hooks.get("poststop")) and self.directory.forget()
        self.directory.remove()
        self._close_pipe()
        if has_hooks:
            self._run_hooks("poststop", "stopped")

    def _end(self) -> None:
        """Kill the first process, and all in the cgroup, and wait for their end."""
        pidfd = self._open_pidfd()
        try:
            if pidfd is not None:
                with suppress(ProcessLookupError):
                    signals.pidfd_send_signal(pidfd, signals.SIGKILL)
            self.cgroup.kill()  # the frozen too; they would only die later
            if pidfd is not None and not processes.wait_exit(pidfd, _DEATH_TIMEOUT_S):
                raise Unavailable(f"kill container {self.id}: process {self.pid} does not die")
        finally:
            if pidfd is not None:
                os.close(pidfd)

    def _close_pipe(self) -> None:
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1


def load(root: StrPath, container_id: str) -> Container:
    """Return the container of that id under `root`. Raises NotFound."""
    directory = state.directory(root, container_id)
    return Container(directory.read(), directory)


def list_all(root: StrPath) -> list[Container]:
    """Return the containers under `root`, those half removed left out."""
    if not os.path.isdir(root):
        return []
    found = []
    for name in sorted(os.listdir(root)):
        with suppress(NotFound):
            place = StateDirectory(os.path.join(root, name))
            found.append(Container(place.read(), place))
    return found
