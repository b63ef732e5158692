"""How queries to 127.0.0.11:53 in a container's namespace get to sockets of the daemon.

The sockets have a free port there, and rules send to it what is sent to port 53: a container may
have a server of its own on port 53 of all its addresses. They were made in the namespace by the
shim, which keeps them: a daemon that comes later finds them bound. The rules are encoded here
rather than by nft, which the daemon could not run in that namespace, and which takes milliseconds.

Source: linux/netfilter/nf_tables.h, nfnetlink.h.
"""

import errno
import ipaddress
import socket
import struct
from typing import Final

from seacan.errors import Unavailable
from seacan.network.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Netlink,
    Request,
    attribute,
    nested,
    text,
)

ADDRESS: Final = "127.0.0.11"
_PORT: Final = 53
_BACKLOG: Final = 64
_TABLE: Final = "seacan_dns"
_CHAIN: Final = "output"

_NFTABLES: Final = 10  # NFNL_SUBSYS_NFTABLES
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NEW_TABLE, _NEW_CHAIN, _NEW_RULE = (_NFTABLES << 8 | n for n in (0, 3, 6))
_NLM_F_APPEND: Final = 0x800
_HEAD: Final = struct.pack("!BBH", socket.AF_INET, 0, 0)  # nfgenmsg: family, version, resource
_BATCH_HEAD: Final = struct.pack("!BBH", socket.AF_UNSPEC, 0, _NFTABLES)

_TABLE_NAME: Final = 1
_CHAIN_TABLE, _CHAIN_NAME, _CHAIN_HOOK, _CHAIN_TYPE = 1, 3, 4, 7
_HOOK_NUMBER, _HOOK_PRIORITY = 1, 2
_LOCAL_OUT, _DESTINATION_NAT = 3, -100  # linux/netfilter.h, netfilter_ipv4.h
_RULE_TABLE, _RULE_CHAIN, _RULE_EXPRESSIONS = 1, 2, 4
_LIST_ELEMENT, _EXPRESSION_NAME, _EXPRESSION_DATA = 1, 1, 2
_REGISTER, _SECOND_REGISTER = 1, 2  # NFT_REG_1, NFT_REG_2
_NETWORK_HEADER, _TRANSPORT_HEADER = 1, 2
_META_L4PROTO: Final = 16
_NAT_DESTINATION: Final = 1


def bind(udp: socket.socket, tcp: socket.socket, netfilter: socket.socket | None) -> None:
    """Have `udp` and `tcp` get the queries of their namespace; fine if they do already.

    Raises Unavailable where the kernel cannot do that.
    """
    if netfilter is None:
        raise Unavailable("dns: the kernel has no netfilter")
    try:
        for bound in (udp, tcp):
            if bound.getsockname()[1] == 0:
                bound.bind((ADDRESS, 0))
        tcp.listen(_BACKLOG)
        _redirect(udp.getsockname()[1], tcp.getsockname()[1], netfilter)
    except OSError as err:
        raise Unavailable(f"dns: {err.strerror or err}") from err


def is_bound(udp: socket.socket) -> bool:
    return bool(udp.getsockname()[1])


def _redirect(udp_port: int, tcp_port: int, netfilter: socket.socket) -> None:
    # All of it is done or nothing: where the table is, so are the rules.
    requests = [
        _request(_NEW_TABLE, NLM_F_EXCL, text(_TABLE_NAME, _TABLE), meaning="make table"),
        _request(_NEW_CHAIN, 0, *_chain(), meaning="make chain"),
        _request(_NEW_RULE, _NLM_F_APPEND, *_rule(socket.IPPROTO_UDP, udp_port), meaning="udp"),
        _request(_NEW_RULE, _NLM_F_APPEND, *_rule(socket.IPPROTO_TCP, tcp_port), meaning="tcp"),
    ]
    begin, end = Request(_BATCH_BEGIN, _BATCH_HEAD), Request(_BATCH_END, _BATCH_HEAD)
    with Netlink(adopted=netfilter.dup()) as netlink:
        try:
            netlink.transact(begin, requests, end)
        except OSError as err:
            if err.errno != errno.EEXIST:
                raise


def _request(kind: int, flags: int, *parts: bytes, meaning: str) -> Request:
    return Request(kind, _HEAD + b"".join(parts), NLM_F_CREATE | flags, meaning)


def _chain() -> list[bytes]:
    hook = [
        _big(_HOOK_NUMBER, _LOCAL_OUT),
        _big(_HOOK_PRIORITY, _DESTINATION_NAT & 0xFFFFFFFF),
    ]
    return [
        text(_CHAIN_TABLE, _TABLE),
        text(_CHAIN_NAME, _CHAIN),
        nested(_CHAIN_HOOK, *hook),
        text(_CHAIN_TYPE, "nat"),
    ]


def _rule(protocol: int, port: int) -> list[bytes]:
    """Return `ip daddr 127.0.0.11 PROTOCOL dport 53 dnat to 127.0.0.11:PORT`."""
    address = ipaddress.IPv4Address(ADDRESS).packed
    expressions = [
        _payload(_NETWORK_HEADER, 16, 4),
        _compare(address),
        _expression("meta", _big(1, _REGISTER), _big(2, _META_L4PROTO)),
        _compare(bytes([protocol])),
        _payload(_TRANSPORT_HEADER, 2, 2),
        _compare(_PORT.to_bytes(2)),
        _immediate(_REGISTER, address),
        _immediate(_SECOND_REGISTER, port.to_bytes(2)),
        _nat(),
    ]
    return [
        text(_RULE_TABLE, _TABLE),
        text(_RULE_CHAIN, _CHAIN),
        nested(_RULE_EXPRESSIONS, *expressions),
    ]


def _payload(base: int, offset: int, length: int) -> bytes:
    """Load bytes of the packet."""
    values = (_REGISTER, base, offset, length)
    return _expression("payload", *(_big(n, value) for n, value in enumerate(values, start=1)))


def _compare(value: bytes) -> bytes:
    """Go on if they equal `value`."""
    return _expression("cmp", _big(1, _REGISTER), _big(2, 0), nested(3, attribute(1, value)))


def _immediate(register: int, value: bytes) -> bytes:
    return _expression("immediate", _big(1, register), nested(2, attribute(1, value)))


def _nat() -> bytes:
    """Send the packet to the address and the port in the two registers."""
    kind, family = _big(1, _NAT_DESTINATION), _big(2, socket.AF_INET)
    return _expression("nat", kind, family, _big(3, _REGISTER), _big(5, _SECOND_REGISTER))


def _expression(name: str, *data: bytes) -> bytes:
    return nested(_LIST_ELEMENT, text(_EXPRESSION_NAME, name), nested(_EXPRESSION_DATA, *data))


def _big(kind: int, value: int) -> bytes:
    """Return an attribute of 32 bits in the network's order."""
    return attribute(kind, struct.pack("!I", value))
