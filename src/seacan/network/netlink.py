"""Netlink: requests to the kernel, many in one packet, and its answers.

A batch is sent as one packet and answered one by one, in order; the kernel carries out each before
it looks at the next, and goes on after one that fails.

Source: netlink(7), linux/netlink.h; its attributes, RFC 3549.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

ROUTE: Final = 0  # NETLINK_ROUTE
NETFILTER: Final = 12  # NETLINK_NETFILTER

NLM_F_REQUEST: Final = 0x1
NLM_F_ACK: Final = 0x4
NLM_F_EXCL: Final = 0x200
NLM_F_CREATE: Final = 0x400
NLM_F_DUMP: Final = 0x300

_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_SOL_NETLINK: Final = 270
_NETLINK_EXT_ACK: Final = 11
_NLM_F_CAPPED: Final = 0x100
_NLM_F_ACK_TLVS: Final = 0x200
_NLMSGERR_ATTR_MSG: Final = 1
NLA_F_NESTED: Final = 0x8000
_NLA_TYPE_MASK: Final = 0x3FFF

_HEADER: Final = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE: Final = struct.Struct("=HH")  # length, type
_PACKET_LIMIT: Final = 64 * 1024
_DEADLINE_S: Final = 10.0


class Request(msgspec.Struct, frozen=True):
    """One message: its type, its flags beside REQUEST and ACK, its body, and what it is for."""

    type: int
    body: bytes
    flags: int = 0
    meaning: str = ""


def attribute(kind: int, data: bytes) -> bytes:
    """Return one attribute, padded to four bytes."""
    length = _ATTRIBUTE.size + len(data)
    return _ATTRIBUTE.pack(length, kind) + data + bytes(-length % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    return attribute(kind | NLA_F_NESTED, b"".join(attributes))


def number(kind: int, value: int) -> bytes:
    """Return an attribute of 32 bits in the host's order."""
    return attribute(kind, struct.pack("=I", value))


def text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def attributes(data: bytes) -> dict[int, bytes]:
    """Return the attributes in `data` by their type; of one that is there twice the last counts."""
    found = {}
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & _NLA_TYPE_MASK] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += length + -length % 4
    return found


class Netlink:
    """A netlink socket: one of the caller's network namespace, or of where it was made."""

    def __init__(self, family: int = ROUTE, *, adopted: socket.socket | None = None) -> None:
        """`adopted` is a socket made in another namespace, which is closed with this."""
        self._socket = adopted or socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family
        )
        self._sequence = 0
        self._socket.settimeout(_DEADLINE_S)
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_EXT_ACK, 1)

    def __enter__(self) -> "Netlink":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, *requests: Request) -> None:
        """Have all `requests` carried out, in order.

        Raises OSError for the first that is refused, with the kernel's own words if it has any; the
        others were carried out all the same, unless they need what the first was to make.
        """
        first = self._sequence + 1
        self._send([(request, NLM_F_ACK) for request in requests])
        self._hear_all(first, requests)

    def transact(self, begin: Request, requests: Sequence[Request], end: Request) -> None:
        """Have all `requests` carried out, or none, as netfilter does between `begin` and `end`.

        Raises OSError for the first that is refused.
        """
        first = self._sequence + 1
        acknowledged = [(request, NLM_F_ACK) for request in requests]
        self._send([(begin, 0), *acknowledged, (end, 0)])
        self._hear_all(first, [begin, *requests], silent=1)

    def _hear_all(self, first: int, requests: Sequence[Request], silent: int = 0) -> None:
        """Hear the answers to all but `silent` requests: these are answered if all have failed."""
        failure: OSError | None = None
        answered = 0
        while answered < len(requests) - silent:
            for kind, flags, sequence, body in self._receive():
                if kind != _NLMSG_ERROR or sequence < first:
                    continue  # of an earlier batch
                answered += 1
                failure = failure or _failure(flags, body, requests[sequence - first].meaning)
                if failure is not None and sequence - first < silent:
                    raise failure
        if failure is not None:
            raise failure

    def get(self, request: Request) -> bytes:
        """Return the body of the one object that `request` is for. Raises OSError."""
        self._send([(request, 0)])
        while True:
            for kind, flags, sequence, body in self._receive():
                if sequence != self._sequence:
                    continue
                if kind != _NLMSG_ERROR:
                    return body
                if failure := _failure(flags, body, request.meaning):
                    raise failure

    def dump(self, request: Request) -> Iterator[bytes]:
        """Yield the bodies of all objects that the kernel lists for `request`."""
        self._send([(request, NLM_F_DUMP)])
        while True:
            for kind, flags, sequence, body in self._receive():
                if sequence != self._sequence:
                    continue
                if kind == _NLMSG_DONE:
                    return
                if kind == _NLMSG_ERROR:
                    if failure := _failure(flags, body, request.meaning):
                        raise failure
                    return
                yield body

    def _send(self, requests: Sequence[tuple[Request, int]]) -> None:
        packet = bytearray()
        for request, flags in requests:
            self._sequence += 1
            length = _HEADER.size + len(request.body)
            packet += _HEADER.pack(
                length, request.type, NLM_F_REQUEST | request.flags | flags, self._sequence, 0
            )
            packet += request.body + bytes(-length % 4)
        self._socket.sendto(packet, (0, 0))

    def _receive(self) -> Iterable[tuple[int, int, int, bytes]]:
        """Return type, flags, sequence and body of the messages in the next packet."""
        try:
            packet = self._socket.recv(_PACKET_LIMIT)
        except TimeoutError:
            raise OSError(errno.ETIMEDOUT, "netlink: the kernel does not answer") from None
        found = []
        offset = 0
        while offset + _HEADER.size <= len(packet):
            length, kind, flags, sequence, _ = _HEADER.unpack_from(packet, offset)
            if length < _HEADER.size:
                break
            found.append((kind, flags, sequence, packet[offset + _HEADER.size : offset + length]))
            offset += length + -length % 4
        return found


def _failure(flags: int, body: bytes, meaning: str) -> OSError | None:
    """Return what an answer reports; None if it says that all is well."""
    number = -int.from_bytes(body[:4], "little", signed=True)
    if number == 0:
        return None
    words = os.strerror(number)
    if flags & _NLM_F_ACK_TLVS:
        # After the number comes the request, or its header alone.
        length = int.from_bytes(body[4:8], "little")
        start = 4 + (_HEADER.size if flags & _NLM_F_CAPPED else length + -length % 4)
        if told := attributes(body[start:]).get(_NLMSGERR_ATTR_MSG):
            words += f" ({told.rstrip(bytes(1)).decode(errors='replace')})"
    return OSError(number, f"{meaning}: {words}" if meaning else words)
