"""The cache of builds, in BuildKit's words: what there is, and what of it is removed."""

from collections.abc import Sequence

from seacan.api import engine
from seacan.api.buildkit.messages import PruneRequest, Timestamp, UsageRecord
from seacan.api.engine_builds import Builds
from seacan.engine.builds import cache_filters as build_cache_filters
from seacan.engine.builds.cache import CacheEntry
from seacan.engine.builds.cache_rules import limits_of


async def records(disk: engine.Disk, filters: Sequence[str]) -> tuple[UsageRecord, ...]:
    """Return what there is, of what passes the filters."""
    usage = await disk.usage(images=False, containers=False, volumes=False, cache=True)
    passes = build_cache_filters.reading(filters)
    return tuple(_record(entry) for entry in usage.cache or () if passes(entry))


async def prune(disk: engine.Disk, builds: Builds, request: PruneRequest) -> list[UsageRecord]:
    """Remove what is asked for; return what it was. Raises InvalidArgument, Unsupported."""
    passes = build_cache_filters.reading(request.filters)
    wanted = {"unused-for": [f"{request.keep_duration}ns"]} if request.keep_duration else {}
    before = await records(disk, ())
    limits = limits_of(
        reserved_bytes=request.reserved_space,
        most_used_bytes=request.max_used_space,
        least_free_bytes=request.min_free_space,
    )
    pruned = await builds.prune(wanted, passes, all=request.is_all, limits=limits)
    removed = frozenset(pruned.ids)
    return [record for record in before if record.id in removed]


def _record(entry: CacheEntry) -> UsageRecord:
    return UsageRecord(
        id=entry.id,
        size=entry.size_bytes,
        created=_timestamp(entry.made_at),
        used=_timestamp(entry.used_at),
        uses=entry.uses,
        description=entry.description,
        type=entry.type,
        is_shared=entry.is_shared,
    )


def _timestamp(at_s: float) -> Timestamp:
    return Timestamp(int(at_s), int(at_s % 1 * 1e9))
