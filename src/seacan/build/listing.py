"""The members of an archive as a list, in JSON, with their contents in one file.

A context has both already, and a step's worker reads them sooner than an archive made of them.
"""

import base64
import itertools
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

from seacan.images.sparse import Segment
from seacan.images.tar import Kind, Member

_ROWS_AT_ONCE: Final = 1000
_KINDS: Final = {kind.name: kind for kind in Kind}


def encode(listed: Iterable[tuple[Member, int]]) -> bytes:
    """Return the list; with each member the offset of its content. Owners are root, all of them."""
    rows = (_row(member, offset) for member, offset in listed)
    # In parts: other threads have no turn within one.
    parts = []
    while part := [*itertools.islice(rows, _ROWS_AT_ONCE)]:
        parts.append(json.dumps(part)[1:-1])
    return f"[{', '.join(parts)}]".encode()


def _row(member: Member, offset: int) -> tuple[Any, ...]:
    xattrs = {name: base64.b64encode(value).decode() for name, value in member.xattrs.items()}
    return (
        member.name,
        member.kind.name,
        member.mode,
        member.mtime_ns,
        member.size_bytes,
        member.link,
        member.segments,
        xattrs,
        offset,
    )


class Listing:
    """A list, decoded: a Reader of its members, and of their contents."""

    def __init__(self, data: bytes, contents_fd: int) -> None:
        self.members = [_member(row) for row in json.loads(data)]
        self._contents_fd = contents_fd
        self._at = 0  # of the member at hand, the offset
        self._offset = 0

    def sort(self) -> None:
        """Have the members in the order of a walk of what is made of them."""
        self.members.sort(key=lambda listed: [os.fsencode(n) for n in listed[0].name.split("/")])

    def __iter__(self) -> Iterator[Member]:
        for member, offset in self.members:
            self._at = self._offset = offset
            yield member

    def read(self, size: int) -> bytes:
        data = os.pread(self._contents_fd, size, self._offset)
        self._offset += len(data)
        return data

    def rewind(self) -> None:
        """Have the content of the member at hand read again."""
        self._offset = self._at


def _member(row: Any) -> tuple[Member, int]:
    name, kind, mode, mtime_ns, size_bytes, link, segments, xattrs, offset = row
    member = Member(
        name,
        _KINDS[kind],
        mode,
        0,
        0,
        mtime_ns,
        size_bytes,
        link,
        (0, 0),
        {name: base64.b64decode(value) for name, value in xattrs.items()},
        tuple(Segment(*segment) for segment in segments),
    )
    return member, offset
