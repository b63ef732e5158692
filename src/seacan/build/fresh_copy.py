"""Files of a context, put where nothing is yet: into the upper directory itself, with its archive.

overlayfs has nothing to decide there, and a new file takes it several times as long. Nor is what
was made walked once more: what goes into the archive is known. It is the archive that
layer_writer.py would write, byte for byte.

A file that the layer of an earlier build of the same step has as well is not written but linked:
that layer is the donor. Nothing ever changes a file of a layer, and no root has both layers, as
they are for the same place on the same layers below.
"""

import errno
import os
import stat
from collections.abc import Sequence
from typing import Final

from seacan.build.copying import Copying
from seacan.build.layer_writer import settled_ns, write_entries
from seacan.build.listing import Listing
from seacan.build.worker_words import Place
from seacan.contents.sending import Archive
from seacan.files import write_all
from seacan.images import tar_writer
from seacan.images.tar import Kind, Member
from seacan.kernel import rooted

_MADE: Final = frozenset({Kind.FILE, Kind.DIRECTORY, Kind.SYMBOLIC_LINK})
_BUFFER_BYTES: Final = 1 << 20
_COMPARED_BYTES: Final = 1 << 20  # what is larger is written anew
_DIRECTORY_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
# No donor after all: it has too many names, is elsewhere, or has nothing of that name.
_NO_LINK: Final = frozenset({errno.EMLINK, errno.EXDEV, errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_LABEL: Final = "security.selinux"


def is_simple(members: Sequence[tuple[Member, int]]) -> bool:
    """Tell whether each member is made once, after its directory, and is all that its name says."""
    directories, names = {""}, set()
    for member, _ in members:
        whole = member.size_bytes == sum(segment.length for segment in member.segments)
        if member.kind not in _MADE or member.xattrs or not whole or member.name in names:
            return False
        if member.name.rpartition("/")[0] not in directories:
            return False
        names.add(member.name)
        if member.kind is Kind.DIRECTORY:
            directories.add(member.name)
    return bool(names)


class FreshCopy(Copying):
    """Simple members, put into a directory of the upper one that is there, and empty."""

    def __init__(
        self,
        upper_fd: int,
        listing: Listing,
        directory: str,
        place: Place,
        *,
        donor_fd: int | None,
        out_fd: int,
        latest_s: int | None,
    ) -> None:
        """`donor_fd` is the top of the donor's files."""
        super().__init__(upper_fd, listing, directory, "", place)
        self._listing = listing
        self._content = b""  # of the file at hand
        self._donor_fd = donor_fd
        self._donor_parent: tuple[str, int | None] = ("", None)
        self._out_fd = out_fd
        self._waiting = bytearray()
        self._latest_s = latest_s

    def run(self) -> int:
        """Make the members and the layer's archive; return the size of the files in it."""
        archive = Archive(self._out_fd, keeps_holes=True)
        write_entries(self._root_fd, archive, self._latest_s)  # the directory, and those above
        top_fd = rooted.open_in_root(self._root_fd, self._directory or ".", _DIRECTORY_FLAGS)
        try:
            time_ns = os.fstat(top_fd).st_mtime_ns
            self._listing.sort()
            size_bytes = super().run()
            os.utime(top_fd, ns=(time_ns, time_ns))
        finally:
            os.close(top_fd)
        self._flush()
        archive.end()
        return size_bytes

    def close(self) -> None:
        super().close()
        self._leave_donor()

    def _add(self, path: str, member: Member) -> None:
        asked = self._as_asked(member)
        made = asked._replace(name=path, mtime_ns=settled_ns(asked.mtime_ns, self._latest_s))
        parent, _, name = path.rpartition("/")
        self._make(self._open_parent(parent), name, path, made)
        self._write(tar_writer.head(_in_archive(made)))
        if made.kind is Kind.FILE:
            self._write_content(made.size_bytes)

    def _make_file(self, parent_fd: int, name: str, member: Member) -> None:
        self._content = b""
        if 0 < member.size_bytes <= _COMPARED_BYTES:
            self._content = self._listing.read(member.size_bytes)
        if member.size_bytes <= _COMPARED_BYTES and self._link(parent_fd, name, member):
            self._size_bytes += member.size_bytes
            return
        self._listing.rewind()
        super()._make_file(parent_fd, name, member)

    # -- the donor --------------------------------------------------------------------------------

    def _link(self, parent_fd: int, name: str, member: Member) -> bool:
        """Make a file by a link, if the donor has the same."""
        donor_fd = self._open_donor(self._parent_path)
        if donor_fd is None:
            return False
        try:
            fd = os.open(name, _FILE_FLAGS, dir_fd=donor_fd)
            try:
                if not _is_same(fd, member, self._content):
                    return False
            finally:
                os.close(fd)
            os.link(name, name, src_dir_fd=donor_fd, dst_dir_fd=parent_fd, follow_symlinks=False)
        except OSError as err:
            if err.errno not in _NO_LINK:
                raise
            return False
        return True

    def _open_donor(self, parent_path: str) -> int | None:
        """Return the donor's directory of this path, which stays open; None if it has none."""
        if self._donor_fd is None:
            return None
        path, fd = self._donor_parent
        if fd is None or path != parent_path:
            self._leave_donor()
            try:
                fd = rooted.open_in_root(self._donor_fd, parent_path or ".", symlinks=False)
            except OSError as err:
                if err.errno not in _NO_LINK:
                    raise
                fd = None
            self._donor_parent = (parent_path, fd)
        return fd

    def _leave_donor(self) -> None:
        _, fd = self._donor_parent
        if fd is not None:
            os.close(fd)
        self._donor_parent = ("", None)

    # -- the archive ------------------------------------------------------------------------------

    def _write_content(self, size_bytes: int) -> None:
        if size_bytes <= _COMPARED_BYTES:
            self._write(self._content)
        else:
            self._listing.rewind()
            left = size_bytes
            while left and (piece := self._listing.read(min(left, _BUFFER_BYTES))):
                self._write(piece)
                left -= len(piece)
        self._write(tar_writer.padding(size_bytes))

    def _write(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= _BUFFER_BYTES:
            self._flush()

    def _flush(self) -> None:
        write_all(self._out_fd, bytes(self._waiting))
        self._waiting.clear()


def _is_same(fd: int, member: Member, content: bytes) -> bool:
    status = os.fstat(fd)
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_size == member.size_bytes
        and stat.S_IMODE(status.st_mode) == member.mode
        and (status.st_uid, status.st_gid) == (member.uid, member.gid)
        and status.st_mtime_ns == member.mtime_ns
        and status.st_blocks * 512 >= member.size_bytes  # else it has holes, and an archive says so
        and all(name == _LABEL for name in os.listxattr(fd))
        and os.pread(fd, member.size_bytes + 1, 0) == content
    )


def _in_archive(member: Member) -> Member:
    """Return a member as sending.py has it of the file that was made."""
    match member.kind:
        case Kind.DIRECTORY:
            return member._replace(name=f"{member.name}/")
        case Kind.SYMBOLIC_LINK:
            return member._replace(mode=0o777)
    return member
