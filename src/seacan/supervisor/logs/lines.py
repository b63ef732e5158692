"""From what arrives to entries: whole lines, and the pieces of lines that are too long."""

import os
from collections.abc import Iterator
from typing import Final

from seacan.records import record

# A longer line is cut into pieces of this size. Source: dockerd's copier.
ENTRY_LIMIT: Final = 16 * 1024


@record
class Partial:
    """That an entry is a piece of a line."""

    id: str  # the same for all of one line
    ordinal: int  # from 1
    last: bool


@record
class Entry:
    stream: str  # stdout or stderr
    line: bytes  # without a newline
    time_ns: int  # since 1970
    partial: Partial | None = None

    @property
    def text(self) -> bytes:
        """The line as it was printed: with its newline, unless more of it is to come."""
        is_ended = self.partial is None or self.partial.last
        return self.line + b"\n" if is_ended else self.line


class Cutter:
    """The state of one stream: whether a line is under way of which pieces were given out."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._id = ""
        self._ordinal = 0

    @property
    def is_within_line(self) -> bool:
        return self._ordinal > 0

    def entries(self, data: bytes, time_ns: int) -> Iterator[Entry]:
        """Yield the entries of `data`: whole lines, and at the end pieces of one not ended."""
        *ended, rest = data.split(b"\n")
        for line in ended:
            while len(line) >= ENTRY_LIMIT:
                yield self._piece(line[:ENTRY_LIMIT], time_ns)
                line = line[ENTRY_LIMIT:]
            if self.is_within_line:
                yield self._piece(line, time_ns, last=True)
            else:
                yield Entry(self._stream, line, time_ns)
        for start in range(0, len(rest), ENTRY_LIMIT):
            yield self._piece(rest[start : start + ENTRY_LIMIT], time_ns)

    def _piece(self, line: bytes, time_ns: int, *, last: bool = False) -> Entry:
        if not self._ordinal:
            self._id = os.urandom(32).hex()
        self._ordinal += 1
        entry = Entry(self._stream, line, time_ns, Partial(self._id, self._ordinal, last))
        if last:
            self._ordinal = 0
        return entry


def split(data: bytes) -> tuple[bytes, bytes]:
    """Return what can be logged now and what waits: the line that is not ended, if it is short."""
    end = data.rfind(b"\n") + 1
    full = (len(data) - end) // ENTRY_LIMIT * ENTRY_LIMIT
    return data[: end + full], data[end + full :]


def has_long_line(data: bytes) -> bool:
    return len(data) > ENTRY_LIMIT and any(len(line) >= ENTRY_LIMIT for line in data.split(b"\n"))
