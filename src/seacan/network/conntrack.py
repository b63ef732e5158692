"""Flows that the kernel remembers, forgotten when their container is gone.

A UDP flow lives on as long as packets come: without this they would go to an address that is
another container's by now. TCP notices by itself.
Source: linux/netfilter/nfnetlink_conntrack.h.
"""

import errno
import ipaddress
import socket
import struct
from collections.abc import Iterable
from typing import Final

from seacan import log
from seacan.network.netlink import NETFILTER, NLA_F_NESTED, Netlink, Request, attribute, attributes

_CTNETLINK: Final = 1 << 8  # NFNL_SUBSYS_CTNETLINK
_GET: Final = _CTNETLINK | 1
_DELETE: Final = _CTNETLINK | 2
_NFGENMSG: Final = struct.Struct("=BBH")  # family, version, resource

_CTA_TUPLE_ORIG: Final = 1
_CTA_TUPLE_REPLY: Final = 2
_CTA_TUPLE_IP: Final = 1
_CTA_TUPLE_PROTO: Final = 2
_CTA_IP_SOURCES: Final = (1, 3)  # v4, v6
_CTA_PROTO_NUM: Final = 1


def forget_udp(addresses: Iterable[str]) -> None:
    """Forget all flows of UDP that containers of these addresses answer, or have begun."""
    packed = {ipaddress.ip_address(address).packed for address in addresses}
    try:
        with Netlink(NETFILTER) as netlink:
            for family in {socket.AF_INET if len(a) == 4 else socket.AF_INET6 for a in packed}:
                _forget(netlink, family, packed)
    except OSError as err:  # a kernel without conntrack has nothing to forget
        log.debug("flows are not forgotten", error=err)


def _forget(netlink: Netlink, family: int, addresses: set[bytes]) -> None:
    head = _NFGENMSG.pack(family, 0, 0)
    flows = list(netlink.dump(Request(_GET, head, 0, "list flows")))
    for body in flows:
        found = attributes(body[_NFGENMSG.size :])
        original, reply = found.get(_CTA_TUPLE_ORIG, b""), found.get(_CTA_TUPLE_REPLY, b"")
        if _is_udp(original) and {_source(original), _source(reply)} & addresses:
            flow = attribute(_CTA_TUPLE_ORIG | NLA_F_NESTED, original)
            try:
                netlink.ask(Request(_DELETE, head + flow, 0, "forget a flow"))
            except OSError as err:
                if err.errno != errno.ENOENT:
                    raise


def _is_udp(flow: bytes) -> bool:
    protocol = attributes(attributes(flow).get(_CTA_TUPLE_PROTO, b""))
    return protocol.get(_CTA_PROTO_NUM) == bytes([socket.IPPROTO_UDP])


def _source(flow: bytes) -> bytes:
    addresses = attributes(attributes(flow).get(_CTA_TUPLE_IP, b""))
    return next((addresses[kind] for kind in _CTA_IP_SOURCES if kind in addresses), b"")
