"""Bundles of busybox, and containers of them that are gone after the test."""

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from seacan.runtime.ahead import Ahead
from seacan.runtime.bundle import load
from seacan.runtime.container import Container
from seacan.runtime.create import create
from seacan.runtime.exec import exec_process
from seacan.runtime.settings import NO_SETTINGS, Settings
from seacan.spec.runtime import Process

DEADLINE_S: Final = 60.0
BUSYBOX: Final = Path("/bin/busybox")
# fmt: off
_APPLETS: Final = (
    "sh", "cat", "ls", "true", "sleep", "id", "env", "stat", "readlink", "grep", "echo", "pwd",
    "hostname", "touch", "head", "tty", "stty", "mkdir", "wc", "ip",
    "ionice", "uname",
)
_CAPABILITIES: Final = tuple(
    f"CAP_{name}" for name in (
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP",
    )
)
# fmt: on
MASKED: Final = ["/proc/interrupts", "/proc/keys", "/proc/acpi", "/sys/firmware", "/proc/absent"]
READ_ONLY: Final = ["/proc/sys", "/proc/bus", "/proc/fs", "/proc/absent"]


@dataclass(frozen=True)
class Result:
    code: int
    out: str


class Box:
    """A bundle whose configuration a test may change before it runs."""

    def __init__(self, directory: Path) -> None:
        self.path = directory
        self.root = directory / "states"
        self.id = f"seacan-test-{os.urandom(4).hex()}"
        self.rootfs = directory / "rootfs"
        _make_rootfs(self.rootfs)
        self.config: dict[str, Any] = _config(self.id)
        self.settings = NO_SETTINGS
        self.ahead: Ahead | None = None  # a process that its container may become
        self.blocks_signals = False
        self.mount_layers: Callable[[], None] | None = None

    @property
    def process(self) -> dict[str, Any]:
        process: dict[str, Any] = self.config["process"]
        return process

    @property
    def linux(self) -> dict[str, Any]:
        linux: dict[str, Any] = self.config["linux"]
        return linux

    def mount(self, destination: str, kind: str, source: str, *options: str) -> None:
        entry = {"destination": destination, "type": kind, "source": source}
        self.config["mounts"].append({**entry, "options": list(options)})

    def write(self, *args: str) -> None:
        if args:
            self.process["args"] = list(args)
        (self.path / "config.json").write_text(json.dumps(self.config))

    @contextmanager
    def created(
        self,
        *args: str,
        stdout: int | None = None,
        console: socket.socket | None = None,
        preserve_fds: int = 0,
        settings: Settings | None = None,
    ) -> Iterator[Container]:
        self.write(*args)
        null = os.open("/dev/null", os.O_RDWR)
        out = null if stdout is None else stdout
        try:
            container = create(
                self.root,
                self.id,
                load(self.path),
                stdio=(null, out, out),
                console=console,
                preserve_fds=preserve_fds,
                settings=settings or self.settings,
                mount_layers=self.mount_layers,
                ahead=self.ahead,
                blocks_signals=self.blocks_signals,
            )
        finally:
            os.close(null)
        try:
            yield container
        finally:
            if container.status() != "stopped":
                container.kill(9)
            _reap(container.pid)
            container.delete(force=True)

    @contextmanager
    def started(self, *args: str) -> Iterator[Container]:
        with self.created(*args) as container:
            container.start()
            yield container

    def run(self, *args: str, preserve_fds: int = 0) -> Result:
        """Run a command to its end; its standard output and error are `out`."""
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb") as output:
            try:
                with self.created(*args, stdout=writer, preserve_fds=preserve_fds) as container:
                    os.close(writer)
                    writer = -1
                    container.start()
                    out = output.read()
                    code = os.waitstatus_to_exitcode(os.waitpid(container.pid, 0)[1])
            finally:
                if writer >= 0:
                    os.close(writer)
        return Result(code, out.decode())

    def sh(self, script: str) -> str:
        """Run a script and return what it printed; it must succeed."""
        result = self.run("sh", "-c", script)
        assert result.code == 0, result.out
        return result.out

    def execute(self, container: Container, *args: str, **changes: Any) -> Result:
        process: Process = {**self.process, "args": list(args), **changes}  # type: ignore[typeddict-item]
        reader, writer = os.pipe()
        null = os.open("/dev/null", os.O_RDWR)
        with os.fdopen(reader, "rb") as output:
            try:
                pid = exec_process(container, process, stdio=(null, writer, writer))
            finally:
                os.close(writer)
                os.close(null)
            out = output.read()
        return Result(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode())

    def leftovers(self) -> list[str]:
        """Return what is left of the container: states, cgroups, mounts, processes."""
        left = [str(path) for path in self.root.iterdir()] if self.root.exists() else []
        for pattern in (self.id, f"*/{self.id}"):  # of version 2, and of version 1
            left += [str(path) for path in Path("/sys/fs/cgroup").glob(pattern)]
        left += [line for line in _lines("/proc/self/mountinfo") if str(self.path) in line]
        for child in _lines("/proc/thread-self/children"):
            left += [f"process {pid}" for pid in child.split()]
        return left


def wait_until(condition: Callable[[], object], *, deadline_s: float = DEADLINE_S) -> None:
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _make_rootfs(rootfs: Path) -> None:
    for name in ("bin", "proc", "sys", "dev", "etc", "tmp", "root"):
        (rootfs / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, rootfs / "bin/busybox")
    for applet in _APPLETS:
        (rootfs / "bin" / applet).symlink_to("busybox")
    (rootfs / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nu:x:1000:1000::/home/u:\n")
    (rootfs / "tmp").chmod(0o1777)


def _config(container_id: str) -> dict[str, Any]:
    return {
        "ociVersion": "1.2.0",
        "process": {
            "args": ["true"],
            "cwd": "/",
            "env": ["PATH=/bin"],
            "user": {"uid": 0, "gid": 0},
            "capabilities": {
                kind: list(_CAPABILITIES) for kind in ("bounding", "effective", "permitted")
            },
        },
        "root": {"path": "rootfs"},
        "hostname": "box",
        "mounts": [
            _mount("/proc", "proc", "nosuid", "noexec", "nodev"),
            _mount("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            _mount("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666"),
            _mount("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", "size=64m"),
            _mount("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        ],
        "linux": {
            "cgroupsPath": f"/{container_id}",
            "namespaces": [
                {"type": kind} for kind in ("pid", "mount", "uts", "ipc", "network", "cgroup")
            ],
            "maskedPaths": MASKED,
            "readonlyPaths": READ_ONLY,
        },
    }


def _mount(destination: str, kind: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": kind, "options": list(options)}
