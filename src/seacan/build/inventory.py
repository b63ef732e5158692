"""A context that comes as an inventory: spec/inventory.py says how.

What is sent is taken for what it is, whatever the inventory says of it: digests are made here, so
nobody gets others' files, or has theirs taken for others', by what it claims.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import msgspec

from seacan.build.contents import require_space
from seacan.build.context_tree import ContextTree
from seacan.build.kept_contexts import ContextGone, KeptContext
from seacan.errors import InvalidArgument
from seacan.images.sparse import Segment
from seacan.images.tar import Kind, Member
from seacan.spec.inventory import LIMIT_BYTES, Entry, Inventory

_INVENTORY: Final = msgspec.json.Decoder(Inventory)
_KINDS: Final = {
    "file": Kind.FILE,
    "directory": Kind.DIRECTORY,
    "link": Kind.SYMBOLIC_LINK,
}
_CAPABILITY: Final = "security.capability"
_PIECE_BYTES: Final = 1 << 20
_MOST_BYTES: Final = 1 << 50
_MODES: Final = 0o7777
_LATEST_NS: Final = (1 << 33) * 10**9  # as in an archive


def receive(tree: ContextTree, kept: KeptContext, stream: BinaryIO) -> None:
    """Take in a context, to the end of its stream; it uses the contents that are kept.

    Raises ContextGone, before it reads any content, if one that is not sent is not here;
    InvalidArgument if the inventory is malformed, or too much.
    """
    inventory = _read(stream)
    entries, sent = inventory["Entries"], inventory["Sent"]
    places = _kept_places(entries, sent, kept)
    tree.use_contents(kept.contents)
    arrived = _receive_contents([entries[number] for number in sent], kept, stream)
    places |= dict(zip(sent, arrived, strict=True))
    for number, entry in enumerate(entries):
        digest, offset = places.get(number, ("", 0))
        tree.add(_member(entry), offset, digest)
    sizes = {places[number][0]: entries[number].size_bytes for number in places}
    came = {digest: (offset, sizes[digest]) for digest, offset in arrived}
    kept.add(came, sum(sizes.values()))


def _read(stream: BinaryIO) -> Inventory:
    line = stream.readline(LIMIT_BYTES)
    if not line.endswith(b"\n"):
        raise InvalidArgument(f"build context: no inventory of at most {LIMIT_BYTES} bytes")
    try:
        inventory = _INVENTORY.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise InvalidArgument(f"build context: malformed inventory: {err}") from err
    last = -1
    for number in inventory["Sent"]:
        if not last < number < len(inventory["Entries"]):
            raise InvalidArgument("build context: malformed inventory: Sent")
        if inventory["Entries"][number].kind != "file":
            raise InvalidArgument("build context: malformed inventory: only files have contents")
        last = number
    if not all(0 <= entry.size_bytes < _MOST_BYTES for entry in inventory["Entries"]):
        raise InvalidArgument("build context: malformed inventory: bad size")
    return inventory


def _kept_places(
    entries: Sequence[Entry], sent: Sequence[int], kept: KeptContext
) -> dict[int, tuple[str, int]]:
    """Return digest and offset of the files that are not sent, by number."""
    found = {}
    are_sent = set(sent)
    for number, entry in enumerate(entries):
        if entry.kind == "file" and number not in are_sent:
            offset = kept.find(entry.subject, entry.size_bytes)
            if offset is None:
                raise ContextGone(f"build context: {entry.path} is not kept; send it")
            found[number] = entry.subject, offset
    return found


def _receive_contents(
    coming: Sequence[Entry], kept: KeptContext, stream: BinaryIO
) -> list[tuple[str, int]]:
    """Write what comes to where it is kept; return digest and offset of each."""
    total = sum(entry.size_bytes for entry in coming)
    fd = kept.contents.fileno()
    require_space(fd, total)
    offset = kept.reserve(total)
    writer = _Writer(fd, offset)
    found = []
    for entry in coming:
        digest = hashlib.sha256()
        for piece in _pieces(stream, entry):
            digest.update(piece)
            writer.write(piece)
        found.append((digest.hexdigest(), offset))
        offset += entry.size_bytes
    writer.flush()
    if stream.read(1):
        raise InvalidArgument("build context: more was sent than the inventory says")
    return found


def _pieces(stream: BinaryIO, entry: Entry) -> Iterator[bytes]:
    left = entry.size_bytes
    while left:
        piece = stream.read(min(left, _PIECE_BYTES))
        if not piece:
            raise InvalidArgument(f"build context: {entry.path} was not sent to its end")
        left -= len(piece)
        yield piece


class _Writer:
    """Small pieces to a part of a file, many at once."""

    def __init__(self, fd: int, offset: int) -> None:
        self._fd = fd
        self._offset = offset
        self._waiting = bytearray()

    def write(self, piece: bytes) -> None:
        self._waiting += piece
        if len(self._waiting) >= _PIECE_BYTES:
            self.flush()

    def flush(self) -> None:
        view = memoryview(bytes(self._waiting))
        self._waiting.clear()
        while view:
            count = os.pwrite(self._fd, view, self._offset)
            self._offset += count
            view = view[count:]


def _member(entry: Entry) -> Member:
    path, kind, mode, mtime_ns, size_bytes, subject, capability = entry
    if not -_LATEST_NS <= mtime_ns <= _LATEST_NS:
        mtime_ns = -_LATEST_NS if mtime_ns < 0 else _LATEST_NS
    if kind != "file":
        link = subject if kind == "link" else ""
        return Member(path, _KINDS[kind], mode & _MODES, 0, 0, mtime_ns, 0, link)
    segments = (Segment(0, size_bytes),) if size_bytes else ()
    member = Member(path, Kind.FILE, mode & _MODES, 0, 0, mtime_ns, size_bytes, segments=segments)
    return member._replace(xattrs=_attributes(entry)) if capability else member


def _attributes(entry: Entry) -> dict[str, bytes]:
    try:
        return {_CAPABILITY: base64.b64decode(entry.capability, validate=True)}
    except binascii.Error as err:
        raise InvalidArgument(f"build context: {entry.path}: bad capability") from err
