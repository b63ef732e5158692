"""A build's context: what was sent as an archive, kept as one file of contents and an index.

    tar, compressed or not ──▸ contents, one after the other, in a file that has no name
                     └───────▸ path → member, where its content is, its digest

Nothing of it is ever made as a file of the host until a step copies it, so no link in it leads
anywhere, no device of it is there to be opened, and nothing is left when the daemon is killed.
"""

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Self

from seacan.build.selection import Chosen
from seacan.errors import InvalidArgument
from seacan.files import write_all
from seacan.images import tar_writer
from seacan.images.compression import Decompressed
from seacan.images.sparse import Segment
from seacan.images.streams import buffered
from seacan.images.tar import Kind, Member, TarReader
from seacan.images.unpack import inside

_CHUNK_BYTES: Final = 1 << 20
_MOST_ENTRIES: Final = 2_000_000
_LEAST_FREE_BYTES: Final = 256 << 20  # of the disk: what a bomb does not get
_LOOK_BYTES: Final = 64 << 20
_LINK_LIMIT: Final = 40  # as the kernel, path_resolution(7)
_COPIED: Final = frozenset({Kind.FILE, Kind.DIRECTORY, Kind.SYMBOLIC_LINK})


class ContextEntry(NamedTuple):
    member: Member
    offset: int = 0  # of a file's content
    digest: str = ""


_TOP: Final = ContextEntry(Member("", Kind.DIRECTORY, 0o755, 0, 0, 0))


class ContextTree:
    """To be closed. Its methods may be called from any thread once it is received."""

    def __init__(self, directory: Path) -> None:
        """`directory` is where the contents are kept; none of its names is used."""
        self._contents = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115
        self._size_bytes = 0
        self._waiting = bytearray()  # of the contents, the last of it, not written yet
        self._next_look = 0
        self._entries: dict[str, ContextEntry] = {"": _TOP}
        self._names: dict[str, set[str]] = {"": set()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._contents.close()

    # -- received ---------------------------------------------------------------------------------

    def receive(self, stream: BinaryIO) -> None:
        """Take in an archive, to the end of its stream.

        Raises InvalidArgument if it is malformed, or too much.
        """
        reader = TarReader(buffered(Decompressed(stream)))
        for member in reader:
            path = inside(member.name)
            if not path:
                continue
            self._add(path, self._entry(member, reader))
        self._flush()
        while stream.read(_CHUNK_BYTES):
            pass  # what follows an archive is no part of it

    def use_contents(self, file: FileIO) -> None:
        """Have the contents in a file that is kept, and stays the caller's to close."""
        self._contents.close()
        self._contents = os.fdopen(os.dup(file.fileno()), "r+b", buffering=0)

    def add(self, member: Member, offset: int, digest: str) -> None:
        """Put in what is called as `member` is; a file's content is there already.

        Raises InvalidArgument for a name that leads out of the context, or too many.
        """
        if path := inside(member.name):
            self._add(path, ContextEntry(member, offset, digest))

    def add_file(self, path: str, content: BinaryIO, *, mtime_ns: int = 0) -> None:
        """Put a file in, in place of one that is there."""
        offset, digest = self._size_bytes, self._write_content(content.read, hashlib.sha256())
        self._flush()
        size_bytes = self._size_bytes - offset
        segments = (Segment(0, size_bytes),) if size_bytes else ()
        member = Member(path, Kind.FILE, 0o644, 0, 0, mtime_ns, size_bytes, segments=segments)
        self._add(path, ContextEntry(member, offset, digest))

    def add_directory(self, path: str, *, mtime_ns: int = 0) -> None:
        self._add(path, ContextEntry(Member(path, Kind.DIRECTORY, 0o755, 0, 0, mtime_ns)))

    def remove(self, path: str) -> None:
        """Leave a file out. What is not there is fine."""
        if path and path in self._entries:
            del self._entries[path]
            parent, _, name = path.rpartition("/")
            self._names[parent].discard(name)

    def split(self, path: str) -> "ContextTree":
        """Return a directory as a context of its own, which this one has no more; to be closed.

        Raises InvalidArgument if there is none.
        """
        if path not in self._names or not path:
            raise InvalidArgument(f"build context: there is no directory {path}")
        part = copy(self)
        part._contents = os.fdopen(os.dup(self._contents.fileno()), "r+b", buffering=0)
        below = f"{path}/"
        inner = [name for name in self._entries if name.startswith(below)]
        part._entries = {name.removeprefix(below): self._entries.pop(name) for name in inner}
        part._entries[""] = _TOP
        inner = [name for name in self._names if name.startswith(below)]
        part._names = {name.removeprefix(below): self._names.pop(name) for name in inner}
        part._names[""] = self._names.pop(path)
        self.remove(path)
        return part

    def descend(self, path: str) -> None:
        """Keep what is in a directory, as the whole. Links to it are followed, none out of here.

        Raises InvalidArgument if there is none.
        """
        target = self.lookup(path)
        if target is None or not self.is_directory(target):
            raise InvalidArgument(f"build context: there is no directory {path}")
        if target:
            with self.split(target) as part:
                self._entries, self._names = part._entries, part._names

    def _entry(self, member: Member, reader: TarReader) -> ContextEntry:
        match member.kind:
            case Kind.FILE:
                return self._file(member, reader)
            case Kind.HARD_LINK:
                source = self._entries.get(inside(member.link))
                if source is None:
                    raise InvalidArgument(
                        f"malformed tar archive: {member.name!r} is a link to nothing"
                    )
                return source
        return ContextEntry(member)

    def _file(self, member: Member, reader: TarReader) -> ContextEntry:
        digest, offset = hashlib.sha256(), self._size_bytes
        if member.size_bytes != _stored_bytes(member):
            digest.update(repr(member.segments).encode())
        return ContextEntry(member, offset, self._write_content(reader.read, digest))

    def _write_content(self, read: Callable[[int], bytes], digest: "hashlib._Hash") -> str:
        """Keep all that is read; return its digest, which goes on with `digest`."""
        while data := read(_CHUNK_BYTES):
            digest.update(data)
            self._write(data)
        return digest.hexdigest()

    def _write(self, data: bytes) -> None:
        if self._size_bytes >= self._next_look:
            self._next_look = self._size_bytes + _LOOK_BYTES
            require_space(self._contents.fileno(), _LOOK_BYTES)
        self._waiting += data
        self._size_bytes += len(data)
        if len(self._waiting) >= _CHUNK_BYTES:
            self._flush()

    def _flush(self) -> None:
        write_all(self._contents.fileno(), self._waiting)
        self._waiting = bytearray()

    def _add(self, path: str, entry: ContextEntry) -> None:
        if len(self._entries) > _MOST_ENTRIES:
            raise InvalidArgument(f"build context: more than {_MOST_ENTRIES} files")
        parent, _, name = path.rpartition("/")
        above = self._entries.get(parent)
        if above is None or above.member.kind is not Kind.DIRECTORY:
            self._add(parent, ContextEntry(_TOP.member._replace(name=parent)))
        self._entries[path] = entry
        self._names[parent].add(name)
        if entry.member.kind is Kind.DIRECTORY:
            self._names.setdefault(path, set())

    # -- selected from ----------------------------------------------------------------------------

    def lookup(self, path: str) -> str | None:
        passed: list[str] = []
        todo = _components(path)
        links = 0
        while todo:
            name = todo.pop()
            if name == "..":
                del passed[-1:]
                continue
            passed.append(name)
            entry = self._entries.get("/".join(passed))
            if entry is None:
                return None
            if entry.member.kind is Kind.SYMBOLIC_LINK:
                links += 1
                if links > _LINK_LIMIT:
                    return None
                passed.pop()
                if entry.member.link.startswith("/"):
                    passed.clear()
                todo += _components(entry.member.link)
            elif todo and entry.member.kind is not Kind.DIRECTORY:
                return None
        return "/".join(passed)

    def is_directory(self, path: str) -> bool:
        return self._entries[path].member.kind is Kind.DIRECTORY

    def names(self, path: str) -> list[str]:
        return sorted(self._names[path], key=os.fsencode)

    def entry(self, path: str) -> ContextEntry:
        return self._entries[path]

    def below(self, path: str) -> Iterator[tuple[str, ContextEntry]]:
        prefix = f"{path}/" if path else ""
        todo = [iter(self.names(path))]
        directories = [""]
        while todo:
            name = next(todo[-1], None)
            if name is None:
                todo.pop()
                directories.pop()
                continue
            relative = f"{directories[-1]}{name}"
            entry = self._entries[f"{prefix}{relative}"]
            yield relative, entry
            if entry.member.kind is Kind.DIRECTORY:
                todo.append(iter(self.names(f"{prefix}{relative}")))
                directories.append(f"{relative}/")

    # -- read -------------------------------------------------------------------------------------

    def read(self, path: str, limit_bytes: int) -> bytes | None:
        """Return the content of a file, its links followed; None if there is no such file.

        Raises InvalidArgument beyond `limit_bytes`.
        """
        target = self.lookup(path)
        if target is None or self._entries[target].member.kind is not Kind.FILE:
            return None
        entry = self._entries[target]
        if entry.member.size_bytes > limit_bytes:
            raise InvalidArgument(f"{path}: longer than {limit_bytes} bytes")
        return os.pread(self._contents.fileno(), entry.member.size_bytes, entry.offset)

    def open_content(self, entry: ContextEntry) -> BinaryIO:
        """Return the content of a file as a file for one reader."""
        return buffered(_Part(self._contents.fileno(), entry.offset, _stored_bytes(entry.member)))

    @property
    def contents_fd(self) -> int:
        return self._contents.fileno()

    def list_members(self, chosen: Iterable[Chosen[ContextEntry]]) -> list[tuple[Member, int]]:
        """Return what was chosen, as root's, with the offsets in `contents_fd`.

        Raises InvalidArgument for what cannot be copied.
        """
        return [(_copied(one), one.entry.offset) for one in chosen]

    def write_members(self, chosen: Iterable[Chosen[ContextEntry]], out_fd: int) -> None:
        """Write what was chosen to a pipe, as root's. Raises BrokenPipeError, InvalidArgument."""
        for one in chosen:
            member = _copied(one)
            _send(out_fd, tar_writer.head(member))
            left, offset = _stored_bytes(member), one.entry.offset
            while left:
                count = os.sendfile(out_fd, self._contents.fileno(), offset, left)
                left -= count
                offset += count
            _send(out_fd, tar_writer.padding(_stored_bytes(member)))


def _copied(one: Chosen[ContextEntry]) -> Member:
    member = one.entry.member._replace(name=one.name, uid=0, gid=0)
    if member.kind not in _COPIED:
        raise InvalidArgument(f"cannot copy {one.name}: it is no file, directory or link")
    return member


def digest(chosen: Iterable[Chosen[ContextEntry]]) -> str:
    """Return a digest of names, kinds, modes and content; neither times nor owners count.

    Owners are not what a context is copied with.
    """
    found = hashlib.sha256()
    for one in chosen:
        member = one.entry.member
        said = (one.name, member.kind.name, member.mode, member.link, sorted(member.xattrs.items()))
        found.update(repr((*said, one.entry.digest)).encode())
    return found.hexdigest()


def require_space(fd: int, size_bytes: int) -> None:
    """Raise InvalidArgument if so much more leaves too little of the disk that `fd` is on."""
    space = os.fstatvfs(fd)
    if space.f_bavail * space.f_frsize < _LEAST_FREE_BYTES + size_bytes:
        raise InvalidArgument("build context: it does not fit on the disk")


class _Part(io.RawIOBase):
    """A part of a file, with a position of its own."""

    def __init__(self, fd: int, offset: int, size_bytes: int) -> None:
        self._fd = fd
        self._offset = offset
        self._left = size_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._fd, [memoryview(buffer)[: self._left]], self._offset)
        self._offset += count
        self._left -= count
        return count


def _stored_bytes(member: Member) -> int:
    return sum([segment.length for segment in member.segments])


def _send(out_fd: int, data: bytes) -> None:
    if data:
        write_all(out_fd, data)


def _components(path: str) -> list[str]:
    """Return the names of `path`, the last one first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]
