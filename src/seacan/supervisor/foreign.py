"""A container made by another OCI runtime: its command line, as runc's is, run by the shim.

    RUNTIME [FLAG…] --root DIR --log FILE --log-format json [--systemd-cgroup] COMMAND …

    COMMAND: create, start, exec or delete

Its init becomes a child of the shim, which is a subreaper, when the runtime's own process ends.
"""

import json
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from seacan import errors
from seacan.kernel import namespaces, processes
from seacan.kernel.cgroups import hierarchy, units
from seacan.kernel.cgroups.oom import OomWatch
from seacan.spec.runtime import Process
from seacan.supervisor import rootfs
from seacan.supervisor.process import ChildSide
from seacan.supervisor.protocol import RootfsRequest
from seacan.supervisor.worker import Work
from seacan.trace import NOT_TRACED, mark

_LOG_LIMIT: Final = 64 * 1024
_DEADLINE_S: Final = 60.0

# How the runtimes say that it is the command, not the engine, that was wrong.
_COMMAND_ERRORS: Final = (
    "executable file not found",
    "no such file or directory",
    "permission denied",
)


class ForeignContainer:
    """Meets the Protocol `Container`."""

    def __init__(
        self, runtime: Sequence[str], container_id: str, bundle: Path, cgroup_path: str
    ) -> None:
        """`runtime` is the path of its executable, and flags that go before all others."""
        self._executable, *self._flags = runtime
        self._root = bundle / "runtime"
        self._root.mkdir(mode=0o700, exist_ok=True)
        self._id = container_id
        self._bundle = bundle
        self._cgroup = hierarchy.open_cgroup(cgroup_path)
        self._driver = ["--systemd-cgroup"] if units.is_scope(cgroup_path) else []

    def start(
        self, layers: RootfsRequest, side: ChildSide, trace: int = NOT_TRACED
    ) -> tuple[int, int]:
        rootfs.mount(layers, self._bundle / "rootfs")
        mark(trace, "starter", "mount layers")
        try:
            pid = self._with_process(["create", "--bundle", str(self._bundle)], side)
            mark(trace, "starter", f"{self._executable} create")
            mounts = namespaces.open_namespace(f"/proc/{pid}/ns/mnt", "mount")
            self._run(["start", self._id])
            mark(trace, "starter", f"{self._executable} start")
        except BaseException:
            self.delete()
            raise
        return pid, mounts

    def begin_exec(self, process: Process, side: ChildSide, _first_pid: int) -> Work:
        return Work(lambda: self._exec_process(process, side), side.descriptors())

    def _exec_process(self, process: Process, side: ChildSide) -> int:
        path = self._own_file("process.json")
        path.write_text(json.dumps(process))
        try:
            return self._with_process(["exec", "--detach", "--process", str(path)], side)
        finally:
            path.unlink()

    def delete(self) -> None:
        self._run(["delete", "--force", self._id])

    def watch_oom(self) -> OomWatch:
        return self._cgroup.watch_oom()

    def oom_kills(self) -> int:
        return self._cgroup.oom_kills()

    def _own_file(self, name: str) -> Path:
        """Return where this process puts it: others run the same container's execs beside it."""
        return self._bundle / f"{os.getpid()}-{name}"

    def _with_process(self, command: list[str], side: ChildSide) -> int:
        """Run a command that makes a process with those streams; return its pid."""
        pid_file = self._own_file("runtime.pid")
        command = [*command, "--pid-file", str(pid_file)]
        with _ConsoleRelay(self._own_file("console.sock"), side.console) as console:
            self._run([*command, *console.flags, self._id], stdio=side.stdio)
            console.relay()
        try:
            return int(pid_file.read_text())
        finally:
            pid_file.unlink()

    def _run(self, arguments: list[str], stdio: Sequence[int] = ()) -> None:
        log = self._own_file("runtime.log")
        flags = [*self._flags, "--root", str(self._root), "--log", str(log), "--log-format", "json"]
        flags += self._driver
        actions = [(os.POSIX_SPAWN_DUP2, fd, n) for n, fd in enumerate(stdio or _null_stdio())]
        pid = os.posix_spawn(
            self._executable,
            [self._executable, *flags, *arguments],
            os.environ,
            file_actions=actions,
            setsigdef=[signal.SIGPIPE, signal.SIGHUP],
        )
        pidfd = os.pidfd_open(pid)
        try:
            if not processes.wait_exit(pidfd, _DEADLINE_S):
                os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
        finally:
            os.close(pidfd)
        try:
            if status != 0:
                raise self._failure(_last_error(log))
        finally:
            log.unlink(missing_ok=True)

    def _failure(self, error: str) -> errors.SeacanError:
        text = f"{os.path.basename(self._executable)}: {error}"
        if any(sentence in text for sentence in _COMMAND_ERRORS):
            return errors.InvalidArgument(text)
        return errors.Internal(text)


def _null_stdio() -> list[int]:
    # Inherited descriptors 0 to 2 are the launcher's: /dev/null and the daemon's log.
    return [0, 2, 2]


def _last_error(log: Path) -> str:
    """Return the message of the runtime's last log entry."""
    try:
        fd = os.open(log, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            lines = file.read(_LOG_LIMIT).splitlines()
        return str(json.loads(lines[-1])["msg"])
    except (OSError, ValueError, LookupError):
        return "it left no message"


class _ConsoleRelay:
    """Takes the pty's master on the named socket that the runtime wants, and passes it on."""

    def __init__(self, path: Path, console: socket.socket | None) -> None:
        self._path = path
        self._console = console
        self._listener: socket.socket | None = None

    @property
    def flags(self) -> list[str]:
        return [] if self._console is None else ["--console-socket", self._address]

    def __enter__(self) -> "_ConsoleRelay":
        if self._console is not None:
            self._directory = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)
            os.set_inheritable(self._directory, True)
            self._address = f"/proc/self/fd/{self._directory}/{self._path.name}"
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(self._address)
            self._listener.listen(1)
            self._listener.settimeout(_DEADLINE_S)
        return self

    def relay(self) -> None:
        if self._listener is None or self._console is None:
            return
        connection, _ = self._listener.accept()
        with connection:
            data, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
            try:
                socket.send_fds(self._console, [data], descriptors)
            finally:
                for fd in descriptors:
                    os.close(fd)

    def __exit__(self, *_: object) -> None:
        if self._listener is not None:
            self._listener.close()
            os.close(self._directory)
            self._path.unlink(missing_ok=True)
