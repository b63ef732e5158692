"""Archives of contexts that came lately: what is where in them, and what was taken of them.

An archive is known by the digest of all its bytes. So the same bytes say the same, whoever sends
them: they need not be read again, and their files are where they came this time. Nothing depends
on an archive being known; only the last ones are, and no large one.
"""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from seacan.build.selection import Choice

if TYPE_CHECKING:
    from seacan.build.context_index import ContextEntry

LIMIT_BYTES: Final = 16 << 20  # of an archive
_MOST_CONTEXTS: Final = 16
_MOST_ENTRIES: Final = 10_000  # of all together: some 8 MiB
_MOST_TAKEN: Final = 64  # of one
_MOST_CHARACTERS: Final = 2048  # of one choice


class Taken(NamedTuple):
    """What COPY or ADD takes of a context."""

    digest: str  # of names, modes and contents
    sources: int  # how many, wildcards replaced
    is_directory: bool  # what it has goes into the destination


class TakenBefore:
    """What choices among the files of one context came to."""

    def __init__(self) -> None:
        self._taken: dict[tuple[object, ...], Taken] = {}

    def find(self, choice: Choice, left_out: frozenset[str]) -> Taken | None:
        return self._taken.get(_key(choice, left_out))

    def keep(self, choice: Choice, left_out: frozenset[str], taken: Taken) -> None:
        """`left_out` are the files that the context was without."""
        characters = sum(map(len, (*choice.paths, *choice.excludes, *left_out)))
        if len(self._taken) < _MOST_TAKEN and characters <= _MOST_CHARACTERS:
            self._taken[_key(choice, left_out)] = taken


class KnownContext(NamedTuple):
    """Of an archive as it came; its mappings are only read."""

    entries: Mapping[str, "ContextEntry"]
    names: Mapping[str, frozenset[str]]  # by directory
    taken: TakenBefore


class KnownContexts:
    """The last ones. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, KnownContext] = {}  # by digest, the one used last at the end
        self._entries = 0

    def find(self, digest: str) -> KnownContext | None:
        with self._lock:
            known = self._known.pop(digest, None)
            if known is not None:
                self._known[digest] = known
            return known

    def keep(self, digest: str, known: KnownContext) -> None:
        """Remember one, and forget those that are too many then."""
        if len(known.entries) > _MOST_ENTRIES:
            return
        with self._lock:
            self._forget(digest)
            self._known[digest] = known
            self._entries += len(known.entries)
            while len(self._known) > _MOST_CONTEXTS or self._entries > _MOST_ENTRIES:
                self._forget(next(iter(self._known)))

    def _forget(self, digest: str) -> None:
        if known := self._known.pop(digest, None):
            self._entries -= len(known.entries)


def _key(choice: Choice, left_out: frozenset[str]) -> tuple[object, ...]:
    return (*choice.paths, None, *choice.excludes, choice.has_parents, left_out)
