"""Manifests of the other registry: by digest for good, by tag as long as it says the same."""

from typing import Final

from anyio import CapacityLimiter, to_thread

from seacan import log
from seacan.registry import names
from seacan.registry.errors import Refused
from seacan.registry.manifests import Entry, Manifests
from seacan.registry.proxy.flights import Flights
from seacan.registry.proxy.upstream import Missing, Unreachable, Upstream
from seacan.registry.store import Store

# Nobody waits again for a registry that has just not answered, if there is something to serve.
_DOWN_S: Final = 10.0


class CachedManifests:
    """`tag_lifetime_s`: how long a tag is believed without asking again.

    `limiter`: of threads that wait for the other registry.
    """

    def __init__(
        self,
        store: Store,
        manifests: Manifests,
        upstream: Upstream,
        tag_lifetime_s: float,
        limiter: CapacityLimiter,
    ) -> None:
        self._store = store
        self._manifests = manifests
        self._upstream = upstream
        self._tag_lifetime_s = tag_lifetime_s
        self._limiter = limiter
        self._down_until = 0.0
        self._flights: Flights[tuple[str, str], Entry] = Flights()

    async def find(self, repository: str, reference: str) -> Entry:
        """Return a manifest that is here now. Raises Refused, Unreachable."""
        kept = await to_thread.run_sync(self._believed, repository, reference)
        if kept:
            return kept
        return await self._flights.fetch(
            (repository, reference),
            lambda: to_thread.run_sync(self._ask, repository, reference, limiter=self._limiter),
        )

    def _believed(self, repository: str, reference: str) -> Entry | None:
        """Return what is here, unless the other registry has to be asked."""
        kept = self._kept(repository, reference)
        if kept is None:
            return None
        self._manifests.touch(repository, kept)
        if names.is_digest(reference) or self._is_fresh(kept) or self._is_down():
            return kept
        return None

    def _ask(self, repository: str, reference: str) -> Entry:
        kept = self._kept(repository, reference)
        try:
            return self._renewed(repository, reference, kept)
        except Missing as err:
            if kept:  # the tag is gone there
                self._manifests.remove(repository, reference)
            raise Refused("MANIFEST_UNKNOWN", str(err), detail=reference) from err
        except Unreachable as err:
            if kept is None:
                raise
            log.warn("serve what was fetched before", error=str(err))
            self._down_until = self._store.clock() + _DOWN_S
            return kept

    def _kept(self, repository: str, reference: str) -> Entry | None:
        try:
            return self._manifests.find(repository, reference)
        except Refused:
            return None

    def _is_fresh(self, entry: Entry) -> bool:
        return self._store.clock() < entry.checked_at + self._tag_lifetime_s

    def _is_down(self) -> bool:
        return self._store.clock() < self._down_until

    def _renewed(self, repository: str, reference: str, kept: Entry | None) -> Entry:
        """Ask where a tag points to; fetch what is not here. Raises Missing, Unreachable."""
        is_digest = names.is_digest(reference)
        if kept and is_digest:  # it has come since it was looked for
            return kept
        if kept and self._upstream.tag_digest(repository, reference) == kept.digest:
            self._manifests.confirm_tag(repository, reference)
            return kept
        fetched = self._upstream.manifest(repository, reference)
        try:
            entry, _ = self._manifests.put(
                repository,
                fetched.data,
                fetched.media_type,
                tags=[] if is_digest else [reference],
                digest=reference if is_digest else fetched.digest,
                may_lack=True,
            )
        except Refused as err:
            raise Unreachable(f"manifest {reference} of the other registry: {err}") from err
        return entry
