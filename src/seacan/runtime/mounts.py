"""The mounts of config.json, made below the container's root in the order given.

Each target is opened inside the root first, judged by its descriptor, and mounted on; what is a
link by then, was a link before, or becomes one meanwhile, leads nowhere outside (CVE-2021-30465).
Source: OCI runtime-spec, config.md#mounts.
"""

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from seacan.errors import Internal, InvalidArgument
from seacan.kernel import mounts, procfs, rooted
from seacan.kernel.mounts import Change, Options
from seacan.runtime import cgroup_mounts, labels
from seacan.runtime.failures import reason
from seacan.spec.runtime import LinuxNamespace, Mount

# What may be mounted over in procfs: files that only inform, and that lxcfs and others replace.
_REPLACEABLE: Final = frozenset(
    (
        "/proc/cpuinfo",
        "/proc/diskstats",
        "/proc/loadavg",
        "/proc/meminfo",
        "/proc/slabinfo",
        "/proc/stat",
        "/proc/swaps",
        "/proc/uptime",
        "/proc/sys/kernel/ns_last_pid",
        "/proc/sys/crypto/fips_enabled",
    )
)
# File systems that show a namespace: of which kind, and where the host's is mounted.
_OF_NAMESPACES: Final = {
    "proc": ("pid", "/proc"),
    "sysfs": ("network", "/sys"),
    "mqueue": ("ipc", "/dev/mqueue"),
}
_NOT_A_DIRECTORY_HINT: Final = (
    "Are you trying to mount a directory onto a file (or vice-versa)? "
    "Check if the specified host path exists and is the expected type"
)


@dataclass(slots=True)
class Mounts:
    """The mounts below `root_fd`; a relative source is one below `bundle`.

    `cgroups` are the container's own, as of cgroup_mounts.own_directories(). `label` is the SELinux
    context of new file systems, if there is to be one; that of a bind is its source's.

    `hosts` are the file systems that show a namespace which is the host's, as of of_the_host().

    `late` are read-only tmpfs: they stay writable until what is mounted in them has its place.
    """

    root_fd: int
    bundle: Path
    cgroups: dict[str, str]
    label: str = ""
    hosts: frozenset[str] = frozenset()
    late: list[int] = field(default_factory=list)

    def make(self, entry: Mount, source: int | None = None) -> None:
        """Make one mount; `source` is the detached mount of a bind that is made already.

        Raises InvalidArgument or Internal naming both sides of it.
        """
        try:
            self._make(entry, source)
        except OSError as err:
            hint = f": {_NOT_A_DIRECTORY_HINT}" if err.errno == errno.ENOTDIR else ""
            raise Internal(f"{describe(entry)}: {reason(err)}{hint}") from err
        except InvalidArgument as err:
            raise InvalidArgument(f"{describe(entry)}: {err}") from err

    def protect(self) -> None:
        """Make read-only what had to wait."""
        for mount_fd in self.late:
            mounts.change(mount_fd, Change(mounts.ATTR_RDONLY))
            os.close(mount_fd)
        self.late.clear()

    def _make(self, entry: Mount, source: int | None) -> None:
        options = mounts.parse_options(entry.get("options", []))
        match entry.get("type"):
            case "bind":
                self._bind(entry, options, source)
            case _ if options.is_bind:
                self._bind(entry, options, source)
            case "cgroup":
                with _Descriptor(self._directory(entry)) as target:
                    cgroup_mounts.mount(target, options, self.cgroups)
            case "proc" | "sysfs":
                self._mount_kernel_filesystem(entry, options)
            case _:
                self._mount_filesystem(entry, options)

    def _bind(self, entry: Mount, options: Options, source: int | None) -> None:
        if source is None:
            path = str(self.bundle / entry["source"])
            source = mounts.bind_path(path, recursive=options.is_recursive)
        with _Descriptor(source) as mount_fd:
            if stat.S_ISDIR(os.fstat(mount_fd).st_mode):
                target = self._directory(entry)
            else:
                target = rooted.open_file(self.root_fd, entry["destination"])
            with _Descriptor(target):
                _check_bind(entry["destination"], target, mount_fd)
                _finish(mount_fd, target, options)

    def _mount_kernel_filesystem(self, entry: Mount, options: Options) -> None:
        # An image with a link for /proc or /sys would have us work on its look-alike afterwards
        # (CVE-2019-19921, CVE-2023-27561).
        try:
            target = rooted.open_in_root(self.root_fd, entry["destination"], symlinks=False)
        except FileNotFoundError:
            target = self._directory(entry)
        except OSError as err:
            if err.errno != errno.ELOOP:
                raise
            raise InvalidArgument("must be mounted on an ordinary directory") from err
        with _Descriptor(target):
            if not stat.S_ISDIR(os.fstat(target).st_mode):
                raise InvalidArgument("must be mounted on an ordinary directory")
            self._mount_new(entry, options, target)

    def _mount_filesystem(self, entry: Mount, options: Options) -> None:
        if entry["type"] == "tmpfs":
            options = self._with_mode_of_target(entry, options)
        with _Descriptor(self._directory(entry)) as target:
            if _is_proc(entry["destination"]) or procfs.is_procfs(target):
                raise InvalidArgument("cannot be mounted because it is inside /proc")
            self._mount_new(entry, self._with_label(entry, options), target)

    def _mount_new(self, entry: Mount, options: Options, target: int) -> None:
        attributes = options.top.set
        is_late = entry["type"] == "tmpfs" and bool(attributes & mounts.ATTR_RDONLY)
        if is_late:
            attributes &= ~mounts.ATTR_RDONLY
        with _Descriptor(self._new_or_hosts(entry, options, attributes)) as mount_fd:
            _attach(mount_fd, target)
            _propagate(mount_fd, options)
            if options.tree:
                mounts.change(mount_fd, options.tree, recursive=True)
            if is_late:
                self.late.append(os.dup(mount_fd))

    def _new_or_hosts(self, entry: Mount, options: Options, attributes: int) -> int:
        """Return a new file system, or what shows the host's namespace, if that is kept.

        Only the root of the user namespace that a pid, network or ipc namespace belongs to may
        mount what shows it; of the host's, its own mount is taken, with all that is below it.
        """
        kind = entry["type"]
        try:
            return mounts.new_filesystem(kind, entry.get("source", kind), options.data, attributes)
        except PermissionError:
            if kind not in self.hosts or not os.path.isdir(_OF_NAMESPACES[kind][1]):
                raise
        mount_fd = mounts.bind_path(_OF_NAMESPACES[kind][1], recursive=True)
        mounts.change(mount_fd, Change(attributes))
        return mount_fd

    def _with_mode_of_target(self, entry: Mount, options: Options) -> Options:
        # An empty tmpfs on /tmp is to be as /tmp was, unless there is a mode among the options.
        try:
            target = rooted.open_in_root(self.root_fd, entry["destination"])
        except FileNotFoundError:
            return options
        with _Descriptor(target):
            mode = stat.S_IMODE(os.fstat(target).st_mode)
        return options.with_data(f"mode={mode:04o}")

    def _with_label(self, entry: Mount, options: Options) -> Options:
        # A message queue's file system takes no context; its files have that of their makers.
        if not self.label or entry["type"] == "mqueue":
            return options
        return options.with_data(labels.context_option(self.label))

    def _directory(self, entry: Mount) -> int:
        return rooted.open_directory(self.root_fd, entry["destination"])


def of_the_host(wanted: Iterable[LinuxNamespace]) -> frozenset[str]:
    """Return the types of file systems that show what is not among the namespaces `wanted`."""
    kinds = {namespace["type"] for namespace in wanted}
    return frozenset(name for name, (kind, _) in _OF_NAMESPACES.items() if kind not in kinds)


class _Descriptor:
    """A descriptor that is closed at the end of a `with`."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> int:
        return self._fd

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def describe(entry: Mount) -> str:
    """Return how an error about a mount begins; Docker's clients know the words."""
    source = entry.get("source", entry.get("type", ""))
    return f'error mounting "{source}" to rootfs at "{entry["destination"]}"'


def _is_proc(destination: str) -> bool:
    return os.path.normpath(f"/{destination}") in ("/proc", "//proc")


def _check_bind(destination: str, target: int, mount_fd: int) -> None:
    if _is_proc(destination):
        if not procfs.is_procfs(mount_fd):
            raise InvalidArgument("cannot be mounted because it is not of type proc")
    elif procfs.is_procfs(target) and os.path.normpath(destination) not in _REPLACEABLE:
        raise InvalidArgument("cannot be mounted because it is inside /proc")


def _finish(mount_fd: int, target: int, options: Options) -> None:
    if options.top:
        mounts.change(mount_fd, options.top)
    if options.tree:
        mounts.change(mount_fd, options.tree, recursive=True)
    _attach(mount_fd, target)
    _propagate(mount_fd, options)


def _attach(mount_fd: int, target: int) -> None:
    # The kernel's own answer would be EINVAL, which is the answer to much else.
    if stat.S_ISDIR(os.fstat(mount_fd).st_mode) != stat.S_ISDIR(os.fstat(target).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    mounts.attach(mount_fd, target)


def _propagate(mount_fd: int, options: Options) -> None:
    for kind, recursive in options.propagation:
        mounts.set_propagation(mount_fd, kind, recursive=recursive)
