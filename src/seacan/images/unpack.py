"""Unpacking a layer's tar archive into a directory, as root, from strangers.

Every name is resolved by the kernel below the directory's descriptor (openat2): `..`, absolute
names and links lead to nothing outside (CVE-2014-9357, CVE-2017-14992). The last part of a name is
never followed: what is there is replaced. Owners are numbers; nobody is looked up.

What a layer removes from the layers below becomes what overlayfs understands:

    DIR/.wh.NAME       →  DIR/NAME, a character device 0:0
    DIR/.wh..wh..opq   →  trusted.overlay.opaque=y on DIR

Source: OCI image-spec layer.md; kernel overlayfs.rst.
"""

import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO, Final, Protocol

from seacan.errors import Internal, InvalidArgument, SeacanError
from seacan.images.tar import Kind, Member, TarReader
from seacan.images.trees import remove_entry
from seacan.kernel import rooted

WHITEOUT: Final = ".wh."
WHITEOUT_OPAQUE: Final = ".wh..wh..opq"
OPAQUE: Final = "trusted.overlay.opaque"
WHITEOUT_META: Final = ".wh..wh."  # notes of aufs to itself
# A layer must not reshape the union by overlayfs' own marks.
PRIVATE_XATTRS: Final = ("trusted.", "user.overlay.")
_CHUNK_BYTES: Final = 1 << 20
_FILE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_DEVICES: Final = {
    Kind.CHARACTER_DEVICE: stat.S_IFCHR,
    Kind.BLOCK_DEVICE: stat.S_IFBLK,
    Kind.FIFO: stat.S_IFIFO,
}
# What an archive brings about by itself.
_FAULTS_OF_ARCHIVE: Final = frozenset(
    {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.ENOENT, errno.ENXIO, errno.EFBIG,
     errno.EMLINK, errno.E2BIG, errno.ERANGE, errno.EISDIR, errno.EINVAL}
)  # fmt: skip


def unpack(stream: BinaryIO, root_fd: int) -> int:
    """Unpack the tar archive in `stream` into the empty directory `root_fd`.

    Returns its size in bytes, as Docker counts an image's: files with their holes, symbolic links.
    Raises InvalidArgument if the archive is malformed, or reaches outside.
    """
    unpacking = Unpacking(root_fd, TarReader(stream))
    try:
        return unpacking.run()
    finally:
        unpacking.close()


class Reader(Protocol):
    """Members, and of each its content before the next."""

    def __iter__(self) -> Iterator[Member]: ...
    def read(self, size: int, /) -> bytes: ...


class Unpacking:
    """The members of an archive, made below a directory.

    contents/extraction.py overrides what differs where no layer is unpacked, but files are copied
    into a container: `_path`, `_add`, `_link_source`.
    """

    def __init__(self, root_fd: int, reader: Reader) -> None:
        self._root_fd = root_fd
        self._reader = reader
        self._size_bytes = 0
        # Their times are set last: what is put into them would change them.
        self._directories: dict[str, int] = {}
        # Members come by directory, so the last one is kept open.
        self._parent_path = ""
        self._parent_fd = os.dup(root_fd)

    def close(self) -> None:
        os.close(self._parent_fd)

    def run(self) -> int:
        for member in self._reader:
            path = self._path(member)
            try:
                self._add(path, member)
            except OSError as error:
                raise _said_of(member.name, error) from error
        self._set_directory_times()
        return self._size_bytes

    def _path(self, member: Member) -> str:
        return inside(member.name)

    def _add(self, path: str, member: Member) -> None:
        parent_path, _, name = path.rpartition("/")
        if not name:
            self._change_root(member)
            return
        parent_fd = self._open_parent(parent_path)
        if name == WHITEOUT_OPAQUE:
            _make_opaque(parent_fd)
        elif name.startswith(WHITEOUT_META):
            return
        elif name.startswith(WHITEOUT):
            _make_whiteout(parent_fd, name.removeprefix(WHITEOUT))
        else:
            self._make(parent_fd, name, path, member)

    def _change_root(self, member: Member) -> None:
        if member.kind is not Kind.DIRECTORY:
            raise InvalidArgument(f"malformed tar archive: {member.name!r} is no directory")
        _set_attributes(self._root_fd, member)
        self._directories["."] = member.mtime_ns

    def _open_parent(self, path: str) -> int:
        if path != self._parent_path:
            fd = rooted.open_directory(self._root_fd, path or ".")
            os.close(self._parent_fd)
            self._parent_path, self._parent_fd = path, fd
        return self._parent_fd

    def _forget_parent(self) -> None:
        """Look the next parent up again: the directory kept open may have been removed."""
        os.close(self._parent_fd)
        self._parent_path, self._parent_fd = "", os.dup(self._root_fd)

    def _make(self, parent_fd: int, name: str, path: str, member: Member) -> None:
        """Make the member; what is there gives way, unless both are directories."""
        if member.kind is Kind.DIRECTORY:
            self._directories[path] = member.mtime_ns
        try:
            self._make_entry(parent_fd, name, member)
        except FileExistsError:
            old = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
            if member.kind is Kind.DIRECTORY and stat.S_ISDIR(old.st_mode):
                self._change_directory(parent_fd, name, member)
                return
            remove_entry(parent_fd, name)
            self._make_entry(parent_fd, name, member)
            if member.kind is Kind.DIRECTORY and _is_whiteout(old):
                _make_opaque_at(parent_fd, name)  # the one below is removed, and this one is new
            self._forget_parent()

    def _make_entry(self, parent_fd: int, name: str, member: Member) -> None:
        match member.kind:
            case Kind.FILE:
                self._make_file(parent_fd, name, member)
            case Kind.DIRECTORY:
                os.mkdir(name, 0o700, dir_fd=parent_fd)
                self._change_directory(parent_fd, name, member)
            case Kind.HARD_LINK:
                self._make_hard_link(parent_fd, name, member)
            case Kind.SYMBOLIC_LINK:
                os.symlink(member.link, name, dir_fd=parent_fd)
                _set_attributes_by_name(parent_fd, name, member)
                self._size_bytes += len(os.fsencode(member.link))
            case _:
                mode = _DEVICES[member.kind] | 0o600
                os.mknod(name, mode, os.makedev(*member.device), dir_fd=parent_fd)
                _set_attributes_by_name(parent_fd, name, member)

    def _make_file(self, parent_fd: int, name: str, member: Member) -> None:
        fd = os.open(name, _FILE_FLAGS, 0o600, dir_fd=parent_fd)
        try:
            for offset, length in member.segments:
                self._write_segment(fd, offset, length)
            if not member.segments or sum(member.segments[-1]) != member.size_bytes:
                os.ftruncate(fd, member.size_bytes)
            _set_attributes(fd, member)
            os.utime(fd, ns=(member.mtime_ns, member.mtime_ns))
        finally:
            os.close(fd)
        self._size_bytes += member.size_bytes

    def _write_segment(self, fd: int, offset: int, length: int) -> None:
        if offset:
            os.lseek(fd, offset, os.SEEK_SET)
        while length:
            data = memoryview(self._reader.read(min(length, _CHUNK_BYTES)))
            length -= len(data)
            while data:
                data = data[os.write(fd, data) :]

    def _make_hard_link(self, parent_fd: int, name: str, member: Member) -> None:
        directory, _, target = self._link_source(member).rpartition("/")
        if not target:
            raise InvalidArgument(f"malformed tar archive: {member.name!r} is a link to nothing")
        source_fd = rooted.open_in_root(self._root_fd, directory or ".", os.O_PATH)
        try:
            os.link(target, name, src_dir_fd=source_fd, dst_dir_fd=parent_fd, follow_symlinks=False)
        finally:
            os.close(source_fd)

    def _link_source(self, member: Member) -> str:
        return inside(member.link)

    def _change_directory(self, parent_fd: int, name: str, member: Member) -> None:
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent_fd)
        try:
            _set_attributes(fd, member)
        finally:
            os.close(fd)

    def _set_directory_times(self) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        for path, mtime_ns in self._directories.items():
            try:
                fd = rooted.open_in_root(self._root_fd, path, flags)
            except (FileNotFoundError, NotADirectoryError):
                continue  # a later member replaced it
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
                continue
            try:
                os.utime(fd, ns=(mtime_ns, mtime_ns))
            finally:
                os.close(fd)


def inside(name: str) -> str:
    """Return a name of the archive without `.`, `..` and empty parts; `` is the root itself.

    Raises InvalidArgument if it leaves the root.
    """
    if name and name[0] not in "./" and name[-1] != "/" and not ("//" in name or "/." in name):
        return name  # as most are
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                raise InvalidArgument(f"malformed tar archive: {name!r} is outside of the root")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _said_of(name: str, error: OSError) -> SeacanError:
    """Return the error that says which member it was about."""
    text = f"unpack {name!r:.300}: {os.strerror(error.errno or errno.EIO).lower()}"
    return InvalidArgument(text) if error.errno in _FAULTS_OF_ARCHIVE else Internal(text)


def _make_whiteout(parent_fd: int, name: str) -> None:
    """Hide `name` of the layers below; what this layer has under the name is not concerned."""
    if name in ("", ".", ".."):
        raise InvalidArgument(f"malformed tar archive: whiteout of {name!r}")
    try:
        os.mknod(name, stat.S_IFCHR, os.makedev(0, 0), dir_fd=parent_fd)
    except FileExistsError:
        status = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):  # it would be merged with the one below
            _make_opaque_at(parent_fd, name)


def _is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _make_opaque(directory_fd: int) -> None:
    os.setxattr(_path_of(directory_fd), OPAQUE, b"y")


def _make_opaque_at(parent_fd: int, name: str) -> None:
    os.setxattr(f"{_path_of(parent_fd)}/{name}", OPAQUE, b"y", follow_symlinks=False)


def _set_attributes(fd: int, member: Member) -> None:
    # In this order: a change of owner clears the setuid bits and security.capability.
    os.chown(fd, member.uid, member.gid)
    if member.xattrs:
        _set_xattrs(_path_of(fd), member)
    os.chmod(fd, member.mode)


def _set_attributes_by_name(parent_fd: int, name: str, member: Member) -> None:
    """Set those of a link, device or FIFO, which is not to be opened.

    In a running container somebody may put a link in its place meanwhile: none is followed.
    """
    os.chown(name, member.uid, member.gid, dir_fd=parent_fd, follow_symlinks=False)
    if member.xattrs:
        _set_xattrs(f"{_path_of(parent_fd)}/{name}", member)
    if member.kind is not Kind.SYMBOLIC_LINK:
        _set_mode_by_name(parent_fd, name, member.mode)
    times = (member.mtime_ns, member.mtime_ns)
    os.utime(name, ns=times, dir_fd=parent_fd, follow_symlinks=False)


def _set_mode_by_name(parent_fd: int, name: str, mode: int) -> None:
    # chmod(2) would follow a link, and fchmod(2) wants the device opened.
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=parent_fd)
    try:
        if not stat.S_ISLNK(os.fstat(fd).st_mode):
            os.chmod(_path_of(fd), mode)
    finally:
        os.close(fd)


def _set_xattrs(path: str, member: Member) -> None:
    follow = member.kind in (Kind.FILE, Kind.DIRECTORY)
    for name, value in member.xattrs.items():
        if name.startswith(PRIVATE_XATTRS):
            continue
        try:
            os.setxattr(path, name, value, follow_symlinks=follow)
        except OSError as error:
            # As Docker: what this file system does not know, and user.* on what cannot have it.
            if error.errno != errno.ENOTSUP and not (
                error.errno == errno.EPERM and name.startswith("user.")
            ):
                raise


def _path_of(fd: int) -> str:
    return f"/proc/self/fd/{fd}"
