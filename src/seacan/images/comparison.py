"""A layer's directory against the archive that it was unpacked from: what differs, in words.

The archive is read once more into a table of what unpacking it makes, which the directory is walked
against. Times of files, links and directories count, of devices and whiteouts they do not.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec
from msgspec import field
from msgspec.structs import replace

from seacan.errors import InvalidArgument
from seacan.images.streams import CHUNK_BYTES
from seacan.images.tar import Kind, Member, TarReader
from seacan.images.unpack import (
    OPAQUE,
    PRIVATE_XATTRS,
    WHITEOUT,
    WHITEOUT_META,
    WHITEOUT_OPAQUE,
    inside,
)

_MOST_LINKS: Final = 40
_TYPES: Final = {
    Kind.FILE: stat.S_IFREG,
    Kind.DIRECTORY: stat.S_IFDIR,
    Kind.SYMBOLIC_LINK: stat.S_IFLNK,
    Kind.CHARACTER_DEVICE: stat.S_IFCHR,
    Kind.BLOCK_DEVICE: stat.S_IFBLK,
    Kind.FIFO: stat.S_IFIFO,
}


class _Expected(msgspec.Struct, frozen=True):
    """An entry; what is None is not known from the archive, and is not compared."""

    type: int  # S_IFREG, …
    mode: int | None = None
    owner: tuple[int, int] | None = None
    mtime_ns: int | None = None
    link: str | None = None
    device: int | None = None
    size_bytes: int | None = None
    content: bytes | None = None  # the digest of a file's, holes and all
    xattrs: dict[str, bytes] = field(default_factory=dict)
    is_opaque: bool = False


_IMPLIED: Final = _Expected(stat.S_IFDIR)
_REMOVED: Final = _Expected(stat.S_IFCHR, device=os.makedev(0, 0))


def differences(archive: BinaryIO, root: str) -> Iterator[str]:
    """Yield what the directory `root` has otherwise than `archive`, a tar, not compressed.

    Raises InvalidArgument if the archive is malformed.
    """
    expected = _Tree(TarReader(archive)).entries
    for path, found, status in _walk(root):
        wanted = expected.pop(path, None)
        if wanted is None:
            yield f"{path!r} is not in the archive"
            continue
        for what in _differences(wanted, found, status):
            yield f"{path!r} has another {what}"
    for path in expected:
        yield f"{path!r} is missing"


class _Tree:
    """What unpacking makes of the members of an archive, by path; `.` is the root."""

    def __init__(self, reader: TarReader) -> None:
        self._reader = reader
        self.entries: dict[str, _Expected] = {".": _IMPLIED}
        for member in reader:
            self._add(inside(member.name), member)

    def _add(self, path: str, member: Member) -> None:
        directory, _, name = path.rpartition("/")
        if not name:
            self.entries["."] = replace(_expected(member), is_opaque=self.entries["."].is_opaque)
            return
        parent = self._directory(directory)
        place = _join(parent, name)
        if name == WHITEOUT_OPAQUE:
            self.entries[parent] = replace(self.entries[parent], is_opaque=True)
        elif name.startswith(WHITEOUT_META):
            return
        elif name.startswith(WHITEOUT):
            self._hide(_join(parent, name.removeprefix(WHITEOUT)))
        else:
            self._make(place, member)

    def _hide(self, place: str) -> None:
        there = self.entries.get(place)
        if there is None:
            self.entries[place] = _REMOVED
        elif there.type == stat.S_IFDIR:
            self.entries[place] = replace(there, is_opaque=True)

    def _make(self, place: str, member: Member) -> None:
        made = self._made(member)
        there = self.entries.get(place)
        if there is not None and made.type == stat.S_IFDIR:
            was_removed = there == _REMOVED
            made = replace(made, is_opaque=there.is_opaque or was_removed)
        elif there is not None and there.type == stat.S_IFDIR:
            for below in [one for one in self.entries if one.startswith(f"{place}/")]:
                del self.entries[below]
        self.entries[place] = made

    def _made(self, member: Member) -> _Expected:
        if member.kind is not Kind.HARD_LINK:
            return replace(_expected(member), content=self._content(member))
        directory, _, name = inside(member.link).rpartition("/")
        target = self.entries.get(_join(self._directory(directory), name))
        if target is None:
            raise InvalidArgument(f"{member.name!r} is a link to nothing")
        return target

    def _content(self, member: Member) -> bytes | None:
        if member.kind is not Kind.FILE:
            return None
        digest = hashlib.sha256()
        at = 0
        for offset, length in member.segments:
            _add_zeros(digest, offset - at)
            at = offset + length
            while length:
                data = self._reader.read(min(length, CHUNK_BYTES))
                digest.update(data)
                length -= len(data)
        _add_zeros(digest, member.size_bytes - at)
        return digest.digest()

    def _directory(self, path: str) -> str:
        """Return where a directory really is, its links followed; it is there from now on."""
        place = "."
        rest = [part for part in path.split("/") if part]
        links = 0
        while rest:
            part = rest.pop(0)
            if part in (".", ".."):
                place = place if part == "." else place.rpartition("/")[0] or "."
                continue
            step = _join(place, part)
            there = self.entries.setdefault(step, _IMPLIED)
            if there.link is None:
                place = step
                continue
            links += 1
            if links > _MOST_LINKS:
                raise InvalidArgument(f"{path!r}: too many links")
            place = "." if there.link.startswith("/") else place
            rest = [part for part in there.link.split("/") if part] + rest
        return place


def _join(directory: str, name: str) -> str:
    return name if directory == "." else f"{directory}/{name}"


def _add_zeros(digest: "hashlib._Hash", count: int) -> None:
    zeros = bytes(min(count, CHUNK_BYTES))
    while count > 0:
        digest.update(zeros[:count])
        count -= len(zeros)


def _expected(member: Member) -> _Expected:
    is_link, is_file = member.kind is Kind.SYMBOLIC_LINK, member.kind is Kind.FILE
    has_time = is_link or is_file or member.kind is Kind.DIRECTORY
    xattrs = {
        name: value
        for name, value in member.xattrs.items()
        if not name.startswith(PRIVATE_XATTRS) and (is_file or member.kind is Kind.DIRECTORY)
    }
    is_device = member.kind in (Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE)
    return _Expected(
        type=_TYPES[member.kind],
        mode=None if is_link else member.mode,
        owner=(member.uid, member.gid),
        mtime_ns=member.mtime_ns if has_time else None,
        link=member.link if is_link else None,
        device=os.makedev(*member.device) if is_device else None,
        size_bytes=member.size_bytes if is_file else None,
        xattrs=xattrs,
    )


def _walk(root: str) -> Iterator[tuple[str, str, os.stat_result]]:
    """Yield each entry: its path from `root`, the path to open, its status."""
    yield ".", root, os.lstat(root)
    waiting = [""]
    while waiting:
        directory = waiting.pop()
        with os.scandir(os.path.join(root, directory)) as entries:
            for entry in entries:
                path = f"{directory}/{entry.name}" if directory else entry.name
                yield path, entry.path, entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)


def _differences(wanted: _Expected, path: str, status: os.stat_result) -> Iterator[str]:
    if stat.S_IFMT(status.st_mode) != wanted.type:
        yield "type"
        return
    if wanted.mode is not None and stat.S_IMODE(status.st_mode) != wanted.mode:
        yield "mode"
    if wanted.owner is not None and (status.st_uid, status.st_gid) != wanted.owner:
        yield "owner"
    if wanted.mtime_ns is not None and status.st_mtime_ns != wanted.mtime_ns:
        yield "time"
    if wanted.link is not None and os.readlink(path) != wanted.link:
        yield "target"
    if wanted.device is not None and status.st_rdev != wanted.device:
        yield "device number"
    if wanted.size_bytes is not None and status.st_size != wanted.size_bytes:
        yield "size"
    elif wanted.content is not None and _digest(path) != wanted.content:
        yield "content"
    if wanted.type == stat.S_IFDIR and (_xattr(path, OPAQUE) == b"y") != wanted.is_opaque:
        yield "mark of what it hides"
    for name, value in wanted.xattrs.items():
        if _xattr(path, name, otherwise=value) != value:
            yield f"attribute {name}"


def _digest(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").digest()


def _xattr(path: str, name: str, *, otherwise: bytes = b"") -> bytes | None:
    """Return an attribute, None if it is not there; `otherwise` if this file system has none."""
    try:
        return os.getxattr(path, name, follow_symlinks=False)
    except OSError as err:
        return otherwise if err.errno == errno.ENOTSUP else None
