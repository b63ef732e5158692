"""A directory of the client's, received: first what there is, then the contents that are asked for.

    daemon                       client
      FileSync/DiffCopy ──────────▶   which directory, which paths of it
      ◀── STAT, STAT, … STAT(none)    a number each, in their order
      REQUEST 3, REQUEST 7, … ────▶
      ◀── DATA 3, DATA 7, … DATA(none) of each
      FINISH ─────────────────────▶ ◀── FINISH

What comes is taken for what it is: a name that leads out, a device, a link are the index's to
judge, as of any context, and a file that is longer than it was is cut off.

Source: tonistiigi/fsutil, send.go, receive.go; moby/buildkit, session/filesync.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus

import anyio

from seacan.api.buildkit.messages import Packet, PacketType, Stat
from seacan.api.buildkit.sessions import Session
from seacan.build.context_tree import ContextTree
from seacan.errors import InvalidArgument
from seacan.grpc.client import Outgoing
from seacan.images.sparse import Segment
from seacan.images.tar import Kind, Member

_DIFF_COPY: Final = "/moby.filesync.v1.FileSync/DiffCopy"
_MOST_ENTRIES: Final = 2_000_000
_MOST_BYTES: Final = 1 << 50
_LONGEST_PATH: Final = 4096
_ASKED_AT_ONCE: Final = 64
_WRITTEN_BYTES: Final = 1 << 20  # together, in a thread

# Of Go's fs.FileMode.
_DIRECTORY, _LINK, _DEVICE = 1 << 31, 1 << 27, 1 << 26
_PIPE, _SOCKET, _CHARACTER, _IRREGULAR = 1 << 25, 1 << 24, 1 << 21, 1 << 19
_SPECIAL: Final = ((1 << 23, 0o4000), (1 << 22, 0o2000), (1 << 20, 0o1000))
_CAPABILITY: Final = "security.capability"
_LATEST_NS: Final = (1 << 33) * 10**9  # as in an archive

Tell = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of a directory is wanted; `followed` paths with what their links lead to, if given."""

    name: str  # of the directory, as the client calls it
    excluded: Sequence[str] = ()
    followed: Sequence[str] = ()

    def metadata(self) -> list[tuple[str, str]]:
        return [
            *_lines("dir-name", [self.name]),
            *_lines("exclude-patterns", self.excluded),
            *_lines("followpaths", self.followed),
        ]


def _lines(name: str, values: Sequence[str]) -> list[tuple[str, str]]:
    if all(value.isascii() and value.isprintable() for value in values):
        return [(name, value) for value in values]
    encoded = [(name, quote_plus(value, errors="surrogateescape")) for value in values]
    return [*encoded, (f"{name}-encoded", "1")]


async def receive(session: Session, chosen: Chosen, tree: ContextTree, tell: Tell) -> None:
    """Take in a directory; `tell` how many bytes came by then.

    Raises InvalidArgument if it is malformed, or too much; CallFailed, ConnectionLost.
    """
    async with session.call(_DIFF_COPY, chosen.metadata()) as call:
        receiving = _Receiving(call, tree, tell)
        await receiving.run()


@dataclass(slots=True)
class _File:
    """One whose content is coming."""

    stat: Stat
    offset: int
    came: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)


class _Receiving:
    def __init__(self, call: Outgoing, tree: ContextTree, tell: Tell) -> None:
        self._call = call
        self._tree = tree
        self._tell = tell
        self._bytes = 0
        self._coming: dict[int, _File] = {}
        self._places: dict[int, tuple[int, str, int]] = {}  # offset, digest, size
        self._waiting: list[tuple[_File, bytes]] = []  # not written yet
        self._waiting_bytes = 0

    async def run(self) -> None:
        stats = await self._stats()
        files = [number for number, stat in enumerate(stats) if _has_content(stat)]
        wanted = [number for number in files if stats[number].size]
        empty = hashlib.sha256().hexdigest()
        self._places = dict.fromkeys(files, (0, empty, 0))
        await self._contents(stats, wanted)
        await self._call.send(Packet(PacketType.FINISH))
        while (await self._packet()).type != PacketType.FINISH:
            pass
        await self._call.wait_status()
        await anyio.to_thread.run_sync(self._put_in, stats)

    async def _stats(self) -> list[Stat]:
        stats: list[Stat] = []
        while True:
            packet = await self._packet()
            if packet.type != PacketType.STAT:
                raise InvalidArgument("build context: a packet came before its time")
            if packet.stat is None:
                return stats
            _check(packet.stat)
            stats.append(packet.stat)
            if len(stats) > _MOST_ENTRIES:
                raise InvalidArgument(f"build context: more than {_MOST_ENTRIES} files")

    async def _packet(self) -> Packet:
        packet = await self._call.receive(Packet)
        if packet is None:
            await self._call.wait_status()
            raise InvalidArgument("build context: the client stopped before the end")
        if packet.type == PacketType.ERROR:
            said = packet.data.decode(errors="replace")
            raise InvalidArgument(f"build context: error from the client: {said}")
        self._bytes += len(packet.data)
        return packet

    async def _contents(self, stats: Sequence[Stat], wanted: Sequence[int]) -> None:
        """Ask for contents, some at a time, and write them to where the tree has them."""
        offset = await anyio.to_thread.run_sync(
            self._tree.reserve, sum(stats[number].size for number in wanted)
        )
        waiting = iter(wanted)

        async def ask() -> None:
            nonlocal offset
            if (number := next(waiting, None)) is not None:
                self._coming[number] = _File(stats[number], offset)
                offset += stats[number].size
                await self._call.send(Packet(PacketType.REQUEST, id=number))

        for _ in range(_ASKED_AT_ONCE):
            await ask()
        while self._coming:
            packet = await self._packet()
            file = self._coming.get(packet.id)
            if packet.type != PacketType.DATA or file is None:
                raise InvalidArgument("build context: contents came that nobody asked for")
            if packet.data:
                await self._write(file, packet.data)
            else:
                await self._flush()
                del self._coming[packet.id]
                self._places[packet.id] = (file.offset, file.digest.hexdigest(), file.came)
                await ask()

    async def _write(self, file: _File, data: bytes) -> None:
        self._waiting.append((file, data))
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _WRITTEN_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if len(waiting) == 1 and len(waiting[0][1]) < 1 << 16:
            _write(self._tree, waiting)  # sooner than a thread has begun
        else:
            await anyio.to_thread.run_sync(_write, self._tree, waiting)
        await self._tell(self._bytes)

    def _put_in(self, stats: Sequence[Stat]) -> None:
        for number, stat in enumerate(stats):
            if stat.link and _has_mode(stat, 0):
                self._tree.link(stat.path, stat.link)
            elif not stat.mode & (_SOCKET | _IRREGULAR):
                offset, digest, size = self._places.get(number, (0, "", 0))
                self._tree.add(_member(stat, size), offset, digest)


def _write(tree: ContextTree, waiting: Sequence[tuple[_File, bytes]]) -> None:
    for file, data in waiting:
        data = data[: file.stat.size - file.came]
        file.digest.update(data)
        tree.write_at(file.offset + file.came, data)
        file.came += len(data)


def _check(stat: Stat) -> None:
    if not 0 <= stat.size < _MOST_BYTES:
        raise InvalidArgument(f"build context: {stat.path}: bad size")
    if len(stat.path) > _LONGEST_PATH or len(stat.link) > _LONGEST_PATH or "\0" in stat.path:
        raise InvalidArgument("build context: a path that is none")


def _has_content(stat: Stat) -> bool:
    return _has_mode(stat, 0) and not stat.link


def _has_mode(stat: Stat, kind: int) -> bool:
    mask = _DIRECTORY | _LINK | _DEVICE | _PIPE | _SOCKET | _CHARACTER | _IRREGULAR
    return stat.mode & mask == kind


def _member(stat: Stat, size_bytes: int) -> Member:
    mode = stat.mode & 0o777
    for bit, special in _SPECIAL:
        mode |= special if stat.mode & bit else 0
    mtime_ns = max(-_LATEST_NS, min(stat.mtime_ns, _LATEST_NS))
    kind = _kind(stat)
    member = Member(stat.path, kind, mode, 0, 0, mtime_ns)
    if kind is Kind.SYMBOLIC_LINK:
        return member._replace(link=stat.link)
    if kind is Kind.FILE:
        segments = (Segment(0, size_bytes),) if size_bytes else ()
        member = member._replace(size_bytes=size_bytes, segments=segments)
        if capability := stat.xattrs.get(_CAPABILITY):
            member = member._replace(xattrs={_CAPABILITY: capability})
    return member


def _kind(stat: Stat) -> Kind:
    if stat.mode & _DIRECTORY:
        return Kind.DIRECTORY
    if stat.mode & _LINK:
        return Kind.SYMBOLIC_LINK
    if stat.mode & _PIPE:
        return Kind.FIFO
    if stat.mode & _DEVICE:
        return Kind.CHARACTER_DEVICE if stat.mode & _CHARACTER else Kind.BLOCK_DEVICE
    return Kind.FILE


async def read_files(
    session: Session, name: str, paths: Sequence[str], tree: ContextTree, tell: Tell
) -> None:
    """Take in some files of a directory, those that it has."""
    await receive(session, Chosen(name, followed=paths), tree, tell)
