"""What of the cache of builds goes: by filters, and by the rules of its size and age."""

from collections.abc import Mapping, Sequence
from typing import Literal

import pytest

from seacan.engine.builds.cache import CacheEntry, choose
from seacan.engine.builds.cache_rules import Disk, Limits, Space

HOUR_NS = 3600 * 10**9
NOW_NS = 1000 * HOUR_NS
DISK = Disk(size_bytes=1000, free_bytes=300)


def entry(
    name: str,
    age_h: float,
    size_bytes: int = 10,
    *,
    is_shared: bool = False,
    type: Literal["regular", "exec.cachemount", "source.local"] = "regular",
) -> CacheEntry:
    used_at = (NOW_NS - age_h * HOUR_NS) / 1e9
    return CacheEntry(name, type, f"RUN {name}", is_shared, size_bytes, used_at, used_at, 1)


ENTRIES = [
    entry("old", 100),
    entry("shared", 50, is_shared=True),
    entry("sent", 40, type="source.local"),
    entry("mount", 30, type="exec.cachemount"),
    entry("new", 1),
]


@pytest.mark.parametrize(
    ("wanted", "all_", "kept", "names"),
    [
        ({}, False, None, "old sent mount new"),
        ({}, True, None, "old shared sent mount new"),
        ({}, False, 20, "old sent"),
        ({}, False, 0, "old sent mount new"),
        ({}, False, 40, ""),
        ({"unused-for": ["35h"]}, False, None, "old sent"),
        ({"type": ["source.local", "exec.cachemount"]}, False, None, "sent mount"),
        ({"type": ["exec.cachemount"]}, False, 35, "mount"),
        ({"id": ["ol"], "description": ["RUN old"]}, False, None, "old"),
        ({"description": ["RUN"]}, False, None, ""),
        ({"shared": ["1"]}, True, None, "shared"),
        ({"inuse": ["1"]}, True, None, ""),
    ],
)
def test_choose(
    wanted: Mapping[str, Sequence[str]], all_: bool, kept: int | None, names: str
) -> None:
    chosen = choose(ENTRIES, wanted, all=all_, kept_bytes=kept, now_ns=NOW_NS)
    assert " ".join(one.id for one in chosen) == names


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (Limits(), None),
        (Limits(reserved=Space(20)), 20),
        (Limits(reserved=Space(percent=10)), 100),
        (Limits(most_used=Space(30)), 30),
        (Limits(reserved=Space(20), most_used=Space(30)), 30),
        (Limits(reserved=Space(40), most_used=Space(30)), 40),
        # 300 of 1000 are free: so much has to go as is lacking, down to what is reserved.
        (Limits(least_free=Space(200)), 50),
        (Limits(least_free=Space(percent=31)), 40),
        (Limits(reserved=Space(45), least_free=Space(310)), 45),
        (Limits(most_used=Space(10), least_free=Space(310)), 10),
        (Limits(least_free=Space(900)), 0),
    ],
)
def test_how_much_stays(limits: Limits, kept: int | None) -> None:
    assert limits.kept_bytes(50, DISK) == kept
