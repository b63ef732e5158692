"""The inventory of a context, and the contents that go with it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from itertools import chain

from seacan.cli.build import archive, directory
from seacan.spec.inventory import LIMIT_BYTES, Entry, Inventory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from seacan.cli.build.files import Files, Tree
    from seacan.cli.build.memory import Memory

_FILE = stat.S_IFREG
_LEAST_ENTRY_BYTES = 100  # in JSON

# An entry, and where its content is: the path of a file, or a text.
Item = tuple[Entry, "str | bytes"]


class Unsayable(Exception):
    """Something is in the context that no inventory has: it is to be sent as a tar."""


def take(files: Files, memory: Memory) -> list[Item]:
    """Return an item for each file. Raises Unsayable, InvalidArgument if one cannot be read."""
    items: list[Item] = []
    for tree in files.trees:
        if tree.inside:
            items.append((Entry(tree.inside, "directory", archive.INSIDE_MODE), ""))
        for path in directory.files(tree.root, tree.ignored):
            name = tree.name(path)
            if name not in files.texts and (item := _item(tree, path, name, memory)):
                items.append(item)
    for name, content in files.texts.items():
        digest = hashlib.sha256(content).hexdigest()
        items.append((Entry(name, "file", archive.TEXT_MODE, 0, len(content), digest), content))
    if len(items) * _LEAST_ENTRY_BYTES > LIMIT_BYTES:
        raise Unsayable
    try:
        "/".join(entry.path for entry, _ in items).encode()
    except UnicodeEncodeError as err:
        raise Unsayable from err
    return items


def _item(tree: Tree, path: str, name: str, memory: Memory) -> Item | None:
    """Return what is said of a file; None of a socket."""
    full = f"{tree.root}/{path}"
    try:
        status = os.lstat(full)
        kind = stat.S_IFMT(status.st_mode)
        mode, mtime_ns = status.st_mode - kind, status.st_mtime_ns
        if kind == _FILE:  # first, as most are
            found = memory.find(name, status) or _read(full, path, name, status, memory)
            return Entry(name, "file", mode, mtime_ns, status.st_size, *found), full
        match kind:
            case stat.S_IFDIR:
                return Entry(name, "directory", mode, mtime_ns), full
            case stat.S_IFLNK:
                target = os.readlink(full)
                target.encode()
                return Entry(name, "link", mode, mtime_ns, 0, target), full
            case stat.S_IFSOCK:
                return None
            case _:
                raise Unsayable
    except OSError as err:
        raise archive.unreadable(path, err) from err
    except UnicodeEncodeError as err:
        raise Unsayable from err


def _read(
    full: str, path: str, name: str, status: os.stat_result, memory: Memory
) -> tuple[str, str]:
    """Return the digest of a file, and its capabilities."""
    digest = hashlib.sha256()
    with archive.open_file(full) as file:
        for piece in archive.content(file, path, status.st_size):
            digest.update(piece)
    capability = base64.b64encode(archive.capability_of(full)).decode()
    memory.add(name, status, digest.hexdigest(), capability)
    return digest.hexdigest(), capability


def body(items: list[Item], known: Set[str]) -> Iterator[bytes]:
    """Return the inventory, and the contents whose digests are not `known`, in pieces.

    Raises Unsayable if the inventory is too long.
    """
    sent = [
        number
        for number, (entry, _) in enumerate(items)
        if entry.kind == "file" and entry.subject not in known
    ]
    said = Inventory(Entries=[entry for entry, _ in items], Sent=sent)
    line = json.dumps(said, separators=(",", ":")).encode() + b"\n"
    if len(line) > LIMIT_BYTES:
        raise Unsayable
    return chain([line], *(_content(*items[number]) for number in sent))


def _content(entry: Entry, source: str | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    try:
        with archive.open_file(source) as file:
            yield from archive.content(file, entry.path, entry.size_bytes)
    except OSError as err:
        raise archive.unreadable(entry.path, err) from err
