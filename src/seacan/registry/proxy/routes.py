"""The routes of a cache: what is not here is fetched; nothing is pushed to it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread

from seacan import log
from seacan.http.messages import Answer
from seacan.registry import names
from seacan.registry.access import PULL
from seacan.registry.blobs import RepositoryBlobs
from seacan.registry.door import Call, Route
from seacan.registry.errors import Refused
from seacan.registry.listings import PAGE, Listings
from seacan.registry.manifests import Manifests
from seacan.registry.proxy.downloads import Downloads
from seacan.registry.proxy.manifests import CachedManifests
from seacan.registry.proxy.upstream import Missing, Unreachable, Upstream
from seacan.registry.routes import blobs, lists, manifests
from seacan.registry.routes.blobs import BlobRoutes

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class CacheRoutes:
    """They stand for those of the same resources and methods."""

    def __init__(
        self,
        upstream: Upstream,
        kept_blobs: RepositoryBlobs,
        kept_manifests: Manifests,
        cached: CachedManifests,
        downloads: Downloads,
        listings: Listings,
        limiter: CapacityLimiter,
    ) -> None:
        self._upstream = upstream
        self._blobs = kept_blobs
        self._manifests = kept_manifests
        self._cached = cached
        self._downloads = downloads
        self._listings = listings
        self._limiter = limiter
        self._blob_routes = BlobRoutes(kept_blobs)

    def routes(self) -> list[Route]:
        return [
            Route("blob", ("GET", "HEAD"), PULL, self._get_blob),
            Route("manifest", ("GET", "HEAD"), PULL, self._get_manifest),
            Route("tags", ("GET",), PULL, self._tags),
            Route("referrers", ("GET",), PULL, self._referrers),
        ]

    async def _get_manifest(self, call: Call) -> Answer:
        reference = names.check_reference(call.reference)
        entry = await self._cached.find(call.repository, reference)
        data = await to_thread.run_sync(self._manifests.read, entry)
        return manifests.answer(call, entry, data)

    async def _get_blob(self, call: Call) -> Answer:
        digest = names.check_digest(call.reference)
        try:
            return await self._blob(call, digest)
        except Missing as err:
            raise Refused("BLOB_UNKNOWN", str(err), detail=digest) from err

    async def _blob(self, call: Call, digest: str) -> Answer:
        def read_kept(start: int, end: int) -> AsyncGenerator[bytes, None]:
            return self._blob_routes.read(digest, start, end)

        kept = await self._kept_size(call.repository, digest)
        if kept is not None:
            return blobs.answer(call, digest, kept, read_kept)
        if call.request.method == "HEAD":
            size_bytes = await self._ask(self._upstream.blob_size, call.repository, digest)
            return blobs.answer(call, digest, size_bytes, read_kept)  # nothing is read of it
        download = self._downloads.get(call.repository, digest)
        return blobs.answer(call, digest, await download.size_bytes(), download.read)

    async def _kept_size(self, repository: str, digest: str) -> int | None:
        """Return the size of a blob that is here, or None. Raises Missing, Unreachable."""
        with suppress(Refused):
            return await to_thread.run_sync(self._blobs.size_bytes, repository, digest)
        if not await to_thread.run_sync(self._blobs.has, digest):
            return None
        # Another repository has it: is it there in this one too?
        size_bytes = await self._ask(self._upstream.blob_size, repository, digest)
        is_here = await to_thread.run_sync(
            self._blobs.mount, repository, digest, "", lambda source: True
        )
        return size_bytes if is_here else None

    async def _ask(self, what: Callable[[*Ts], T], *words: *Ts) -> T:
        """Ask the other registry, in a thread of those that may wait for it."""
        return await to_thread.run_sync(what, *words, limiter=self._limiter)

    async def _tags(self, call: Call) -> Answer:
        count = call.query.count("n", PAGE)
        wanted = (call.repository, call.query.text("last"), count)
        try:
            tags, has_more = await self._ask(self._upstream.tags, *wanted)
        except Unreachable as err:
            log.warn("list what was fetched before", error=str(err))
            tags, has_more = await to_thread.run_sync(self._listings.tags, *wanted)
        except Missing as err:
            raise Refused("NAME_UNKNOWN", str(err), detail=call.repository) from err
        return lists.tags_reply(call.repository, tags, has_more, count)

    async def _referrers(self, call: Call) -> Answer:
        subject = names.check_digest(call.reference)
        kind = call.query.text("artifactType")
        try:
            found = await self._ask(self._upstream.referrers, call.repository, subject)
        except Unreachable as err:
            log.warn("list what was fetched before", error=str(err))
            last = call.query.text("last")
            found, has_more = await to_thread.run_sync(
                self._listings.referrers, call.repository, subject, kind, last
            )
            return lists.referrers_reply(call.repository, subject, found, kind, has_more=has_more)
        found = [one for one in found if not kind or one.get("artifactType") == kind]
        return lists.referrers_reply(call.repository, subject, found, kind, has_more=False)
