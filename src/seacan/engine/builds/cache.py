"""The cache of builds: what it takes up, and what of it is removed.

Results of steps are rows of the image store; the directories of RUN --mount=type=cache and contents
of contexts are files of their own. None is anybody's: whatever goes is made, or sent, again by the
next build.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import field
from msgspec.structs import replace

from seacan.build.kept_contexts import KeptRecord
from seacan.engine.builds.cache_rules import Limits, Rule, disk_of
from seacan.engine.containers.filters import Filters
from seacan.engine.containers.prune import moment_ns
from seacan.engine.context import Context
from seacan.engine.tree_size import tree_bytes
from seacan.errors import InvalidArgument
from seacan.images.trees import remove_tree

_FILTERS: Final = frozenset(
    {"description", "id", "inuse", "label", "parent", "private", "shared", "type", "unused-for",
     "until"}
)  # fmt: skip
_AGES: Final = ("until", "unused-for")


class CacheEntry(msgspec.Struct, frozen=True):
    """Times are seconds since 1970."""

    id: str
    type: Literal["regular", "exec.cachemount", "source.local"]
    description: str
    is_shared: bool  # an image has its layer, too
    size_bytes: int
    made_at: float
    used_at: float
    uses: int


class PrunedCache(msgspec.Struct):
    ids: list[str] = field(default_factory=list)
    reclaimed_bytes: int = 0


def entries(context: Context) -> list[CacheEntry]:
    """Return what there is, what was used longest ago first; blocks."""
    of_images = {
        layer
        for image in context.images.list()
        for one in image.of_all_platforms
        for layer in one.layers
    }
    found = [
        CacheEntry(
            id=record.key,
            type="regular",
            description=record.description,
            is_shared=record.layer is not None and record.layer in of_images,
            size_bytes=record.size_bytes,
            made_at=record.made_at,
            used_at=record.used_at,
            uses=record.uses,
        )
        for record in context.images.building.records()
    ]
    found += [_mount(path) for path in context.data_root.build_caches.iterdir()]
    found += [_kept(record) for record in context.kept_contexts.records()]
    return sorted(found, key=lambda entry: (entry.used_at, entry.id))


def _mount(path: Path) -> CacheEntry:
    status, description = path.stat(), path / "description"
    return CacheEntry(
        id=path.name,
        type="exec.cachemount",
        description=description.read_text() if description.exists() else "",
        is_shared=False,
        size_bytes=tree_bytes(path / "data"),
        made_at=status.st_ctime,
        used_at=status.st_mtime,
        uses=0,
    )


def _kept(record: KeptRecord) -> CacheEntry:
    return CacheEntry(
        id=record.name,
        type="source.local",
        description="contents of a build context",
        is_shared=False,
        size_bytes=record.size_bytes,
        made_at=record.made_at,
        used_at=record.used_at,
        uses=0,
    )


def check_filters(wanted: Filters) -> None:
    """Raise InvalidArgument for a filter that there is not, or a value that is none."""
    for name, values in wanted.items():
        if name not in _FILTERS:
            raise InvalidArgument(f"invalid filter '{name}'")
        if name in _AGES:
            if len(values) != 1:
                raise InvalidArgument("filters expect only one value for until")
            moment_ns(values[0], 0)


def matching(found: Sequence[CacheEntry], wanted: Filters, *, now_ns: int = 0) -> list[CacheEntry]:
    """Return what passes every filter. Raises InvalidArgument."""
    check_filters(wanted)
    return [entry for entry in found if _passes(entry, wanted, now_ns or time.time_ns())]


def choose(
    found: Sequence[CacheEntry],
    wanted: Filters,
    passes: Callable[[CacheEntry], bool] = lambda entry: True,
    *,
    all: bool,
    kept_bytes: int | None,
    now_ns: int,
) -> list[CacheEntry]:
    """Return what is to go: what passes every filter, down to `kept_bytes` of all that is found.

    None is no limit. Without `all`, what an image has as well stays. Raises InvalidArgument.
    """
    passing = matching(found, wanted, now_ns=now_ns)
    is_wanted = [entry for entry in passing if passes(entry) and (all or not entry.is_shared)]
    total = total_bytes(found)
    chosen = []
    for entry in is_wanted:
        if kept_bytes is not None and total <= kept_bytes:
            break
        total -= 0 if entry.is_shared else entry.size_bytes
        chosen.append(entry)
    return chosen


def _passes(entry: CacheEntry, wanted: Filters, now_ns: int) -> bool:
    for name, values in wanted.items():
        match name:
            case "until" | "unused-for":
                if entry.used_at > moment_ns(values[0], now_ns) / 10**9:
                    return False
            case "id":
                if not any(entry.id.startswith(value) for value in values):
                    return False
            case "type":
                if entry.type not in values:
                    return False
            case "description":
                if entry.description not in values:
                    return False
            case "shared":
                if not entry.is_shared:
                    return False
            case "private":
                if entry.is_shared:
                    return False
            case _:
                return False  # no entry has any of these: inuse, label, parent
    return True


def prune(
    context: Context,
    wanted: Filters,
    passes: Callable[[CacheEntry], bool],
    *,
    all: bool,
    limits: Limits,
) -> PrunedCache:
    """Remove what is chosen; blocks. What a running command has mounted is emptied below it."""
    found = entries(context)
    kept_bytes = limits.kept_bytes(total_bytes(found), disk_of(context.data_root.path))
    chosen = choose(found, wanted, passes, all=all, kept_bytes=kept_bytes, now_ns=time.time_ns())
    return _remove(context, chosen)


def apply(context: Context, rules: Sequence[Rule]) -> PrunedCache:
    """Remove what is to go by each of the rules; blocks."""
    gone: list[CacheEntry] = []
    left = entries(context) if rules else []
    for rule in rules:
        disk = disk_of(context.data_root.path)
        disk = replace(disk, free_bytes=disk.free_bytes + total_bytes(gone))
        chosen = choose(
            left,
            rule.filters,
            all=rule.all,
            kept_bytes=rule.limits.kept_bytes(total_bytes(left), disk),
            now_ns=time.time_ns(),
        )
        gone += chosen
        ids = {entry.id for entry in chosen}
        left = [entry for entry in left if entry.id not in ids]
    return _remove(context, gone) if gone else PrunedCache()


def total_bytes(found: Sequence[CacheEntry]) -> int:
    """Return what the cache alone takes up: not what images have as well."""
    return sum(entry.size_bytes for entry in found if not entry.is_shared)


def _remove(context: Context, chosen: Sequence[CacheEntry]) -> PrunedCache:
    before = context.images.layers_size_bytes(with_cache=True)
    files = [entry for entry in chosen if entry.type != "regular"]
    for entry in files:
        if entry.type == "source.local":
            context.kept_contexts.remove(entry.id)
        else:
            remove_tree(context.data_root.build_caches / entry.id)
    context.images.building.forget([entry.id for entry in chosen if entry.type == "regular"])
    reclaimed = before - context.images.layers_size_bytes(with_cache=True)
    reclaimed += sum(entry.size_bytes for entry in files)
    return PrunedCache([entry.id for entry in chosen], max(reclaimed, 0))
