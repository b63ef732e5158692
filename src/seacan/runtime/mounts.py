"""The mounts of config.json, made below the container's root in the order given.

Each target is opened inside the root first, judged by its descriptor, and mounted on; what is a
link by then, was a link before, or becomes one meanwhile, leads nowhere outside (CVE-2021-30465).
Source: OCI runtime-spec, config.md#mounts.
"""

from __future__ import annotations

import errno
import os
import stat

from seacan.errors import Internal, InvalidArgument
from seacan.kernel import mounts, rooted
from seacan.kernel.mount_options import Options, parse_options
from seacan.kernel.mounts import Change
from seacan.runtime import cgroup_mounts, labels, mount_targets
from seacan.runtime.bundle import is_of_block_device
from seacan.runtime.cgroup_mounts import Places
from seacan.runtime.failures import reason
from seacan.runtime.mount_targets import normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from seacan.spec.runtime import LinuxNamespace, Mount

# These take no SELinux context; files of a message queue have that of their makers.
_WITHOUT_LABEL: Final = ("proc", "sysfs", "mqueue")
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


class Mounts:
    """The mounts below `root_fd`, which a mount on `/` replaces.

    A relative source is one below `bundle`. `cgroups` are the container's own. Mounts that say
    nothing of their propagation become private if `is_private`. `label` is the SELinux context of
    new file systems, if there is to be one; that of a bind is its source's. `hosts` are the file
    systems that show a namespace which is the host's, as of of_the_host().

    `late` are read-only tmpfs: they stay writable until what is mounted in them has its place.
    """

    def __init__(
        self,
        root_fd: int,
        bundle: str,
        cgroups: Places,
        *,
        is_private: bool,
        label: str = "",
        hosts: frozenset[str] = frozenset(),
    ) -> None:
        self.root_fd = root_fd
        self.bundle = bundle
        self.cgroups = cgroups
        self.is_private = is_private
        self.label = label
        self.hosts = hosts
        self.late: list[int] = []
        self._root = os.fstat(root_fd)

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
        options = parse_options(entry.get("options", []))
        if options.is_remount:
            self._remount(entry, options)
        elif options.is_bind or entry.get("type") == "bind":
            if source is None:
                path = os.path.join(self.bundle, entry["source"])
                source = mounts.bind_path(path, recursive=options.is_recursive)
            self._bind(entry, options, source)
        else:
            self._mount_filesystem(entry, options)

    def _bind(self, entry: Mount, options: Options, mount_fd: int) -> None:
        """Put the copy `mount_fd` in its place.

        What is for a file system has no meaning here, and is passed over as by mount(2): `sync`,
        `mode=755`, as the validation suite of the specification gives to binds.
        """
        with _Descriptor(mount_fd):
            if stat.S_ISDIR(os.fstat(mount_fd).st_mode):
                target = self._directory(entry)
            else:
                target = rooted.open_file(self.root_fd, entry["destination"])
            with _Descriptor(target):
                mount_targets.check_bind(entry["destination"], target, mount_fd)
                _change(mount_fd, options)
                self._put(mount_fd, target, options)

    def _mount_filesystem(self, entry: Mount, options: Options) -> None:
        kind = entry["type"]
        target, exists = self._open_target(entry)
        with _Descriptor(target):
            mount_targets.check_filesystem(entry["destination"], target, kind)
            if kind == "cgroup":
                with _Descriptor(cgroup_mounts.mount(target, options, self.cgroups)) as mount_fd:
                    self._settle(mount_fd, options)
                return
            if kind == "tmpfs" and exists:
                mount_fd = self._new_tmpfs(entry, options, target)
            else:
                mount_fd = self._new_or_hosts(entry, options)
            with _Descriptor(mount_fd):
                self._put(mount_fd, target, options)
                if options.is_read_only and _has_to_wait(entry):
                    self.late.append(os.dup(mount_fd))

    def _open_target(self, entry: Mount) -> tuple[int, bool]:
        """Return the directory to mount on, and whether it was there before."""
        if entry["type"] in ("proc", "sysfs"):
            return mount_targets.open_ordinary(self.root_fd, entry["destination"]), True
        try:
            return rooted.open_in_root(self.root_fd, entry["destination"]), True
        except FileNotFoundError:
            return self._directory(entry), False

    def _new_tmpfs(self, entry: Mount, options: Options, target: int) -> int:
        # An empty tmpfs on /tmp is to be as /tmp was, unless there is a mode among the options.
        mode = stat.S_IMODE(os.fstat(target).st_mode)
        mount_fd = self._new(entry, options, f"mode={mode:04o}")
        if options.copies_up:
            from seacan.runtime import copy_up  # for the few mounts that ask for it

            copy_up.copy(target, mount_fd)
        return mount_fd

    def _new_or_hosts(self, entry: Mount, options: Options) -> int:
        """Return a new file system, or what shows the host's namespace, if that is kept.

        Only the root of the user namespace that a pid, network or ipc namespace belongs to may
        mount what shows it; of the host's, its own mount is taken, with all that is below it.
        """
        kind = entry["type"]
        try:
            return self._new(entry, options)
        except PermissionError:
            if kind not in self.hosts or not os.path.isdir(_OF_NAMESPACES[kind][1]):
                raise
        mount_fd = mounts.bind_path(_OF_NAMESPACES[kind][1], recursive=True)
        mounts.change(mount_fd, Change(options.top.set))
        return mount_fd

    def _new(self, entry: Mount, options: Options, *first: str) -> int:
        """Return a new file system, detached; what the options say wins over `first`."""
        kind, attributes = entry["type"], options.top.set
        source, data = entry.get("source") or kind, first + options.superblock + options.data
        if self.label and kind not in _WITHOUT_LABEL:
            data = (labels.context_option(self.label), *data)
        if options.is_read_only:
            if _has_to_wait(entry):
                attributes &= ~mounts.ATTR_RDONLY
            elif is_of_block_device(entry):
                # The device may be read-only itself. Other superblocks may belong to all who mount
                # them, as that of sysfs or of devtmpfs: there it is the mount alone.
                data = ("ro", *data)
        if not options.has_iversion and mounts.fits_fsconfig(source, data):
            return mounts.new_filesystem(kind, source, data, attributes)
        from seacan.kernel import old_mount  # for rare options alone

        return old_mount.new_filesystem(
            self.root_fd, kind, source, data, attributes=attributes, iversion=options.has_iversion
        )

    def _remount(self, entry: Mount, options: Options) -> None:
        """Change what is mounted at the destination already: for a bind the mount alone."""
        changes = options.top
        with _Descriptor(rooted.open_in_root(self.root_fd, entry["destination"])) as target:
            try:
                if not options.is_bind:
                    if options.is_read_only and _has_to_wait(entry):
                        self.late.append(os.dup(target))
                        changes = Change(changes.set & ~mounts.ATTR_RDONLY, changes.clear)
                    mounts.reconfigure(target, _reconfiguration(entry, options))
                mounts.change(target, changes)
                self._settle(target, options)
            except OSError as err:
                if err.errno != errno.EINVAL:
                    raise
                raise InvalidArgument(f"not a mount that can be remounted so: {err}") from err

    def _put(self, mount_fd: int, target: int, options: Options) -> None:
        status = os.fstat(target)
        # The kernel's own answer would be EINVAL, which is the answer to much else.
        if stat.S_ISDIR(os.fstat(mount_fd).st_mode) != stat.S_ISDIR(status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        is_root = (
            status.st_ino == self._root.st_ino
            and status.st_dev == self._root.st_dev
            and mount_targets.is_same_mount(target, self.root_fd)
        )
        mounts.attach(mount_fd, target)
        self._settle(mount_fd, options)
        if is_root:
            # What comes next belongs on top, and the covered root stays behind at the pivot.
            self.root_fd, self._root = os.dup(mount_fd), os.fstat(mount_fd)

    def _settle(self, mount_fd: int, options: Options) -> None:
        if options.tree:
            mounts.change(mount_fd, options.tree, recursive=True)
        propagation = options.propagation
        if not propagation and self.is_private:
            propagation = ((mounts.MS_PRIVATE, True),)
        for kind, recursive in propagation:
            mounts.set_propagation(mount_fd, kind, recursive=recursive)

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


def _change(mount_fd: int, options: Options) -> None:
    """Change attributes of a bind; those that nothing is said of stay as its source has them."""
    if not options.top:
        return
    try:
        mounts.change(mount_fd, options.top)
    except PermissionError as err:
        # A user namespace may not take from a mount what those above it wanted of it.
        raise InvalidArgument(
            f"a flag of the source is locked, and cannot be cleared: {err}"
        ) from err


def _has_to_wait(entry: Mount) -> bool:
    # Directories for further mounts are made in the one, devices in the other.
    return entry.get("type") == "tmpfs" or normal(entry["destination"]) == "/dev"


def _reconfiguration(entry: Mount, options: Options) -> tuple[str, ...]:
    data = (*options.superblock, *options.data)
    if not is_of_block_device(entry):
        return data
    if options.is_read_only:
        return ("ro", *data)
    return ("rw", *data) if options.top.clear & mounts.ATTR_RDONLY else data
