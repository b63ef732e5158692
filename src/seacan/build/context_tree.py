"""A build's context: what was sent as an archive, kept as one file of contents and an index.

    tar, compressed or not ──▸ contents: the archive as it is, in a file that has no name
                     └───────▸ path → member, where its content is, its digest

Nothing of it is ever made as a file of the host until a step copies it, so no link in it leads
anywhere, no device of it is there to be opened, and nothing is left when the daemon is killed.
"""

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from copy import copy
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final, Self

import anyio

from seacan.build import known_contexts
from seacan.build.contents import Contents, Spool
from seacan.build.context_index import PATH_LIMIT_BYTES, TOP, ContextEntry, ContextIndex
from seacan.build.known_contexts import KnownContexts
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
_COPIED: Final = frozenset({Kind.FILE, Kind.DIRECTORY, Kind.SYMBOLIC_LINK})


class ContextTree(ContextIndex):
    """To be closed. Its methods may be called from any thread once it is received."""

    def __init__(self, directory: Path) -> None:
        """`directory` is where the contents are kept; none of its names is used."""
        super().__init__()
        self._contents = Contents.new(directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._contents.close()
        self._clear()  # an error may keep this object for long, by its traceback

    # -- received ---------------------------------------------------------------------------------

    def receive(self, stream: BinaryIO) -> None:
        """Take in an archive, to the end of its stream.

        Raises InvalidArgument if it is malformed, or too much.
        """
        archive = Decompressed(stream)
        self._receive(Spool(buffered(archive), self._contents))
        _drain(stream)

    def receive_known(self, stream: BinaryIO, known: KnownContexts) -> None:
        """As receive(), but what an archive has that came lately is not read again.

        The tree has nothing yet.
        """
        archive = Decompressed(stream)
        spool = Spool(buffered(archive), self._contents)
        # Of a compressed one, what comes after its end is not looked at: it may be anything.
        digest = "" if archive.compression else spool.read_ahead(known_contexts.LIMIT_BYTES)
        before = known.find(digest) if digest else None
        if before is not None:
            self._begin_as(before)
            return
        self._receive(spool)
        if digest:
            known.keep(digest, self._known())
        else:
            _drain(stream)

    def _receive(self, spool: Spool) -> None:
        self._change()
        archive = buffered(spool)
        reader = TarReader(archive)
        for member in reader:
            path = inside(member.name)
            if not path:
                continue
            self._add(path, self._entry(member, reader, archive))

    def use_contents(self, file: FileIO) -> None:
        """Have the contents in a file that is kept, and stays the caller's to close."""
        self._contents.close()
        self._contents = Contents(os.fdopen(os.dup(file.fileno()), "r+b", buffering=0))

    def reserve(self, size_bytes: int) -> int:
        """Return the offset at which so much may be written. Raises InvalidArgument for space."""
        return self._contents.reserve(size_bytes)

    def write_at(self, offset: int, data: bytes) -> None:
        """Write to what was reserved."""
        self._contents.write_at(offset, data)

    def add(self, member: Member, offset: int, digest: str) -> None:
        """Put in what is called as `member` is; a file's content is there already.

        Raises InvalidArgument for a name that leads out of the context, or too many.
        """
        if path := inside(member.name):
            self._change()
            self._add(path, ContextEntry(member, offset, digest))

    def link(self, path: str, target: str) -> None:
        """Let a path be the same file as another. Raises InvalidArgument if there is none."""
        entry = self._entries.get(inside(target))
        if entry is None or entry.member.kind is not Kind.FILE:
            raise InvalidArgument(f"build context: {path!r} is a link to nothing")
        if path := inside(path):
            self._change()
            self._add(path, entry)

    def add_file(self, path: str, content: BinaryIO, *, mtime_ns: int = 0) -> None:
        """Put a file in, in place of one that is there."""
        self._change()
        offset, digest = self._contents.size_bytes, hashlib.sha256()
        while data := content.read(_CHUNK_BYTES):
            digest.update(data)
            self._contents.append(data)
        size_bytes = self._contents.size_bytes - offset
        segments = (Segment(0, size_bytes),) if size_bytes else ()
        member = Member(path, Kind.FILE, 0o644, 0, 0, mtime_ns, size_bytes, segments=segments)
        self._add(path, ContextEntry(member, offset, digest.hexdigest()))

    def add_directory(self, path: str, *, mtime_ns: int = 0) -> None:
        self._change()
        self._add(path, ContextEntry(Member(path, Kind.DIRECTORY, 0o755, 0, 0, mtime_ns)))

    def split(self, path: str) -> "ContextTree":
        """Return a directory as a context of its own, which this one has no more; to be closed.

        Raises InvalidArgument if there is none.
        """
        if path not in self._names or not path:
            raise InvalidArgument(f"build context: there is no directory {path}")
        part = copy(self)
        self._change()
        part._contents = self._contents.again()
        part._change()
        below = f"{path}/"
        inner = [name for name in self._entries if name.startswith(below)]
        part._entries = {name.removeprefix(below): self._entries.pop(name) for name in inner}
        part._entries[""] = TOP
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
                self._entries, part._entries = part._entries, self._entries
                self._names, part._names = part._names, self._names
                self._change()

    def _entry(self, member: Member, reader: TarReader, archive: BinaryIO) -> ContextEntry:
        match member.kind:
            case Kind.FILE:
                return _file(member, reader, archive.tell())
            case Kind.HARD_LINK:
                source = self._entries.get(inside(member.link))
                if source is None:
                    raise InvalidArgument(
                        f"malformed tar archive: {member.name!r} is a link to nothing"
                    )
                return source
        if len(os.fsencode(member.link)) > PATH_LIMIT_BYTES:
            raise InvalidArgument(f"build context: {member.name!r:.200}: a link to too long a name")
        return ContextEntry(member)

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
        return os.pread(self._contents.fd, entry.member.size_bytes, entry.offset)

    def open_content(self, entry: ContextEntry) -> BinaryIO:
        """Return the content of a file as a file for one reader."""
        return self._contents.open_part(entry.offset, _stored_bytes(entry.member))

    @property
    def contents_fd(self) -> int:
        return self._contents.fd

    def list_members(self, chosen: Iterable[Chosen[ContextEntry]]) -> Iterator[tuple[Member, int]]:
        """Yield what was chosen, as root's, with the offsets in `contents_fd`.

        Raises InvalidArgument for what cannot be copied.
        """
        return ((_copied(one), one.entry.offset) for one in chosen)

    def write_members(self, chosen: Iterable[Chosen[ContextEntry]], out_fd: int) -> None:
        """Write what was chosen to a pipe, as root's. Raises BrokenPipeError, InvalidArgument."""
        for one in chosen:
            member = _copied(one)
            _send(out_fd, tar_writer.head(member))
            left, offset = _stored_bytes(member), one.entry.offset
            while left:
                count = os.sendfile(out_fd, self._contents.fd, offset, left)
                left -= count
                offset += count
            _send(out_fd, tar_writer.padding(_stored_bytes(member)))


@asynccontextmanager
async def opened(make: Callable[[], ContextTree]) -> AsyncIterator[ContextTree]:
    """Yield what `make` returns, which is made and closed in a thread: it may have become large."""
    tree = await anyio.to_thread.run_sync(make)
    try:
        yield tree
    finally:
        await let_go(tree)


async def let_go(tree: ContextTree) -> None:
    """Close it in a thread, in any case."""
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(tree.close)


def _copied(one: Chosen[ContextEntry]) -> Member:
    member = one.entry.member._replace(name=one.name, uid=0, gid=0)
    if member.kind not in _COPIED:
        raise InvalidArgument(f"cannot copy {one.name}: it is no file, directory or link")
    return member


def _file(member: Member, reader: TarReader, offset: int) -> ContextEntry:
    """Return a file whose content is what comes next, and was written at `offset`."""
    digest = hashlib.sha256()
    if member.size_bytes != _stored_bytes(member):
        digest.update(repr(member.segments).encode())
    while data := reader.read(_CHUNK_BYTES):
        digest.update(data)
    return ContextEntry(member, offset, digest.hexdigest())


def _drain(stream: BinaryIO) -> None:
    while stream.read(_CHUNK_BYTES):
        pass  # what follows an archive is no part of it


def _stored_bytes(member: Member) -> int:
    return sum([segment.length for segment in member.segments])


def _send(out_fd: int, data: bytes) -> None:
    if data:
        write_all(out_fd, data)
