"""Reading a tar archive as a stream: one pass, bounded memory, names and numbers alone.

    TarReader(stream) ── for member in reader ──► Member, then read() its content; the next follows

Understood: v7, ustar, GNU (long names, base-256 numbers) and pax headers; sparse.py has the maps of
sparse files. Python's tarfile is not used: it asks pwd and grp, which may load code of a container
(CVE-2019-14271), and it holds headers of any length in memory.

Source: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Header Block"; tar(5).
"""

import os
import zlib
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from functools import lru_cache
from types import MappingProxyType
from typing import BinaryIO, Final, NamedTuple

import msgspec

from seacan.errors import InvalidArgument
from seacan.images import sparse
from seacan.images.sparse import Segment

BLOCK_BYTES: Final = 512
# Of all the pax headers and long names before one member: Docker's limit for each of them.
HEADER_LIMIT_BYTES: Final = 1 << 20
_NO_ID: Final = 0xFFFFFFFF  # to chown(2), -1: leave it
_LATEST_S: Final = 1 << 33  # beyond what ext4 and xfs can say
_XATTR: Final = "SCHILY.xattr."


class Kind(Enum):
    FILE = auto()
    HARD_LINK = auto()
    SYMBOLIC_LINK = auto()
    CHARACTER_DEVICE = auto()
    BLOCK_DEVICE = auto()
    DIRECTORY = auto()
    FIFO = auto()


_KINDS: Final = {
    b"\0": Kind.FILE,
    b"0": Kind.FILE,
    b"7": Kind.FILE,
    b"S": Kind.FILE,
    b"1": Kind.HARD_LINK,
    b"2": Kind.SYMBOLIC_LINK,
    b"3": Kind.CHARACTER_DEVICE,
    b"4": Kind.BLOCK_DEVICE,
    b"5": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}


_EXTENSIONS: Final = frozenset(b"xgLK")
_LINKS: Final = frozenset({Kind.HARD_LINK, Kind.SYMBOLIC_LINK})
_DEVICES: Final = frozenset({Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE})


_NO_XATTRS: Final[Mapping[str, bytes]] = MappingProxyType({})


class Member(NamedTuple):
    """One entry. Names are as the archive has them: not yet checked, undecodable bytes escaped."""

    name: str
    kind: Kind
    mode: int  # permission bits
    uid: int
    gid: int
    mtime_ns: int
    size_bytes: int = 0  # of a file, with its holes
    link: str = ""  # of links: where to
    device: tuple[int, int] = (0, 0)  # major, minor
    xattrs: Mapping[str, bytes] = _NO_XATTRS
    segments: tuple[Segment, ...] = ()  # of a file: where its content, as read, belongs


class TarReader:
    """The members of an archive; read(n) of its stream gives n bytes, fewer only at the end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._unread = 0  # content of the current member
        self._padding = 0  # after it
        self._extension_bytes = 0  # of the extension headers before it

    def __iter__(self) -> Iterator[Member]:
        """Yield the members; what was not read of a member's content is skipped.

        Raises InvalidArgument, saying what is malformed.
        """
        while (header := self._next_header()) is not None:
            yield self._member(header)

    def read(self, limit_bytes: int) -> bytes:
        """Return up to `limit_bytes` more of the current member's content; b"" at its end."""
        data = self._stream.read(min(limit_bytes, self._unread))
        if not data and self._unread and limit_bytes:
            raise InvalidArgument("malformed tar archive: it ends within a member")
        self._unread -= len(data)
        return data

    def _next_header(self) -> "_Header | None":
        """Return the next member's header, with what extension headers before it say."""
        records: list[tuple[str, bytes]] = []
        self._extension_bytes = 0
        while (block := self._next_block()) is not None:
            header = _Header(block, records)
            if block[156] not in _EXTENSIONS:
                return header
            match block[156:157]:
                case b"x":
                    records += _pax_records(self._extension(header))
                case b"g":
                    self._extension(header)  # says nothing that matters here
                case b"L":
                    records.append(("path", self._extension(header).rstrip(b"\0")))
                case b"K":
                    records.append(("linkpath", self._extension(header).rstrip(b"\0")))
        if records:
            raise InvalidArgument("malformed tar archive: it ends after an extension header")
        return None

    def _next_block(self) -> bytes | None:
        """Return the next header block; None at the end, which may be two blocks of zeros."""
        while self._unread:
            self.read(1 << 20)
        if self._padding:
            padding = self._stream.read(self._padding)
            if not padding:
                return None  # the docker CLI ends so what it sends for `build -f` of another place
            if len(padding) < self._padding:
                raise InvalidArgument("malformed tar archive: it ends within a member")
            self._padding = 0
        block = self._stream.read(BLOCK_BYTES)
        if not block or not any(block):
            return None
        if len(block) < BLOCK_BYTES:
            raise InvalidArgument("malformed tar archive: it ends within a header")
        _check_sum(block)
        return block

    def _extension(self, header: "_Header") -> bytes:
        size_bytes = header.own_size()
        self._extension_bytes += size_bytes or BLOCK_BYTES  # an empty one is kept as well
        if self._extension_bytes > HEADER_LIMIT_BYTES:
            raise InvalidArgument(
                f"malformed tar archive: a header of {self._extension_bytes} bytes, "
                f"over the limit of {HEADER_LIMIT_BYTES}"
            )
        self._begin_content(size_bytes)
        data = self._exactly(size_bytes)
        self._unread = 0
        return data

    def _member(self, header: "_Header") -> Member:
        kind = header.kind()
        if kind is not Kind.FILE:
            return header.member(kind)
        self._begin_content(header.size())
        if not header.may_be_sparse():  # as most are not
            return header.member(kind, self._unread, (Segment(0, self._unread),))
        size_bytes, segments = sparse.layout(header.block, header.records, self)
        if sum([segment.length for segment in segments]) != self._unread:
            raise InvalidArgument(
                f"malformed tar archive: {header.name()!r}: its map of holes does not fit its size"
            )
        return header.member(kind, size_bytes, segments)

    def sparse_block(self, *, in_content: bool) -> bytes:
        """Return a block of a sparse file's map: before its content, or the first of it."""
        if not in_content:
            return self._exactly(BLOCK_BYTES)
        if self._unread < BLOCK_BYTES:
            raise InvalidArgument("malformed tar archive: a map of holes without an end")
        self._unread -= BLOCK_BYTES
        return self._exactly(BLOCK_BYTES)

    def content_size(self) -> int:
        """Return how many bytes of the current member's content are still to be read."""
        return self._unread

    def _begin_content(self, size_bytes: int) -> None:
        self._unread = size_bytes
        self._padding = -size_bytes % BLOCK_BYTES

    def _exactly(self, size_bytes: int) -> bytes:
        data = self._stream.read(size_bytes)
        if len(data) < size_bytes:
            raise InvalidArgument("malformed tar archive: it ends within a member")
        return data


class _Header(msgspec.Struct):
    block: bytes
    records: list[tuple[str, bytes]]  # of extension headers; a later one counts

    def own_size(self) -> int:
        return _unsigned(self.block[124:136], "size")

    def size(self) -> int:
        value = self._record("size")
        return _decimal(value, "size") if value else self.own_size()

    def member(self, kind: Kind, size_bytes: int = 0, segments: tuple[Segment, ...] = ()) -> Member:
        """Return what the header says; size and segments are a file's, as its map has them."""
        mode, uid, gid = _mode_and_owner(self.block[100:124])
        name = self.name()
        if kind is Kind.FILE and self.records:
            name = sparse.name(self.records) or name
        return Member(
            name,
            kind,
            mode,
            self._id("uid", uid),
            self._id("gid", gid),
            self._mtime_ns(),
            size_bytes,
            self._text("linkpath", self.block[157:257]) if kind in _LINKS else "",
            self._device() if kind in _DEVICES else (0, 0),
            self._xattrs() if self.records else _NO_XATTRS,
            segments,
        )

    def may_be_sparse(self) -> bool:
        return bool(self.records) or self.block[156:157] == b"S"

    def _device(self) -> tuple[int, int]:
        return (
            _unsigned(self.block[329:337], "device"),
            _unsigned(self.block[337:345], "device"),
        )

    def _record(self, key: str) -> bytes | None:
        if not self.records:  # as most headers are, and each is asked for seven
            return None
        return next((value for name, value in reversed(self.records) if name == key), None)

    def _text(self, key: str, field_bytes: bytes) -> str:
        value = self._record(key) or field_bytes.partition(b"\0")[0]
        if not value:
            return ""
        if b"\0" in value:
            raise InvalidArgument(f"malformed tar archive: a null character in a {key}")
        return os.fsdecode(value)

    def name(self) -> str:
        name = self.block[:100].partition(b"\0")[0]
        # GNU uses the place of the prefix for something else.
        if self.block[257:263] == b"ustar\0" and self.block[345]:
            name = self.block[345:500].partition(b"\0")[0] + b"/" + name
        return self._text("path", name)

    def kind(self) -> Kind:
        flag = self.block[156:157]
        if flag not in _KINDS:
            raise InvalidArgument(
                f"malformed tar archive: {self.name()!r} is of unknown type {flag!r}"
            )
        if flag == b"\0" and self.name().endswith("/"):  # v7 had no directories
            return Kind.DIRECTORY
        return _KINDS[flag]

    def _id(self, key: str, number: int) -> int:
        if value := self._record(key):
            number = _decimal(value, key)
        if number >= _NO_ID:
            raise InvalidArgument(f"malformed tar archive: {key} {number} is out of range")
        return number

    def _mtime_ns(self) -> int:
        value = self._record("mtime")
        if not value:
            return _within(_number(self.block[136:148], "mtime")) * 10**9
        whole, _, fraction = value.partition(b".")
        sign = -1 if whole.startswith(b"-") else 1
        seconds = _within(sign * _decimal(whole.removeprefix(b"-") or b"0", "mtime"))
        nanoseconds = _decimal(fraction[:9].ljust(9, b"0"), "mtime")
        return seconds * 10**9 + sign * nanoseconds

    def _xattrs(self) -> dict[str, bytes]:
        return {
            name.removeprefix(_XATTR): value
            for name, value in self.records
            if name.startswith(_XATTR) and value
        }


def _pax_records(data: bytes) -> list[tuple[str, bytes]]:
    r"""Return the records `LENGTH KEY=VALUE\n` of a pax header; LENGTH counts all of it."""
    records = []
    start = 0
    while start < len(data):
        space = data.find(b" ", start, start + 20)
        end = start + _decimal(data[start:space], "record length")
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        is_whole = space + 2 < end <= len(data) and data[end - 1 : end] == b"\n"
        if not is_whole or not equals or not key or b"\0" in key:
            raise InvalidArgument("malformed tar archive: bad record in a pax header")
        records.append((os.fsdecode(key), value))
        start = end
    return records


def _check_sum(block: bytes) -> None:
    """Compare the header's sum with that of its bytes, where the sum itself counts as spaces."""
    expected = _unsigned(block[148:156], "checksum")
    total = _sum(block[:148]) + _sum(block[156:256]) + _sum(block[256:]) + 8 * ord(" ")
    if expected == total:
        return
    # Some old writers add the bytes as signed numbers.
    rest = block[:148] + block[156:]
    if expected != total - 256 * sum(byte > 127 for byte in rest):
        raise InvalidArgument("malformed tar archive: invalid tar header")


def _sum(data: bytes) -> int:
    """Return the sum of up to 256 bytes."""
    # The low half of Adler-32 is a sum modulo 65521, so of so few it is the sum.
    return zlib.adler32(data, 0) & 0xFFFF


@lru_cache(maxsize=256)  # an archive has few that differ
def _mode_and_owner(fields: bytes) -> tuple[int, int, int]:
    mode = _unsigned(fields[:8], "mode") & 0o7777
    return mode, _unsigned(fields[8:16], "uid"), _unsigned(fields[16:], "gid")


def _within(seconds: int) -> int:
    """Return the nearest time that file systems can say."""
    return max(-_LATEST_S, min(seconds, _LATEST_S))


def _unsigned(field_bytes: bytes, name: str) -> int:
    number = _number(field_bytes, name)
    if number < 0:
        raise InvalidArgument(f"malformed tar archive: negative {name}")
    return number


def _number(field_bytes: bytes, name: str) -> int:
    """Return a number in octal digits; or in base 256, if its first bit is set."""
    if field_bytes[0] & 0x80:
        bits = 8 * len(field_bytes) - 1
        number = int.from_bytes(field_bytes, "big") & (1 << bits) - 1
        number -= number >> bits - 1 << bits
        if abs(number) >> 63:
            raise InvalidArgument(f"malformed tar archive: {name} is out of range")
        return number
    digits = field_bytes.partition(b"\0")[0].strip(b" ")
    if not digits:
        return 0
    if digits.strip(b"01234567"):
        raise InvalidArgument(f"malformed tar archive: bad {name} {digits!r}")
    return int(digits, 8)


def _decimal(digits: bytes, name: str) -> int:
    if not digits.isdigit() or len(digits) > 19:
        raise InvalidArgument(f"malformed tar archive: bad {name} {digits[:40]!r}")
    return int(digits)
