"""Blobs on their way in: at once, in chunks, as a stream, or mounted from another repository.

Source: distribution-spec 1.1, "Pushing blobs", "Mounting a blob from another repository".
"""

import re
from collections.abc import Callable
from typing import Final

import anyio
from anyio import to_thread

from seacan.http.messages import Answer, HeaderLine, Reply
from seacan.registry import bodies, names
from seacan.registry.access import PULL, PUSH, Scope
from seacan.registry.blobs import RepositoryBlobs
from seacan.registry.door import Call, Route
from seacan.registry.errors import Refused
from seacan.registry.uploads import Uploads, range_of

# For a request that is writing. One that broke off ends when its last bytes are read.
_PATIENCE_S: Final = 5.0

_RANGE: Final = re.compile(r"(?:bytes[ =])?([0-9]{1,18})-([0-9]{1,18})(?:/.*)?")


class UploadRoutes:
    """`received` is told how many bytes came."""

    def __init__(
        self, uploads: Uploads, blobs: RepositoryBlobs, received: Callable[[int], None]
    ) -> None:
        self._uploads = uploads
        self._blobs = blobs
        self._received = received
        self._writing: dict[str, anyio.Event] = {}  # uploads whose bytes are coming, to the end

    def routes(self) -> list[Route]:
        return [
            Route("uploads", ("POST",), PUSH, self._start),
            Route("upload", ("GET",), PUSH, self._inspect),
            Route("upload", ("PATCH",), PUSH, self._append),
            Route("upload", ("PUT",), PUSH, self._finish),
            Route("upload", ("DELETE",), PUSH, self._cancel),
        ]

    async def _start(self, call: Call) -> Answer:
        if call.query.text("mount") and await self._mount(call):
            return _created(call.repository, call.query.text("mount"))
        digest = call.query.text("digest")
        if digest:
            names.check_digest(digest)
        algorithm = _algorithm(call, digest)
        upload_id = await to_thread.run_sync(self._uploads.start, call.repository, algorithm)
        if not digest:
            return self._accepted(call, upload_id, 0)
        try:
            await self._write(call, upload_id, 0)
        except BaseException:
            # Nobody knows this upload's name, to go on with it.
            self._uploads.drop(upload_id)
            raise
        await to_thread.run_sync(self._uploads.finish, call.repository, upload_id, digest)
        return _created(call.repository, digest)

    async def _mount(self, call: Call) -> bool:
        digest = names.check_digest(call.query.text("mount"))
        source = call.query.text("from")
        if source:
            names.check_repository(source)

        def may_pull(repository: str) -> bool:
            return call.access.may(Scope(repository, PULL))

        return await to_thread.run_sync(
            self._blobs.mount, call.repository, digest, source, may_pull
        )

    async def _inspect(self, call: Call) -> Answer:
        size_bytes = await self._size_bytes(call)
        return Reply(204, headers=_progress(call, call.reference, size_bytes))

    async def _append(self, call: Call) -> Answer:
        offset = await self._offset(call)
        end = await self._write(call, call.reference, offset)
        return self._accepted(call, call.reference, end)

    async def _finish(self, call: Call) -> Answer:
        digest = names.check_digest(call.query.text("digest"))
        if call.request.has_body:
            offset = await self._offset(call)
            await self._write(call, call.reference, offset)
        await to_thread.run_sync(self._uploads.finish, call.repository, call.reference, digest)
        return _created(call.repository, digest)

    async def _cancel(self, call: Call) -> Answer:
        await to_thread.run_sync(self._uploads.cancel, call.repository, call.reference)
        return Reply(204)

    async def _offset(self, call: Call) -> int:
        """Return where the body belongs: where it says, or at the end. Raises Refused, 416."""
        size_bytes = await self._size_bytes(call)
        given = call.request.headers.get("content-range")
        if given is None:
            return size_bytes
        match = _RANGE.fullmatch(given.strip())
        length = call.request.headers.get("content-length")
        if match is None or int(match[2]) < int(match[1]):
            raise Refused("BLOB_UPLOAD_INVALID", f"malformed Content-Range: {given[:100]!r}")
        if length is not None and int(length) != int(match[2]) - int(match[1]) + 1:
            raise Refused("SIZE_INVALID", "Content-Range and Content-Length do not agree")
        if int(match[1]) != size_bytes:
            raise Refused(
                "BLOB_UPLOAD_INVALID",
                f"the next byte is {size_bytes}, not {match[1]}",
                status=416,
                headers=_progress(call, call.reference, size_bytes),
            )
        return size_bytes

    async def _size_bytes(self, call: Call) -> int:
        """Return how many bytes came: who goes on from there finds no more of them a moment later.

        A client may know that its connection broke before all that it sent has been read here.
        """
        if ended := self._writing.get(call.reference):
            with anyio.move_on_after(_PATIENCE_S):
                await ended.wait()
        return await to_thread.run_sync(self._uploads.size_bytes, call.repository, call.reference)

    async def _write(self, call: Call, upload_id: str, offset: int) -> int:
        ended = self._writing[upload_id] = anyio.Event()
        try:
            async for piece in bodies.pieces(call.request):
                offset = await to_thread.run_sync(
                    self._uploads.append, call.repository, upload_id, offset, piece
                )
                self._received(len(piece))
        finally:
            ended.set()
            if self._writing.get(upload_id) is ended:
                del self._writing[upload_id]
        return offset

    def _accepted(self, call: Call, upload_id: str, size_bytes: int) -> Reply:
        return Reply(202, headers=_progress(call, upload_id, size_bytes))


def _algorithm(call: Call, digest: str) -> str:
    if digest:
        return names.algorithm_of(digest)
    wanted = call.query.text("digest-algorithm") or names.ALGORITHMS[0]
    if wanted not in names.ALGORITHMS:
        raise Refused("DIGEST_INVALID", f"digests of {wanted[:100]!r} are not supported")
    return wanted


def _progress(call: Call, upload_id: str, size_bytes: int) -> list[HeaderLine]:
    return [
        ("Location", f"/v2/{call.repository}/blobs/uploads/{upload_id}"),
        ("Range", range_of(size_bytes)),
        ("Docker-Upload-UUID", upload_id),
    ]


def _created(repository: str, digest: str) -> Reply:
    headers = [
        ("Location", f"/v2/{repository}/blobs/{digest}"),
        ("Docker-Content-Digest", digest),
    ]
    return Reply(201, headers=headers)
