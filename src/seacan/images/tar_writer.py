"""Writing tar archives: heads of members, one after the other; who calls puts the content between.

    head(member) + content + padding(size) + head(member) + … + END

ustar, with a pax header before a member whose name, numbers, attributes or holes need one. The same
members give the same bytes; times are whole seconds, as Docker writes them.
Source: POSIX.1-2017 pax; GNU tar manual, "PAX Format, Version 1.0" of sparse files.
"""

import os
from typing import Final

from seacan.images.tar import BLOCK_BYTES, Kind, Member

END: Final = bytes(2 * BLOCK_BYTES)

_FLAGS: Final = {
    Kind.FILE: b"0",
    Kind.HARD_LINK: b"1",
    Kind.SYMBOLIC_LINK: b"2",
    Kind.CHARACTER_DEVICE: b"3",
    Kind.BLOCK_DEVICE: b"4",
    Kind.DIRECTORY: b"5",
    Kind.FIFO: b"6",
}
_NAME_BYTES: Final = 100
_PREFIX_BYTES: Final = 155
_LARGEST_ID: Final = 0o7777777
_LARGEST: Final = 0o77777777777
_NANOSECONDS: Final = 10**9


def head(member: Member) -> bytes:
    """Return what stands before the content of `member`.

    A file whose segments are not all of it is written as a sparse one: after the head, which ends
    with their map, come the segments alone, and the padding of their sum.
    """
    records: dict[str, bytes] = {}
    name, size_bytes, map_ = os.fsencode(member.name), _stored_bytes(member), b""
    if _is_sparse(member):
        map_ = _map(member)
        size_bytes += len(map_)
        records |= {
            "GNU.sparse.major": b"1",
            "GNU.sparse.minor": b"0",
            "GNU.sparse.name": name,
            "GNU.sparse.realsize": b"%d" % member.size_bytes,
        }
    prefix, short = _split(name)
    if short is None:
        records["path"], prefix, short = name, b"", name[:_NAME_BYTES]
    link = os.fsencode(member.link)
    if len(link) > _NAME_BYTES or not link.isascii():
        records["linkpath"], link = link, link[:_NAME_BYTES]
    mtime_s = member.mtime_ns // _NANOSECONDS
    for key, value, largest in (
        ("size", size_bytes, _LARGEST),
        ("uid", member.uid, _LARGEST_ID),
        ("gid", member.gid, _LARGEST_ID),
        ("mtime", mtime_s, _LARGEST),
    ):
        if not 0 <= value <= largest:
            records[key] = b"%d" % value
    for key in sorted(member.xattrs):
        records[f"SCHILY.xattr.{key}"] = member.xattrs[key]
    block = _block(
        short,
        _FLAGS[member.kind],
        prefix=prefix,
        link=link,
        mode=member.mode,
        uid=member.uid,
        gid=member.gid,
        size_bytes=size_bytes,
        mtime_s=mtime_s,
        device=member.device,
    )
    return _pax_header(records) + block + map_


def padding(size_bytes: int) -> bytes:
    """Return the zeros that follow a content of `size_bytes`."""
    return bytes(-size_bytes % BLOCK_BYTES)


def _stored_bytes(member: Member) -> int:
    return sum(segment.length for segment in member.segments)


def _is_sparse(member: Member) -> bool:
    return _stored_bytes(member) < member.size_bytes


def _map(member: Member) -> bytes:
    numbers = [len(member.segments), *(number for s in member.segments for number in s)]
    text = b"".join(b"%d\n" % number for number in numbers)
    return text + padding(len(text))


def _split(name: bytes) -> tuple[bytes, bytes | None]:
    """Return prefix and name as ustar has them; no name if it needs a record."""
    if not name.isascii():
        return b"", None
    if len(name) <= _NAME_BYTES:
        return b"", name
    # The slash between them is not written; a directory's own last one stays in the name.
    at = name.rfind(b"/", 0, min(len(name) - 1, _PREFIX_BYTES + 1))
    if at <= 0 or len(name) - at - 1 > _NAME_BYTES:
        return b"", None
    return name[:at], name[at + 1 :]


def _pax_header(records: dict[str, bytes]) -> bytes:
    if not records:
        return b""
    data = b"".join(_record(key, value) for key, value in records.items())
    return _block(b"PaxHeaders", b"x", mode=0o644, size_bytes=len(data)) + data + padding(len(data))


def _record(key: str, value: bytes) -> bytes:
    """Return `LENGTH KEY=VALUE` and a line feed; LENGTH counts its own digits too."""
    rest = b" " + os.fsencode(key) + b"=" + value + b"\n"
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return b"%d" % length + rest


def _block(
    name: bytes,
    flag: bytes,
    *,
    prefix: bytes = b"",
    link: bytes = b"",
    mode: int,
    uid: int = 0,
    gid: int = 0,
    size_bytes: int = 0,
    mtime_s: int = 0,
    device: tuple[int, int] = (0, 0),
) -> bytes:
    fields = (
        name.ljust(_NAME_BYTES, b"\0"),
        _octal(mode, 8),
        _octal(uid, 8),
        _octal(gid, 8),
        _octal(size_bytes, 12),
        _octal(mtime_s, 12),
        b" " * 8,
        flag,
        link.ljust(_NAME_BYTES, b"\0"),
        b"ustar\x0000",
        bytes(64),  # names of user and group: numbers alone count
        _octal(device[0], 8),
        _octal(device[1], 8),
        prefix.ljust(_PREFIX_BYTES, b"\0"),
    )
    block = b"".join(fields).ljust(BLOCK_BYTES, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _octal(number: int, width: int) -> bytes:
    """Return a field of octal digits; zero for what does not fit, which a record says then."""
    largest = 8 ** (width - 1) - 1
    return b"%0*o\0" % (width - 1, number if 0 <= number <= largest else 0)
