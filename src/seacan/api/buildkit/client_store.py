"""A directory of the client's that has a cache: blobs by their digests, read and written by calls.

    daemon                                client
      Content/Read DIGEST ─────────────▶  ◀── pieces of it
      Content/Write STAT ──────────────▶  ◀── how much of it is there; or that all of it is
                    WRITE, …, COMMIT ──▶  ◀── an answer to each

The client has checked out of its index.json which digest is meant, and writes there what it is
told at the end.

Source: containerd, plugins/services/content; moby/buildkit, session/content.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Final, TypeVar

import anyio
import msgspec

from seacan.api.body_file import file_of
from seacan.api.buildkit.blob_messages import (
    ReadBlobRequest,
    ReadBlobResponse,
    WriteAction,
    WriteBlobRequest,
    WriteBlobResponse,
)
from seacan.api.buildkit.progress import Step
from seacan.api.buildkit.sessions import Session
from seacan.build.caches.exported import Packed
from seacan.errors import Internal, InvalidArgument
from seacan.grpc.client import Outgoing
from seacan.grpc.status import CallFailed
from seacan.images import documents
from seacan.spec.image import Descriptor

_READ: Final = "/containerd.services.content.v1.Content/Read"
_WRITE: Final = "/containerd.services.content.v1.Content/Write"
_PIECE_BYTES: Final = 1 << 20

T = TypeVar("T")
Open = Callable[[str], BinaryIO]


class ClientStore(msgspec.Struct, frozen=True):
    """A CacheSource, and a CacheTarget. `digest`: of what is read; `open_blob`: what is written."""

    session: Session
    directory: str
    step: Step
    digest: str = ""
    open_blob: Open | None = None

    @property
    def name(self) -> str:
        return self.directory

    @property
    def _metadata(self) -> list[tuple[str, str]]:
        return [("buildkit-attachable-store-id", f"local:{self.directory}")]

    async def manifest(self, digest: str = "") -> bytes:
        wanted = digest or self.digest
        blob: Descriptor = {"mediaType": "", "digest": wanted, "size": documents.LIMIT_BYTES}
        data = await self.take(blob, lambda file: file.read(documents.LIMIT_BYTES + 1))
        if len(data) > documents.LIMIT_BYTES:
            raise InvalidArgument(f"manifest longer than {documents.LIMIT_BYTES} bytes")
        if documents.digest(data) != wanted:
            raise InvalidArgument(f"manifest verification failed for digest {wanted}")
        return data

    async def take(self, blob: Descriptor, use: Callable[[BinaryIO], T]) -> T:
        async with self.session.call(_READ, self._metadata) as call:
            await call.send(ReadBlobRequest(blob["digest"]))
            await call.end()

            async def receive() -> bytes:
                while (piece := await call.receive(ReadBlobResponse)) is not None:
                    if piece.data:
                        return piece.data
                await call.wait_status()
                return b""

            return await anyio.to_thread.run_sync(
                use, file_of(receive), limiter=anyio.CapacityLimiter(1)
            )

    async def put(self, cache: Packed) -> None:
        for blob in (*cache.layers, cache.config, cache.manifest):
            said = f"writing {'layer' if blob in cache.layers else 'document'} {blob['digest']}"
            self.step.say(said, 0, blob["size"])
            with suppress(_AlreadyThere):
                await self._write(blob, said)
            self.step.say(said, blob["size"], blob["size"], is_over=True)

    async def _write(self, blob: Descriptor, said: str) -> None:
        assert self.open_blob is not None
        size_bytes = blob["size"]
        whole = WriteBlobRequest(
            ref=f"seacan-{blob['digest']}", total=size_bytes, expected=blob["digest"]
        )
        async with self.session.call(_WRITE, self._metadata) as call:
            at = (await _told(call, whole)).offset
            with self.open_blob(blob["digest"]) as file:
                file.seek(at if 0 <= at <= size_bytes else 0)
                while data := await anyio.to_thread.run_sync(file.read, _PIECE_BYTES):
                    at = file.tell() - len(data)
                    piece = WriteBlobRequest(WriteAction.WRITE, whole.ref, offset=at, data=data)
                    await _told(call, piece)
                    self.step.say(said, file.tell(), size_bytes)
            commit = WriteBlobRequest(
                WriteAction.COMMIT, whole.ref, size_bytes, blob["digest"], size_bytes
            )
            await call.send(commit)
            await call.end()  # before the answer, with which the client is done with the call
            await _answer(call)


class _AlreadyThere(Exception):
    """The client has the blob."""


async def _told(call: Outgoing, message: WriteBlobRequest) -> WriteBlobResponse:
    """Return the client's answer to a piece. Raises CallFailed, ConnectionLost, _AlreadyThere."""
    await call.send(message)
    return await _answer(call)


async def _answer(call: Outgoing) -> WriteBlobResponse:
    answer = await call.receive(WriteBlobResponse)
    if answer is not None:
        return answer
    try:
        await call.wait_status()
    except CallFailed as err:
        if err.is_already_there:
            raise _AlreadyThere from None
        raise
    raise Internal("cache export: the client has ended a blob before its end")
