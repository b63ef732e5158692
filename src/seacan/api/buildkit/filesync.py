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
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import quote_plus

import anyio
import msgspec
from msgspec import field

from seacan.api.buildkit import modes
from seacan.api.buildkit.messages import Packet, PacketType, Stat
from seacan.api.buildkit.sessions import Session
from seacan.build.contents import require_space
from seacan.build.context_tree import ContextTree
from seacan.build.kept_contexts import KeptContext, KeptFile
from seacan.errors import InvalidArgument
from seacan.grpc.client import Outgoing

_DIFF_COPY: Final = "/moby.filesync.v1.FileSync/DiffCopy"
_MOST_ENTRIES: Final = 2_000_000
_MOST_BYTES: Final = 1 << 50
_LONGEST_PATH: Final = 4096
_ASKED_AT_ONCE: Final = 64
_WRITTEN_BYTES: Final = 1 << 20  # together, in a thread
_WRITTEN_PIECES: Final = 1000
_SETTLED_NS: Final = 2 * 10**9  # what changed later may change within the same time of its own
_EMPTY: Final = hashlib.sha256().hexdigest()

Tell = Callable[[int], Awaitable[None]]


class Chosen(msgspec.Struct, frozen=True):
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


async def receive(
    session: Session,
    chosen: Chosen,
    tree: ContextTree,
    tell: Tell,
    kept: KeptContext | None = None,
) -> None:
    """Take in a directory; `tell` how many bytes came by then.

    Of what is `kept` of it, what has not changed is not asked for.

    Raises InvalidArgument if it is malformed, or too much; CallFailed, ConnectionLost.
    """
    async with session.call(_DIFF_COPY, chosen.metadata()) as call:
        await _Receiving(call, tree, tell, kept).run()


class _File(msgspec.Struct):
    """One whose content is coming."""

    stat: Stat
    offset: int
    came: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)


class _Receiving:
    def __init__(
        self, call: Outgoing, tree: ContextTree, tell: Tell, kept: KeptContext | None
    ) -> None:
        self._call = call
        self._tree = tree
        self._tell = tell
        self._kept = kept
        self._bytes = 0
        self._coming: dict[int, _File] = {}
        self._came: dict[int, _File] = {}  # to their ends, the last of it not written yet
        self._places: dict[int, tuple[int, str, int]] = {}  # offset, digest, size
        self._waiting: list[tuple[_File, bytes]] = []  # not written yet
        self._waiting_bytes = 0

    async def run(self) -> None:
        stats = await self._stats()
        wanted = self._wanted(stats)
        await self._contents(stats, wanted)
        await self._call.send(Packet(PacketType.FINISH))
        while (await self._packet()).type != PacketType.FINISH:
            pass
        await self._call.wait_status()
        await anyio.to_thread.run_sync(self._put_in, stats)
        if self._kept is not None:
            self._keep(self._kept, stats, wanted)

    def _wanted(self, stats: Sequence[Stat]) -> list[int]:
        """Return the files whose contents are to be asked for; note where the others are."""
        wanted = []
        for number, stat in enumerate(stats):
            if not modes.is_file(stat) or stat.link:
                continue
            found = self._kept and self._kept.find_file(stat.path, stat.size, stat.mtime_ns)
            if found:
                self._places[number] = (*found, stat.size)
            elif stat.size:
                wanted.append(number)
            else:
                self._places[number] = (0, _EMPTY, 0)
        return wanted

    def _keep(self, kept: KeptContext, stats: Sequence[Stat], wanted: Sequence[int]) -> None:
        """Let what came be found again, unless it may change once more and look the same."""
        settled_ns = time.time_ns() - _SETTLED_NS
        files, offsets = {}, {}
        for number, (_, digest, size) in self._places.items():
            stat = stats[number]
            if size and size == stat.size and stat.mtime_ns < settled_ns:
                files[stat.path] = KeptFile(size, stat.mtime_ns, digest)
        for number in wanted:
            offset, digest, _ = self._places[number]
            if stats[number].path in files:
                offsets[digest] = offset
        kept.add_files(files, offsets)

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
        size = sum(stats[number].size for number in wanted)
        offset = await anyio.to_thread.run_sync(self._reserve, size)
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
                del self._coming[packet.id]
                self._came[packet.id] = file
                await ask()
        await self._flush()

    def _reserve(self, size: int) -> int:
        """Return the offset at which so much may be written; blocks."""
        if self._kept is None:
            return self._tree.reserve(size)
        self._tree.use_contents(self._kept.contents)
        require_space(self._kept.contents.fileno(), size)
        return self._kept.reserve(size)

    async def _write(self, file: _File, data: bytes) -> None:
        self._waiting.append((file, data))
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _WRITTEN_BYTES or len(self._waiting) >= _WRITTEN_PIECES:
            await self._flush()

    async def _flush(self) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        came, self._came = self._came, {}
        await anyio.to_thread.run_sync(_write, self._tree, waiting)
        for number, file in came.items():
            self._places[number] = (file.offset, file.digest.hexdigest(), file.came)
        await self._tell(self._bytes)

    def _put_in(self, stats: Sequence[Stat]) -> None:
        for number, stat in enumerate(stats):
            if stat.link and modes.is_file(stat):
                self._tree.link(stat.path, stat.link)
            elif not stat.mode & (modes.SOCKET | modes.IRREGULAR):
                offset, digest, size = self._places.get(number, (0, "", 0))
                self._tree.add(modes.member(stat, size), offset, digest)


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
