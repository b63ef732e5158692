"""Files of a result, sent to the client: as one archive, or one by one into a directory of its own.

    daemon                          client
      FileSend/DiffCopy ─────────────▶   for which of its exporters
      STAT, STAT, … STAT(none) ──────▶ ◀── REQUEST 3, … what it wants the contents of
      DATA 3, …, DATA 3 (none) ──────▶
      FINISH ────────────────────────▶ ◀── FINISH, when it has all

Source: tonistiigi/fsutil, send.go; moby/buildkit, session/filesync.
"""

from collections.abc import AsyncIterator
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from seacan.api.buildkit import modes
from seacan.api.buildkit.messages import BytesMessage, Packet, PacketType
from seacan.api.buildkit.progress import Step
from seacan.api.buildkit.sessions import Session
from seacan.build.context_index import TOP, ContextEntry
from seacan.build.context_tree import ContextTree
from seacan.build.groups import unwrapped
from seacan.errors import InvalidArgument
from seacan.grpc.client import Metadata, Outgoing
from seacan.images.tar import Kind

_DIFF_COPY: Final = "/moby.filesync.v1.FileSend/DiffCopy"
_PIECE_BYTES: Final = 32 << 10
_READ_BYTES: Final = 1 << 20
_MOST_WAITING: Final = 1000


def _metadata(exporter: int) -> Metadata:
    return [("buildkit-attachable-exporter-id", str(exporter))]


async def send_archive(
    session: Session, exporter: int, pieces: AsyncIterator[bytes], step: Step
) -> None:
    """Send an archive as it comes. Raises CallFailed, ConnectionLost."""
    sent = 0
    async with session.call(_DIFF_COPY, _metadata(exporter)) as call:
        async for piece in pieces:
            for at in range(0, len(piece), _READ_BYTES):
                await call.send(BytesMessage(piece[at : at + _READ_BYTES]))
            sent += len(piece)
            step.say("sending tarball", sent)
        await call.end()
        await call.wait_status()


async def send_files(
    session: Session, exporter: int, tree: ContextTree, step: Step, inside: str = ""
) -> None:
    """Send all that a tree has, `inside` a directory if that has a name.

    Raises CallFailed, ConnectionLost, InvalidArgument.
    """
    async with session.call(_DIFF_COPY, _metadata(exporter)) as call:
        await _Sending(call, tree, step, inside).run()


class _Sending:
    def __init__(self, call: Outgoing, tree: ContextTree, step: Step, inside: str) -> None:
        self._call = call
        self._tree = tree
        self._step = step
        self._sent = 0
        self._entries = [*tree.below("")]
        if inside:
            below = [(f"{inside}/{path}", entry) for path, entry in self._entries]
            self._entries = [(inside, TOP), *below]

    async def run(self) -> None:
        send, wanted = anyio.create_memory_object_stream[int](_MOST_WAITING)
        turn = anyio.Lock()  # a message is sent whole
        with unwrapped():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._tell, turn)
                tasks.start_soon(self._serve, wanted, turn)
                with send:
                    async for number in self._requests():
                        await send.send(number)
        await self._call.send(Packet(PacketType.FINISH))
        await self._call.end()
        await self._call.wait_status()

    async def _tell(self, turn: anyio.Lock) -> None:
        for path, entry in self._entries:
            async with turn:
                await self._call.send(Packet(PacketType.STAT, modes.stat(path, entry.member)))
        async with turn:
            await self._call.send(Packet(PacketType.STAT))

    async def _requests(self) -> AsyncIterator[int]:
        """Yield the numbers of the files that the client wants, until it has all."""
        while True:
            packet = await self._call.receive(Packet)
            if packet is None:
                await self._call.wait_status()
                raise InvalidArgument("output: the client stopped before the end")
            match packet.type:
                case PacketType.REQUEST if packet.id < len(self._entries):
                    yield packet.id
                case PacketType.FINISH:
                    return
                case PacketType.ERROR:
                    said = packet.data.decode(errors="replace")
                    raise InvalidArgument(f"output: error from the client: {said}")
                case _:
                    raise InvalidArgument("output: the client sent what nobody asked for")

    async def _serve(self, wanted: MemoryObjectReceiveStream[int], turn: anyio.Lock) -> None:
        with wanted:
            async for number in wanted:
                await self._content(number, self._entries[number][1], turn)

    async def _content(self, number: int, entry: ContextEntry, turn: anyio.Lock) -> None:
        if entry.member.kind is Kind.FILE:
            content = self._tree.open_content(entry)
            while data := await anyio.to_thread.run_sync(content.read, _READ_BYTES):
                for at in range(0, len(data), _PIECE_BYTES):
                    async with turn:
                        piece = data[at : at + _PIECE_BYTES]
                        await self._call.send(Packet(PacketType.DATA, id=number, data=piece))
                self._sent += len(data)
                self._step.say("copying files", self._sent)
        async with turn:
            await self._call.send(Packet(PacketType.DATA, id=number))
