"""Files of a container, written as a tar archive to a descriptor, as large as they may be.

Numbers alone are read of their owners: nothing looks names up, which would load code of the
container (CVE-2019-14271). No link is followed, no device or FIFO opened.
"""

import errno
import os
import stat
from typing import Final

from seacan import log
from seacan.images import tar_writer
from seacan.images.sparse import Segment
from seacan.images.tar import Kind, Member

_CHUNK_BYTES: Final = 1 << 20
_MOST_SEGMENTS: Final = 1 << 12
_CAPABILITY: Final = "security.capability"
_REVISION_2: Final = 2  # linux/capability.h: without the root of a user namespace
_REVISION_3: Final = 3
_REVISION_2_BYTES: Final = 20
_KINDS: Final = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMBOLIC_LINK,
    stat.S_IFCHR: Kind.CHARACTER_DEVICE,
    stat.S_IFBLK: Kind.BLOCK_DEVICE,
    stat.S_IFIFO: Kind.FIFO,
}


class Archive:
    def __init__(self, out_fd: int, *, keeps_holes: bool) -> None:
        """`keeps_holes`: write sparse files as such, which not every reader of tar understands."""
        self._out_fd = out_fd
        self._keeps_holes = keeps_holes
        self._names: dict[tuple[int, int], str] = {}  # of files with several links, the first

    def add(self, name: str, fd: int, status: os.stat_result) -> None:
        """Add what `fd` (O_PATH) is under `name`; a socket, and what cannot be read, is left out.

        Raises BrokenPipeError when nobody reads any more.
        """
        kind = _KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            return
        first = self._first_name(name, status)
        if first is not None:
            self._write(tar_writer.head(_member(name, Kind.HARD_LINK, status, link=first)))
        elif kind is Kind.FILE:
            self._add_file(name, fd, status)
        else:
            self._add_other(name, kind, fd, status)

    def add_empty(self, name: str, status: os.stat_result) -> None:
        """Add an empty file that says something by its name, as of `status`."""
        self._write(tar_writer.head(_member(name, Kind.FILE, status)))

    def end(self) -> None:
        self._write(tar_writer.END)

    def _first_name(self, name: str, status: os.stat_result) -> str | None:
        if status.st_nlink < 2 or stat.S_ISDIR(status.st_mode):
            return None
        first = self._names.setdefault((status.st_dev, status.st_ino), name)
        return None if first == name else first

    def _add_other(self, name: str, kind: Kind, fd: int, status: os.stat_result) -> None:
        link = os.readlink("", dir_fd=fd) if kind is Kind.SYMBOLIC_LINK else ""
        if kind is Kind.DIRECTORY and not name.endswith("/"):
            name += "/"
        xattrs = _xattrs(fd) if kind is Kind.DIRECTORY else {}
        self._write(tar_writer.head(_member(name, kind, status, link=link, xattrs=xattrs)))

    def _add_file(self, name: str, path_fd: int, status: os.stat_result) -> None:
        try:
            fd = os.open(f"/proc/self/fd/{path_fd}", os.O_RDONLY | os.O_NONBLOCK)
        except OSError as err:
            log.warn("file is left out", name=name, error=err)
            self._names.pop((status.st_dev, status.st_ino), None)
            return
        try:
            size_bytes = status.st_size
            if size_bytes and not _can_be_read(fd, name):
                self._names.pop((status.st_dev, status.st_ino), None)
                return
            segments: tuple[Segment, ...] = (Segment(0, size_bytes),) if size_bytes else ()
            if self._keeps_holes and status.st_blocks * 512 < size_bytes:
                segments = _segments(fd, size_bytes)
            member = _member(
                name,
                Kind.FILE,
                status,
                xattrs=_xattrs(path_fd),
                size_bytes=size_bytes,
                segments=segments,
            )
            self._write(tar_writer.head(member))
            for segment in segments:
                self._send(fd, segment)
            self._write(tar_writer.padding(sum(segment.length for segment in segments)))
        finally:
            os.close(fd)

    def _send(self, fd: int, segment: Segment) -> None:
        """Send a part of a file; zeros for what was cut off since its size was read."""
        offset, left = segment
        while left:
            try:
                count = os.sendfile(self._out_fd, fd, offset, min(left, _CHUNK_BYTES))
            except OSError as err:
                if err.errno != errno.EINVAL:  # a file system that cannot: procfs and the like
                    raise
                count = self._copy(fd, offset, min(left, _CHUNK_BYTES))
            if not count:
                break
            offset += count
            left -= count
        while left:
            count = min(left, _CHUNK_BYTES)
            self._write(bytes(count))
            left -= count

    def _copy(self, fd: int, offset: int, limit_bytes: int) -> int:
        data = os.pread(fd, limit_bytes, offset)
        self._write(data)
        return len(data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._out_fd, view) :]


def _member(
    name: str,
    kind: Kind,
    status: os.stat_result,
    *,
    link: str = "",
    xattrs: dict[str, bytes] | None = None,
    size_bytes: int = 0,
    segments: tuple[Segment, ...] = (),
) -> Member:
    is_device = kind in (Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE)
    device = (os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else (0, 0)
    return Member(
        name=name,
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        mtime_ns=status.st_mtime_ns,
        size_bytes=size_bytes,
        link=link,
        device=device,
        xattrs=xattrs or {},
        segments=segments,
    )


def _can_be_read(fd: int, name: str) -> bool:
    """Try it, before the archive says that the file follows: in sysfs not all can that opens."""
    try:
        os.pread(fd, 1, 0)
    except OSError as err:
        log.warn("file is left out", name=name, error=err)
        return False
    return True


def _segments(fd: int, size_bytes: int) -> tuple[Segment, ...]:
    """Return the parts of a file that are no holes; all of it, if they are too many to list."""
    segments: list[Segment] = []
    offset = 0
    while offset < size_bytes and len(segments) < _MOST_SEGMENTS:
        try:
            start = os.lseek(fd, offset, os.SEEK_DATA)
        except OSError as err:
            if err.errno != errno.ENXIO:
                break  # a file system that knows no holes
            return tuple(segments)
        offset = min(os.lseek(fd, start, os.SEEK_HOLE), size_bytes)
        if start >= size_bytes:
            return tuple(segments)
        segments.append(Segment(start, offset - start))
    return tuple(segments) if offset >= size_bytes else (Segment(0, size_bytes),)


def _xattrs(fd: int) -> dict[str, bytes]:
    """Return the attributes that mean something elsewhere: file capabilities, and users' own."""
    path = f"/proc/self/fd/{fd}"
    try:
        names = os.listxattr(path)
    except OSError:
        return {}  # a file system without any
    found = {}
    for name in names:
        if name == _CAPABILITY or (
            name.startswith("user.") and not name.startswith("user.overlay.")
        ):
            try:
                found[name] = os.getxattr(path, name)
            except OSError as err:
                if err.errno != errno.ENODATA:  # removed just now
                    raise
    if _CAPABILITY in found:
        found[_CAPABILITY] = _without_namespace(found[_CAPABILITY])
    return found


def _without_namespace(capability: bytes) -> bytes:
    """Return a file capability that holds in any user namespace. Source: capabilities(7)."""
    if len(capability) > _REVISION_2_BYTES and capability[3] == _REVISION_3:
        return capability[:3] + bytes([_REVISION_2]) + capability[4:_REVISION_2_BYTES]
    return capability
