"""What COPY and ADD take of a tree of files, and under which names it goes on.

A tree is a context or the root of a stage or image; either way links are followed as if its top
were the root directory, so none leads out of it. Source: Dockerfile reference, COPY; the rules of
wildcards are Go's filepath.Match.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

from seacan.errors import InvalidArgument
from seacan.records import record
from seacan.spec import dockerignore

E = TypeVar("E", covariant=True)

_WILDCARDS = frozenset("*?[\\")


class Tree(Protocol[E]):
    """Paths are from the top, without a slash at either end; the top is the empty one."""

    def lookup(self, path: str) -> str | None:
        """Return the path without links of what `path` leads to; None if there is nothing."""

    def is_directory(self, path: str) -> bool:
        """Tell it of a path that lookup() has returned."""

    def names(self, path: str) -> list[str]:
        """Return the names in a directory, in the order of their bytes."""

    def entry(self, path: str) -> E:
        """Return what is at a path that lookup() has returned; it stays valid until the next."""

    def below(self, path: str) -> Iterator[tuple[str, E]]:
        """Yield all that is below a directory, with paths from there; links are not followed."""


class Chosen(NamedTuple, Generic[E]):
    name: str  # in the destination
    entry: E


@record
class Choice:
    """What is taken of a tree."""

    paths: list[str]
    excludes: list[str]
    has_parents: bool


def resolve(tree: Tree[E], choice: Choice) -> list[tuple[str, str]]:
    """Return each source as it is written, its wildcards replaced, and the path it leads to.

    Raises InvalidArgument if one is not there; a wildcard may match nothing.
    """
    found = []
    for written in choice.paths:
        path = _clean(written)
        names = _glob(tree, path) if _has_wildcard(path) else [path]
        for name in names:
            target = tree.lookup(_unescape(name) if names == [path] else name)
            if target is None:
                raise InvalidArgument(
                    f"file not found in build context or excluded by .dockerignore: "
                    f"stat {written}: file does not exist"
                )
            found.append((name, target))
    return found


def select(
    tree: Tree[E], choice: Choice, is_excluded: Callable[[str], bool]
) -> Iterator[Chosen[E]]:
    """Yield what is taken, a directory before what is in it. Raises as resolve()."""
    for written, path in resolve(tree, choice):
        prefix = _parent(written) if choice.has_parents else ""
        if not tree.is_directory(path):
            name = written.rpartition("/")[2]
            if not is_excluded(name):
                yield from _parents(tree, prefix)
                yield Chosen(f"{prefix}{name}", tree.entry(path))
            continue
        if choice.has_parents:
            prefix = f"{prefix}{written.rpartition('/')[2]}/" if written else ""
            yield from _parents(tree, prefix)
        for below, entry in tree.below(path):
            if not is_excluded(below):
                yield Chosen(f"{prefix}{below}", entry)


def excluded_by(patterns: list[str]) -> Callable[[str], bool]:
    """Return what tells whether --exclude has a path."""
    if not patterns:
        return lambda path: False
    return dockerignore.parse("\n".join(patterns).encode()).is_excluded


def _parents(tree: Tree[E], prefix: str) -> Iterator[Chosen[E]]:
    """Yield the directories that a source is in, if they are kept."""
    parts = prefix.rstrip("/").split("/") if prefix else []
    for end in range(1, len(parts) + 1):
        path = "/".join(parts[:end])
        target = tree.lookup(path)
        if target is not None:
            yield Chosen(path, tree.entry(target))


def _parent(written: str) -> str:
    parent, slash, _ = written.rpartition("/")
    return parent + slash


def _clean(path: str) -> str:
    """Return a path from the top; above the top is the top, as for a process in a root."""
    return posixpath.normpath(f"/{path}").strip("/")


def check_inside(path: str) -> None:
    """Raise InvalidArgument for a path above the top, in the classic builder's words."""
    if posixpath.normpath(path.lstrip("/") or ".").split("/")[0] == "..":
        raise InvalidArgument(f"forbidden path outside the build context: {path} ()")


def _has_wildcard(path: str) -> bool:
    return not _WILDCARDS.isdisjoint(path)


def _unescape(path: str) -> str:
    return re.sub(r"\\(.)", r"\1", path)


def _glob(tree: Tree[E], pattern: str) -> list[str]:
    """Return the paths that match, in the order of their bytes.

    Links to directories are followed up to the first wildcard, and not from there on: as BuildKit.
    """
    found = [("", "")]  # as it is written, and where it is
    has_wildcard, parts = False, pattern.split("/")
    for number, part in enumerate(parts, 1):
        has_wildcard = has_wildcard or _has_wildcard(part)
        next_found = []
        for written, directory in found:
            for name in _matching(tree, directory, part):
                path = f"{directory}/{name}".lstrip("/")
                target = tree.lookup(path)
                is_followed = not has_wildcard or number == len(parts)
                if target is not None and (target == path or is_followed):
                    next_found.append((f"{written}/{name}".lstrip("/"), target))
        found = next_found
    return [written for written, _ in found]


def _matching(tree: Tree[E], directory: str, part: str) -> list[str]:
    """Return the names in what should be a directory that one part of a pattern matches."""
    if not tree.is_directory(directory):
        return []
    if not _has_wildcard(part):
        return [part]
    matches = dockerignore.of_names(part).matches
    return [name for name in tree.names(directory) if matches(name)]
