"""The maps of sparse files in tar archives: which parts of a file its content is.

    old GNU     type S; the map in the header and in blocks after it
    pax 0.0     records GNU.sparse.offset and GNU.sparse.numbytes, in turn
    pax 0.1     one record GNU.sparse.map: offset,length,offset,length…
    pax 1.0     numbers on lines of their own, in blocks at the start of the content

Source: GNU tar manual, "Storing Sparse Files"; tar(5).
"""

import os
from typing import Final, NamedTuple, Protocol

from seacan.errors import InvalidArgument

_BLOCK_BYTES: Final = 512
_MOST_SEGMENTS: Final = 1 << 16
_PAIR_BYTES: Final = 24
_IN_HEADER: Final = slice(386, 386 + 4 * _PAIR_BYTES)
_HEADER_GOES_ON: Final = 482
_REAL_SIZE: Final = slice(483, 495)
_IN_BLOCK: Final = slice(0, 21 * _PAIR_BYTES)
_BLOCK_GOES_ON: Final = 504


class Segment(NamedTuple):
    """A part of a file that is no hole, in bytes."""

    offset: int
    length: int


class Blocks(Protocol):
    """Where the map of a file goes on."""

    def sparse_block(self, *, in_content: bool) -> bytes: ...

    def content_size(self) -> int: ...


def layout(
    header: bytes, records: list[tuple[str, bytes]], blocks: Blocks
) -> tuple[int, tuple[Segment, ...]]:
    """Return a file's size, holes included, and its segments: one, if it is not sparse.

    `header` is its header block, `records` what pax headers say of it. Raises InvalidArgument.
    """
    found = dict(records) if records else {}
    if header[156:157] == b"S":
        size_bytes = _octal(header[_REAL_SIZE])
        numbers = _old_gnu(header, blocks)
    elif found.get("GNU.sparse.major") == b"1":
        size_bytes = _decimal(found.get("GNU.sparse.realsize", b""))
        numbers = _lines(blocks)
    elif "GNU.sparse.map" in found:
        size_bytes = _decimal(found.get("GNU.sparse.size", b""))
        numbers = [_decimal(number) for number in found["GNU.sparse.map"].split(b",") if number]
    elif "GNU.sparse.size" in found:
        size_bytes = _decimal(found["GNU.sparse.size"])
        keys = ("GNU.sparse.offset", "GNU.sparse.numbytes")
        numbers = [_decimal(value) for key, value in records if key in keys]
    else:
        return blocks.content_size(), (Segment(0, blocks.content_size()),)
    return size_bytes, _segments(numbers, size_bytes)


def name(records: list[tuple[str, bytes]]) -> str | None:
    """Return the name that a pax header has for a sparse file; its `path` is made up."""
    value = dict(records).get("GNU.sparse.name", b"")
    if b"\0" in value:
        raise InvalidArgument("malformed tar archive: a null character in a path")
    return os.fsdecode(value) or None


def _old_gnu(header: bytes, blocks: Blocks) -> list[int]:
    numbers = _pairs(header[_IN_HEADER])
    goes_on = header[_HEADER_GOES_ON]
    while goes_on:
        block = blocks.sparse_block(in_content=False)
        numbers += _pairs(block[_IN_BLOCK])
        goes_on = block[_BLOCK_GOES_ON]
        _check_count(len(numbers) // 2)
    return numbers


def _pairs(fields: bytes) -> list[int]:
    """Return the offsets and lengths in fields of 12 bytes, up to the first that is empty."""
    numbers: list[int] = []
    for start in range(0, len(fields), _PAIR_BYTES):
        pair = fields[start : start + _PAIR_BYTES]
        if not pair[0]:
            break
        numbers += [_octal(pair[:12]), _octal(pair[12:])]
    return numbers


def _lines(blocks: Blocks) -> list[int]:
    """Return the numbers at the start of the content; the first says how many pairs follow."""
    data = blocks.sparse_block(in_content=True)
    first, newline, _ = data.partition(b"\n")
    if not newline:
        raise InvalidArgument("malformed tar archive: a map of holes without a count")
    count = _decimal(first)
    _check_count(count)
    parts = [data]
    missing = 1 + 2 * count - data.count(b"\n")
    while missing > 0:
        parts.append(blocks.sparse_block(in_content=True))
        missing -= parts[-1].count(b"\n")
    return [_decimal(line) for line in b"".join(parts).split(b"\n")[1 : 1 + 2 * count]]


def _segments(numbers: list[int], size_bytes: int) -> tuple[Segment, ...]:
    if len(numbers) % 2:
        raise InvalidArgument("malformed tar archive: half a pair in a map of holes")
    _check_count(len(numbers) // 2)
    segments = tuple(map(Segment, numbers[::2], numbers[1::2]))
    end = 0
    for segment in segments:
        if segment.offset < end or segment.offset + segment.length > size_bytes:
            raise InvalidArgument("malformed tar archive: a map of holes out of order")
        end = segment.offset + segment.length
    return segments


def _check_count(segments: int) -> None:
    if segments > _MOST_SEGMENTS:
        raise InvalidArgument(f"malformed tar archive: a file of over {_MOST_SEGMENTS} parts")


def _octal(field_bytes: bytes) -> int:
    if field_bytes[0] & 0x80:
        number = int.from_bytes(field_bytes[1:], "big")
    else:
        digits = field_bytes.partition(b"\0")[0].strip(b" ")
        if not digits or digits.strip(b"01234567"):
            raise InvalidArgument("malformed tar archive: bad number in a map of holes")
        number = int(digits, 8)
    return _bounded(number)


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 19:
        raise InvalidArgument("malformed tar archive: bad number in a map of holes")
    return _bounded(int(digits))


def _bounded(number: int) -> int:
    if number >> 63:
        raise InvalidArgument("malformed tar archive: number out of range in a map of holes")
    return number
