"""Published ports as elements of maps and sets in a table of nftables, and changes of them.

    anywhere4, anywhere6    protocol . port → address . port, at all addresses of the host
    at4, at6                address . protocol . port → address . port
    open4, open6            address . protocol . port: a container's own, where a network opens any

A change is a transaction by netlink: it takes less than a millisecond of a start that somebody
waits for, a run of nft some ten. What is encoded are keys and values as the table declares them;
rules and declarations are nft's to write.

Source: linux/netfilter/nf_tables.h; nft(8), SETS, MAPS, CONCATENATIONS.
"""

import ipaddress
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from seacan.network.netlink import (
    NETFILTER,
    NLM_F_CREATE,
    Netlink,
    Request,
    attribute,
    nested,
    text,
)

_ANYWHERE: Final = ("0.0.0.0", "::")
_PROTOCOLS: Final = {
    "tcp": socket.IPPROTO_TCP,
    "udp": socket.IPPROTO_UDP,
    "sctp": socket.IPPROTO_SCTP,
}

_NFTABLES: Final = 10  # NFNL_SUBSYS_NFTABLES
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NEW_ELEMENTS, _DELETE_ELEMENTS = (_NFTABLES << 8 | n for n in (12, 14))
_INET: Final = 1  # NFPROTO_INET
_HEAD: Final = struct.pack("!BBH", _INET, 0, 0)  # nfgenmsg: family, version, resource
_BATCH_HEAD: Final = struct.pack("!BBH", socket.AF_UNSPEC, 0, _NFTABLES)
_LIST_TABLE, _LIST_SET, _LIST_ELEMENTS = 1, 2, 3
_LIST_ELEMENT: Final = 1
_ELEMENT_KEY, _ELEMENT_DATA = 1, 2
_DATA_VALUE: Final = 1

Part = str | int  # an address, a protocol; a port


class Forwarding(msgspec.Struct, frozen=True):
    """A port of the host, and the container's address and port that it leads to.

    It is open as well at the container's own address, if the network opens any; that alone without
    one of the host: 0.
    """

    protocol: str
    host_address: str
    host_port: int
    address: str
    port: int


class Element(msgspec.Struct, frozen=True):
    """What is found in the map `of` by `key`; in a set, without a `target`, the key itself."""

    of: str
    key: tuple[Part, ...]
    target: tuple[Part, ...] = ()

    def __str__(self) -> str:
        """As nft(8) has it."""
        key, target = (" . ".join(map(str, parts)) for parts in (self.key, self.target))
        return f"{key} : {target}" if target else key


def elements(forwardings: Mapping[str, Sequence[Forwarding]]) -> list[Element]:
    """Return the elements of all ports; a port that is published twice is open once."""
    every = (each for group in forwardings.values() for each in group)
    return [*dict.fromkeys(element for each in every for element in _elements(each))]


def _elements(each: Forwarding) -> Iterable[Element]:
    version = 6 if ":" in each.address else 4
    target = (each.address, each.port)
    yield Element(f"open{version}", (each.address, each.protocol, each.port))
    if each.host_port and each.host_address in _ANYWHERE:
        yield Element(f"anywhere{version}", (each.protocol, each.host_port), target)
    elif each.host_port:
        key = (each.host_address, each.protocol, each.host_port)
        yield Element(f"at{version}", key, target)


def changes(
    before: Mapping[str, Sequence[Forwarding]], after: Mapping[str, Sequence[Forwarding]]
) -> tuple[list[Element], list[Element]]:
    """Return the elements that go and those that come."""
    old, new = dict.fromkeys(elements(before)), dict.fromkeys(elements(after))
    return [each for each in old if each not in new], [each for each in new if each not in old]


def declarations(filled_with: Iterable[Element]) -> list[str]:
    """Return the lines by which nft(8) makes the maps and sets."""
    inside: dict[str, list[Element]] = {}
    for element in filled_with:
        inside.setdefault(element.of, []).append(element)
    lines = []
    for version, address in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        place, target = f"{address} . inet_proto . inet_service", f"{address} . inet_service"
        for what, name, type_ in (
            ("map", f"at{version}", f"{place} : {target}"),
            ("map", f"anywhere{version}", f"inet_proto . inet_service : {target}"),
            ("set", f"open{version}", place),
        ):
            shown = ", ".join(map(str, inside.get(name, ())))
            filling = [f"    elements = {{ {shown} }}"] if shown else []
            lines += [f"  {what} {name} {{", f"    type {type_}", *filling, "  }"]
    return lines


def change(table: str, gone: Sequence[Element], new: Sequence[Element]) -> None:
    """Delete and add elements of the inet table, all or none.

    Raises OSError, as where one that is to go is not there, or the table is not.
    """
    requests = [
        *(_request(_DELETE_ELEMENTS, 0, table, each) for each in gone),
        *(_request(_NEW_ELEMENTS, NLM_F_CREATE, table, each) for each in new),
    ]
    begin, end = Request(_BATCH_BEGIN, _BATCH_HEAD), Request(_BATCH_END, _BATCH_HEAD)
    with Netlink(NETFILTER) as netlink:
        netlink.transact(begin, requests, end)


def _request(kind: int, flags: int, table: str, element: Element) -> Request:
    body = _HEAD + text(_LIST_TABLE, table) + text(_LIST_SET, element.of)
    body += nested(_LIST_ELEMENTS, nested(_LIST_ELEMENT, *_encoded(element)))
    return Request(kind, body, flags, f"element {element} of {element.of}")


def _encoded(element: Element) -> Iterable[bytes]:
    for kind, parts in ((_ELEMENT_KEY, element.key), (_ELEMENT_DATA, element.target)):
        if parts:
            yield nested(kind, attribute(_DATA_VALUE, packed(parts)))


def packed(parts: Iterable[Part]) -> bytes:
    """Return a concatenation as the kernel compares it: in the order of the network, by words."""
    return b"".join(_padded(_bytes(part)) for part in parts)


def _bytes(part: Part) -> bytes:
    if isinstance(part, int):
        return part.to_bytes(2)
    if part in _PROTOCOLS:
        return bytes([_PROTOCOLS[part]])
    return ipaddress.ip_address(part).packed


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
