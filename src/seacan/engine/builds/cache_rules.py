"""How large and how old the cache of builds may become: rules, applied one after the other.

A rule is about what passes its filters: of that goes what was used longest ago, until the whole
cache takes up no more than the rule says. What the rules say are dockerd's, and so is what is
done without any. Source: BuildKit, docs/buildkitd.toml.md, "gcpolicy"; asked of dockerd 28.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import field

from seacan.engine.containers.filters import Filters


class Space(msgspec.Struct, frozen=True):
    """So many bytes, or so much of the disk."""

    bytes: int = 0
    percent: int = 0

    def on(self, disk_bytes: int) -> int:
        return self.bytes or disk_bytes * self.percent // 100

    def __bool__(self) -> bool:
        return bool(self.bytes or self.percent)


NO_SPACE: Final = Space()


class Limits(msgspec.Struct, frozen=True):
    """Of the whole cache; without any, size does not matter."""

    reserved: Space = NO_SPACE  # what is left to the cache in any case
    most_used: Space = NO_SPACE
    least_free: Space = NO_SPACE  # of the disk

    def __bool__(self) -> bool:
        return bool(self.reserved or self.most_used or self.least_free)

    def kept_bytes(self, total_bytes: int, disk: "Disk") -> int | None:
        """Return how much of `total_bytes` may stay; None if that is no matter of size."""
        if not self:
            return None
        kept = self.most_used.on(disk.size_bytes) if self.most_used else total_bytes
        if not (self.most_used or self.least_free):
            kept = 0
        if (lacking := self.least_free.on(disk.size_bytes) - disk.free_bytes) > 0:
            kept = min(kept, total_bytes - lacking)
        return max(kept, self.reserved.on(disk.size_bytes))


def limits_of(*, reserved_bytes: int, most_used_bytes: int, least_free_bytes: int) -> Limits:
    """Return limits of so many bytes; 0 is none."""
    return Limits(*(Space(each) for each in (reserved_bytes, most_used_bytes, least_free_bytes)))


class Rule(msgspec.Struct, frozen=True):
    """`all`: what an image has as well may go, too."""

    filters: Filters = field(default_factory=dict)
    all: bool = False
    limits: Limits = Limits()


class Disk(msgspec.Struct, frozen=True):
    size_bytes: int
    free_bytes: int


def disk_of(path: Path) -> Disk:
    space = os.statvfs(path)
    return Disk(space.f_blocks * space.f_frsize, space.f_bavail * space.f_frsize)


# dockerd's.
_DEFAULT_LIMITS: Final = Limits(Space(percent=10), Space(percent=80), Space(percent=20))
_EASILY_MADE: Final = {"type": ["source.local", "exec.cachemount"], "unused-for": ["48h"]}
_EASILY_MADE_LIMITS: Final = Limits(most_used=Space(bytes=512_000_000))
_OLD: Final = {"unused-for": ["1440h"]}


def default_rules(limits: Limits = _DEFAULT_LIMITS) -> Sequence[Rule]:
    """Return the rules that hold if no others are given."""
    limits = limits or _DEFAULT_LIMITS
    return (
        Rule(_EASILY_MADE, limits=_EASILY_MADE_LIMITS),
        Rule(_OLD, limits=limits),
        Rule(limits=limits),
        Rule(all=True, limits=limits),
    )
