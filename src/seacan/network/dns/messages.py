"""The little of DNS messages that our own answers need; what is forwarded stays as it is.

A query has one question, and perhaps an OPT record that says how long an answer may be.
Source: RFC 1035, section 4; RFC 6891, section 6.
"""

import struct
from collections.abc import Sequence
from typing import Final

import msgspec

A: Final = 1
PTR: Final = 12
AAAA: Final = 28
_OPT: Final = 41
_IN: Final = 1

NOERROR: Final = 0
FORMERR: Final = 1
SERVFAIL: Final = 2
NOTIMP: Final = 4
REFUSED: Final = 5

HEADER: Final = struct.Struct("!HHHHHH")  # id, flags, records in the four sections
_FIELDS: Final = struct.Struct("!HH")  # type, class
_RECORD: Final = struct.Struct("!HHHIH")  # name, type, class, seconds to live, length
_OPT_RECORD: Final = struct.Struct("!BHHIH")
_QR, _TC, _RD, _RA = 0x8000, 0x0200, 0x0100, 0x0080
_OPCODE: Final = 0x7800
_FIRST_NAME: Final = 0xC000 | HEADER.size  # a pointer to the question's
_TTL_S: Final = 600
_LABEL_LIMIT: Final = 63
_UDP_LIMIT: Final = 512  # unless an OPT record says more
_OWN_LIMIT: Final = 1232  # what no path breaks into fragments


class BadQuery(Exception):
    """A query that is answered with an error; `rcode` says which."""

    def __init__(self, rcode: int) -> None:
        self.rcode = rcode
        super().__init__(f"rcode {rcode}")


class Question(msgspec.Struct, frozen=True):
    """`name` is in lower case, without the dot at its end; `section` its bytes as they were sent.

    `limit` are the bytes that an answer over UDP may have.
    """

    name: str
    type: int
    section: bytes
    has_edns: bool = False
    limit: int = _UDP_LIMIT


class Record(msgspec.Struct, frozen=True):
    """A record of the name that was asked for."""

    type: int
    data: bytes


def is_query(message: bytes) -> bool:
    """Tell whether `message` wants an answer at all."""
    return len(message) >= HEADER.size and not message[2] & (_QR >> 8)


def parse(query: bytes) -> Question:
    """Return what is asked. Raises BadQuery."""
    _, flags, questions, answers, authorities, additional = HEADER.unpack_from(query)
    if flags & _OPCODE:
        raise BadQuery(NOTIMP)
    if questions != 1 or answers or authorities:
        raise BadQuery(FORMERR)
    try:
        labels, offset = _labels(query, HEADER.size)
        kind, _ = _FIELDS.unpack_from(query, offset)
    except (IndexError, struct.error) as err:
        raise BadQuery(FORMERR) from err
    end = offset + _FIELDS.size
    edns_limit = _edns_limit(query, end) if additional else None
    return Question(
        name=b".".join(labels).decode(errors="surrogateescape").lower(),
        type=kind,
        section=query[HEADER.size : end],
        has_edns=edns_limit is not None,
        limit=max(edns_limit or 0, _UDP_LIMIT),
    )


def _labels(query: bytes, offset: int) -> tuple[list[bytes], int]:
    """Return the labels of the name at `offset`, and where it ends."""
    labels = []
    while length := query[offset]:
        if length > _LABEL_LIMIT:  # a pointer: in front of a question there is nothing to point at
            raise BadQuery(FORMERR)
        labels.append(query[offset + 1 : offset + 1 + length])
        offset += 1 + length
    return labels, offset + 1


def _edns_limit(query: bytes, offset: int) -> int | None:
    """Return the bytes that the OPT record at `offset` allows; None if there is none."""
    if len(query) < offset + _OPT_RECORD.size:
        return None
    root, kind, size, _, _ = _OPT_RECORD.unpack_from(query, offset)
    return size if root == 0 and kind == _OPT else None


def respond(query: bytes, question: Question, records: Sequence[Record], *, limit: int) -> bytes:
    """Return the answer with `records`; with none, but the mark of truncation, if it is too long.

    `limit` is in bytes.
    """
    answers = b"".join(
        _RECORD.pack(_FIRST_NAME, each.type, _IN, _TTL_S, len(each.data)) + each.data
        for each in records
    )
    edns = _OPT_RECORD.pack(0, _OPT, _OWN_LIMIT, 0, 0) if question.has_edns else b""
    is_cut = HEADER.size + len(question.section) + len(answers) + len(edns) > limit
    flags = _flags(query) | (_TC if is_cut else 0)
    counts = (1, 0 if is_cut else len(records), 0, 1 if edns else 0)
    head = HEADER.pack(_id(query), flags, *counts)
    return head + question.section + (b"" if is_cut else answers) + edns


def refuse(query: bytes, rcode: int) -> bytes:
    """Return an answer that says no more than `rcode`; with the question, if it is whole."""
    try:
        section = parse(query).section
    except BadQuery:
        section = b""
    return HEADER.pack(_id(query), _flags(query) | rcode, 1 if section else 0, 0, 0, 0) + section


def _id(message: bytes) -> int:
    return int.from_bytes(message[:2])


def _flags(query: bytes) -> int:
    return _QR | _RA | int.from_bytes(query[2:4]) & (_OPCODE | _RD)


def with_id(message: bytes, number: int) -> bytes:
    return number.to_bytes(2) + message[2:]


def rcode(message: bytes) -> int:
    return message[3] & 0x0F


def answers_to(query: bytes, reply: bytes) -> bool:
    """Tell whether `reply` is an answer to `query`: of the same id and question.

    Some that could not read the question do not repeat it.
    """
    if len(reply) < HEADER.size or is_query(reply) or reply[:2] != query[:2]:
        return False
    try:
        section = parse(query).section
    except BadQuery:
        return False
    return int.from_bytes(reply[4:6]) == 0 or (
        reply[HEADER.size : HEADER.size + len(section)].lower() == section.lower()
    )


def name_data(name: str) -> bytes:
    """Return a name as a record has it."""
    labels = [label.encode(errors="surrogateescape") for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
