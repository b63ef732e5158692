"""Which files have changed: found by looking at them again and again.

That sees every file system, those of other machines and of virtual ones too, and has no limit of
watches that could be reached. A look takes at most a part of the time; the next one is the later,
the longer it took.
"""

from __future__ import annotations

import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from seacan.compose.watch_rules import Rule

    Look = dict[str, tuple[int, ...]]  # path → what a change of it changes

LOOK_AGAIN_S = 0.1
_PART_OF_TIME = 0.05
_BATCH_S = 2.0  # of files that change all the time, too, something comes


def look(rules: Sequence[Rule]) -> Look:
    """Return all that `rules` are about as it is now: files, links, and that directories exist."""
    found: Look = {}
    for path in sorted({rule.path for rule in rules}):
        own = [rule for rule in rules if rule.path == path]
        _see(path, own, found)
    return found


def _see(path: str, rules: Sequence[Rule], found: Look) -> None:
    try:
        status = os.lstat(path)
        if stat.S_ISDIR(status.st_mode):
            interested = [rule for rule in rules if not rule.passes_over(path)]
            if interested:
                found[path] = (status.st_mode,)
                _see_directory(path, interested, found)
        elif any(rule.matches(path) for rule in rules):
            changing = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
            found[path] = changing
    except OSError:  # it went meanwhile, or cannot be read: then it is not there
        return


def _see_directory(path: str, rules: Sequence[Rule], found: Look) -> None:
    with os.scandir(path) as entries:
        paths = [entry.path for entry in entries]
    for each in paths:
        _see(each, rules, found)


def changed(before: Look, after: Look) -> set[str]:
    """Return the paths that differ, have come or have gone."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def changes(rules: Sequence[Rule], before: Look, is_over: threading.Event) -> Iterator[set[str]]:
    """Yield what has changed since `before`, all at once that is written at once, until `is_over`.

    A batch is complete when a look finds nothing more, or after some time.
    """
    batch: set[str] = set()
    begun = 0.0
    pause_s = LOOK_AGAIN_S
    while not is_over.wait(pause_s):
        now_s = time.monotonic()
        now = look(rules)
        pause_s = max(LOOK_AGAIN_S, (time.monotonic() - now_s) / _PART_OF_TIME)
        found = changed(before, now)
        before = now
        begun = begun if batch else now_s
        batch |= found
        if batch and (not found or now_s - begun > _BATCH_S):
            yield batch
            batch = set()
