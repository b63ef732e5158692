"""What a container changed of its image: its writable layer, read against the layers below.

overlayfs keeps in that directory whole files, removed names as character devices 0:0, and
directories that hide the ones below as opaque. It also has what was put there so that the container
can start, which is no change of anybody's; dockerd keeps that in a layer of its own.
"""

import errno
import os
import stat
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from seacan.contents.sending import Archive
from seacan.contents.walk import Entry, Walk, list_names
from seacan.kernel import rooted
from seacan.records import record

_OPAQUE: Final = "trusted.overlay.opaque"
_WHITEOUT: Final = ".wh."
_WHITEOUT_OPAQUE: Final = ".wh..wh..opq"
_NANOSECONDS: Final = 10**9

# Made for the start: empty files and mount points. Source: moby, daemon/initlayer.
_EMPTY_FILES: Final = frozenset(
    (".dockerenv", "etc/resolv.conf", "etc/hosts", "etc/hostname", "dev/console")
)
_MOUNT_POINTS: Final = frozenset(("dev", "dev/pts", "dev/shm", "proc", "sys"))
_PARENTS: Final = frozenset(("", "etc", "dev"))


class Kind(IntEnum):
    """As the Engine API numbers them."""

    MODIFIED = 0
    ADDED = 1
    DELETED = 2


@record
class Change:
    path: str  # absolute
    kind: Kind


def changes(upper_fd: int, image_fd: int) -> Iterator[Change]:
    """Yield what differs from the image, a directory before what is in it.

    A directory in which something differs counts as modified. Of what was added or deleted as a
    whole directory, added entries are told one by one, deleted ones are not.
    """
    told: set[str] = set()  # directories on the way to the entry at hand
    hiding = ""  # the topmost of these that shows nothing of the image
    for entry in Walk(upper_fd):
        told = {path for path in told if entry.path.startswith(f"{path}/")}
        if not entry.path.startswith(f"{hiding}/"):
            hiding = entry.path if entry.is_directory and _is_opaque(entry.fd) else ""
        for change in _changes_of(entry, image_fd, hides=bool(hiding)):
            for parent in _parents(change.path):
                if parent not in told:
                    told.add(parent)
                    yield Change(f"/{parent}", Kind.MODIFIED)
            if entry.is_directory and change.path == entry.path:
                told.add(entry.path)
            yield Change(f"/{change.path}", change.kind)


def _changes_of(entry: Entry, image_fd: int, *, hides: bool) -> Iterator[Change]:
    """Yield the changes that an entry of the writable layer stands for."""
    below = _status_in(image_fd, entry.path)
    if _is_whiteout(entry.status):
        if below is not None:
            yield Change(entry.path, Kind.DELETED)
        return
    if _is_for_the_start(entry, below):
        return
    if below is None:
        yield Change(entry.path, Kind.ADDED)
        return
    if _differs(below, entry.status):
        yield Change(entry.path, Kind.MODIFIED)
    if hides and entry.is_directory and stat.S_ISDIR(below.st_mode):
        for name in _hidden_names(entry, image_fd):
            yield Change(f"{entry.path}/{name}", Kind.DELETED)


def write_layer(upper_fd: int, image_fd: int, archive: Archive) -> None:
    """Write the writable layer as one of an image, as OCI image-spec layer.md has it."""
    waiting: list[Entry] = []  # directories that are only there for what was put in for the start
    for entry in Walk(upper_fd):
        while waiting and not entry.path.startswith(f"{waiting[-1].path}/"):
            os.close(waiting.pop().fd)
        below = _status_in(image_fd, entry.path)
        if not _is_whiteout(entry.status) and _is_for_the_start(entry, below):
            if entry.is_directory:
                waiting.append(Entry(entry.path, os.dup(entry.fd), entry.status))
            continue
        for directory in waiting:
            archive.add(directory.path, directory.fd, directory.status)
            os.close(directory.fd)
        waiting.clear()
        write_entry(entry, archive)
    for directory in waiting:
        os.close(directory.fd)


def write_entry(entry: Entry, archive: Archive) -> None:
    """Write an entry of a writable layer as one of an image's."""
    if _is_whiteout(entry.status):
        directory, _, name = entry.path.rpartition("/")
        archive.add_empty(f"{directory}/{_WHITEOUT}{name}".lstrip("/"), entry.status)
        return
    archive.add(entry.path, entry.fd, entry.status)
    if entry.is_directory and _is_opaque(entry.fd):
        archive.add_empty(f"{entry.path}/{_WHITEOUT_OPAQUE}", entry.status)


def _is_for_the_start(entry: Entry, below: os.stat_result | None) -> bool:
    """Tell whether an entry was made for the container's start, and is as it was made.

    A directory that holds such entries counts too if the image has it, and it differs in nothing.
    """
    if entry.path in _EMPTY_FILES:
        return below is None and stat.S_ISREG(entry.status.st_mode) and not entry.status.st_size
    if not entry.is_directory:
        return False
    if below is None:
        return entry.path in _MOUNT_POINTS
    return entry.path in _PARENTS and not _differs(below, entry.status)


def _differs(old: os.stat_result, new: os.stat_result) -> bool:
    """Tell whether a file was changed. Of a directory neither size nor time says so."""
    if any(
        getattr(old, name) != getattr(new, name)
        for name in ("st_mode", "st_uid", "st_gid", "st_rdev")
    ):
        return True
    if stat.S_ISDIR(old.st_mode):
        return False
    return old.st_size != new.st_size or not _same_time(old.st_mtime_ns, new.st_mtime_ns)


def _same_time(one_ns: int, other_ns: int) -> bool:
    # Layers have whole seconds only: a file that was copied up from one did not change by that.
    if one_ns == other_ns:
        return True
    seconds, fraction = divmod(one_ns, _NANOSECONDS)
    other_seconds, other_fraction = divmod(other_ns, _NANOSECONDS)
    return seconds == other_seconds and 0 in (fraction, other_fraction)


def _hidden_names(entry: Entry, image_fd: int) -> list[str]:
    """Return the names that an opaque directory hides and does not have itself."""
    flags = os.O_RDONLY | os.O_DIRECTORY
    own_fd = os.open(".", flags, dir_fd=entry.fd)
    try:
        own = set(list_names(own_fd))
    finally:
        os.close(own_fd)
    below_fd = rooted.open_in_root(image_fd, entry.path, flags)
    try:
        return [name for name in list_names(below_fd) if name not in own]
    finally:
        os.close(below_fd)


def _parents(path: str) -> list[str]:
    """Return the directories above, the topmost first; the root is none of them."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _status_in(image_fd: int, path: str) -> os.stat_result | None:
    """Return what the image has at `path`, where a link on the way leads nowhere."""
    try:
        fd = rooted.open_in_root(image_fd, path, os.O_PATH | os.O_NOFOLLOW, symlinks=False)
    except OSError as err:
        if err.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        return None
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)


def _is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _is_opaque(fd: int) -> bool:
    try:
        return os.getxattr(f"/proc/self/fd/{fd}", _OPAQUE) == b"y"
    except OSError:
        return False  # no such attribute
