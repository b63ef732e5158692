"""What is where in a build's context: its paths, each with what is there.

Paths are from the top, without a slash at either end; the top is the empty one. It is a tree to be
selected from (selection.py), and bounded whatever comes.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from seacan.build.known_contexts import KnownContext, Taken, TakenBefore
from seacan.build.selection import Choice, Chosen, excluded_by, resolve, select
from seacan.errors import InvalidArgument
from seacan.images.tar import Kind, Member

PATH_LIMIT_BYTES: Final = 4095  # as the kernel's; so no directory is deeper than 2048
_MOST_ENTRIES: Final = 2_000_000
_MOST_PATHS_BYTES: Final = 128 << 20  # of all together
_LINK_LIMIT: Final = 40  # as the kernel, path_resolution(7)


class ContextEntry(NamedTuple):
    member: Member
    offset: int = 0  # of a file's content
    digest: str = ""


TOP: Final = ContextEntry(Member("", Kind.DIRECTORY, 0o755, 0, 0, 0))


class ContextIndex:
    def __init__(self) -> None:
        self._entries: dict[str, ContextEntry] = {"": TOP}
        self._names: dict[str, set[str]] = {"": set()}
        self._paths_bytes = 0
        self._left_out: frozenset[str] = frozenset()
        self._taken = TakenBefore()

    # -- changed ----------------------------------------------------------------------------------

    def _clear(self) -> None:
        mappings = (self._entries, self._names)
        self._entries, self._names = {"": TOP}, {"": set()}
        # One by one: other threads have no turn in the end of a large dictionary.
        for mapping in mappings:
            while mapping:
                mapping.popitem()

    def remove(self, path: str) -> None:
        """Leave a file out. What is not there is fine."""
        if path and path in self._entries:
            del self._entries[path]
            parent, _, name = path.rpartition("/")
            self._names[parent].discard(name)
            self._left_out |= {path}

    def _add(self, path: str, entry: ContextEntry) -> None:
        parent, _, name = path.rpartition("/")
        above = self._entries.get(parent)
        if above is None or above.member.kind is not Kind.DIRECTORY:
            self._add_above(path)
        self._put(path, parent, name, entry)

    def _add_above(self, path: str) -> None:
        """Put in the directories that something is in, where there are none."""
        end = path.find("/")
        while end >= 0:
            directory = path[:end]
            above = self._entries.get(directory)
            if above is None or above.member.kind is not Kind.DIRECTORY:
                parent, _, name = directory.rpartition("/")
                made = ContextEntry(TOP.member._replace(name=directory))
                self._put(directory, parent, name, made)
            end = path.find("/", end + 1)

    def _put(self, path: str, parent: str, name: str, entry: ContextEntry) -> None:
        self._count(path)
        self._entries[path] = entry
        self._names[parent].add(name)
        if entry.member.kind is Kind.DIRECTORY:
            self._names.setdefault(path, set())

    def _count(self, path: str) -> None:
        """Raise InvalidArgument for a path that is too much, by itself or with the others."""
        if len(self._entries) > _MOST_ENTRIES:
            raise InvalidArgument(f"build context: more than {_MOST_ENTRIES} files")
        size_bytes = len(path) if path.isascii() else len(os.fsencode(path))
        if size_bytes > PATH_LIMIT_BYTES:
            raise InvalidArgument(f"build context: {path[:200]!r}…: file name too long")
        self._paths_bytes += size_bytes
        if self._paths_bytes > _MOST_PATHS_BYTES:
            raise InvalidArgument("build context: too many long names of files")

    def _begin_as(self, known: KnownContext) -> None:
        self._entries = {**known.entries}
        self._names = {path: {*names} for path, names in known.names.items()}
        self._taken = known.taken

    def _known(self) -> KnownContext:
        names = {path: frozenset(names) for path, names in self._names.items()}
        return KnownContext({**self._entries}, names, self._taken)

    def _change(self) -> None:
        """Let what was taken before count for nothing; remove() needs it not."""
        self._taken = TakenBefore()

    # -- selected from ----------------------------------------------------------------------------

    def lookup(self, path: str) -> str | None:
        passed: list[str] = []
        todo = _components(path)
        links = 0
        while todo:
            name = todo.pop()
            if name == "..":
                del passed[-1:]
                continue
            passed.append(name)
            entry = self._entries.get("/".join(passed))
            if entry is None:
                return None
            if entry.member.kind is Kind.SYMBOLIC_LINK:
                links += 1
                if links > _LINK_LIMIT:
                    return None
                passed.pop()
                if entry.member.link.startswith("/"):
                    passed.clear()
                todo += _components(entry.member.link)
            elif todo and entry.member.kind is not Kind.DIRECTORY:
                return None
        return "/".join(passed)

    def is_directory(self, path: str) -> bool:
        return self._entries[path].member.kind is Kind.DIRECTORY

    def names(self, path: str) -> list[str]:
        return sorted(self._names[path], key=os.fsencode)

    def entry(self, path: str) -> ContextEntry:
        return self._entries[path]

    def below(self, path: str) -> Iterator[tuple[str, ContextEntry]]:
        prefix = f"{path}/" if path else ""
        todo = [iter(self.names(path))]
        directories = [""]
        while todo:
            name = next(todo[-1], None)
            if name is None:
                todo.pop()
                directories.pop()
                continue
            relative = f"{directories[-1]}{name}"
            entry = self._entries[f"{prefix}{relative}"]
            yield relative, entry
            if entry.member.kind is Kind.DIRECTORY:
                todo.append(iter(self.names(f"{prefix}{relative}")))
                directories.append(f"{relative}/")

    def choose(self, choice: Choice) -> list[Chosen[ContextEntry]]:
        """Return what is taken. Raises InvalidArgument if there is none of it."""
        return [*select(self, choice, excluded_by(choice.excludes))]

    def take(self, choice: Choice) -> Taken:
        """Return what a choice comes to. Raises InvalidArgument if there is none of it."""
        taken = self._taken.find(choice, self._left_out)
        if taken is None:
            sources = resolve(self, choice)
            is_directory = any(self.is_directory(path) for _, path in sources)
            is_directory = choice.has_parents or is_directory
            taken = Taken(_digest(self.choose(choice)), len(sources), is_directory)
            self._taken.keep(choice, self._left_out, taken)
        return taken


def _digest(chosen: Iterable[Chosen[ContextEntry]]) -> str:
    """Return a digest of names, kinds, modes and content; neither times nor owners count.

    Owners are not what a context is copied with.
    """
    found = hashlib.sha256()
    for one in chosen:
        member = one.entry.member
        said = (one.name, member.kind.name, member.mode, member.link, sorted(member.xattrs.items()))
        found.update(repr((*said, one.entry.digest)).encode())
    return found.hexdigest()


def _components(path: str) -> list[str]:
    """Return the names of `path`, the last one first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]
