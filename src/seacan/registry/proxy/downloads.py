"""Blobs of the other registry, served while they come, and kept once they are whole.

    somebody asks ─▶ one download for all who do ─▶ a file that grows ─▶ a blob
                          each of them reads the file as far as it goes

A download goes on when those who asked have gone. Its last byte is given away when all are known to
be right: nobody gets the whole of a blob that has another digest, and it is not kept.
"""

from collections.abc import AsyncGenerator, Callable
from typing import BinaryIO, Final

import anyio
import anyio.from_thread
from anyio import CapacityLimiter, to_thread
from anyio.abc import TaskGroup

from seacan import log
from seacan.registry.errors import FAILURES
from seacan.registry.names import algorithm_of
from seacan.registry.proxy.upstream import Arriving, Unreachable, Upstream
from seacan.registry.uploads import Uploads

_PIECE_BYTES: Final = 1 << 20


class Download:
    """A blob on its way in."""

    def __init__(self) -> None:
        self._open_file: Callable[[], BinaryIO] | None = None
        self._size_bytes = 0
        self._readable = 0
        self._failure: Exception | None = None
        self._news = anyio.Event()

    async def size_bytes(self) -> int:
        """Return the size, once it is known. Raises what went wrong before."""
        while self._open_file is None:
            await self._wait_news()
        return self._size_bytes

    async def read(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield a part as it comes. Raises what goes wrong."""
        assert self._open_file is not None  # whoever reads knows the size
        with await to_thread.run_sync(self._open_file) as file:
            file.seek(start)
            while start < end:
                while self._readable <= start:
                    await self._wait_news()
                size = min(_PIECE_BYTES, end - start, self._readable - start)
                piece = await to_thread.run_sync(file.read, size)
                start += len(piece)
                yield piece

    async def _wait_news(self) -> None:
        if self._failure is not None:
            raise self._failure
        await self._news.wait()

    def begin(self, size_bytes: int, open_file: Callable[[], BinaryIO]) -> None:
        self._size_bytes = size_bytes
        self._open_file = open_file
        self._tell()

    def advance(self, readable: int) -> None:
        self._readable = readable
        self._tell()

    def fail(self, failure: Exception) -> None:
        self._failure = failure
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = anyio.Event()


class Downloads:
    """Those under way, each a task of `tasks` and a thread of `limiter`.

    `fetched` is told how many bytes came.
    """

    def __init__(
        self,
        uploads: Uploads,
        upstream: Upstream,
        tasks: TaskGroup,
        limiter: CapacityLimiter,
        fetched: Callable[[int], None],
    ) -> None:
        self._uploads = uploads
        self._upstream = upstream
        self._tasks = tasks
        self._limiter = limiter
        self._fetched = fetched
        self._under_way: dict[tuple[str, str], Download] = {}

    def get(self, repository: str, digest: str) -> Download:
        """Return the download of a blob, begun if there is none."""
        key = (repository, digest)
        if key not in self._under_way:
            self._under_way[key] = Download()
            self._tasks.start_soon(self._run, repository, digest, self._under_way[key])
        return self._under_way[key]

    async def _run(self, repository: str, digest: str, download: Download) -> None:
        try:
            await to_thread.run_sync(
                self._fetch, repository, digest, download, limiter=self._limiter
            )
        except FAILURES as err:
            log.warn("fetch a blob", digest=digest, error=str(err))
            download.fail(err)
        finally:
            del self._under_way[repository, digest]

    def _fetch(self, repository: str, digest: str, download: Download) -> None:
        """Fetch and keep a blob; the loop is told how far it has come."""
        upload_id = self._uploads.start(repository, algorithm_of(digest))
        try:
            with self._upstream.blob(repository, digest) as arriving:
                anyio.from_thread.run_sync(
                    download.begin,
                    arriving.size_bytes,
                    lambda: self._uploads.open(upload_id, digest),
                )
                self._take(repository, upload_id, arriving, download)
            self._uploads.finish(repository, upload_id, digest)
        except BaseException:
            self._uploads.drop(upload_id)
            raise
        anyio.from_thread.run_sync(download.advance, arriving.size_bytes)

    def _take(
        self, repository: str, upload_id: str, arriving: Arriving, download: Download
    ) -> None:
        offset = 0
        for piece in arriving.pieces:
            offset = self._uploads.append(repository, upload_id, offset, piece)
            self._fetched(len(piece))
            anyio.from_thread.run_sync(download.advance, min(offset, arriving.size_bytes - 1))
            anyio.from_thread.check_cancelled()
            if offset > arriving.size_bytes:
                raise Unreachable("the blob is longer than it was said to be")
        if offset != arriving.size_bytes:
            raise Unreachable("the blob was cut short")
