"""Network interfaces, their addresses and routes: what is asked of the kernel, as data.

Functions return requests for `Netlink.ask`, or read what there is.
Source: rtnetlink(7), linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h, linux/veth.h.
"""

import ipaddress
import socket
import struct
from typing import Final

import msgspec

from seacan.network.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Netlink,
    Request,
    attribute,
    attributes,
    nested,
    number,
    text,
)

Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_RTM_NEWLINK: Final = 16
_RTM_DELLINK: Final = 17
_RTM_GETLINK: Final = 18
_RTM_NEWADDR: Final = 20
_RTM_DELADDR: Final = 21
_RTM_GETADDR: Final = 22
_RTM_NEWROUTE: Final = 24
_RTM_DELROUTE: Final = 25
_RTM_GETROUTE: Final = 26

_IFLA_ADDRESS: Final = 1
_IFLA_IFNAME: Final = 3
_IFLA_MTU: Final = 4
_IFLA_LINK: Final = 5
_IFLA_MASTER: Final = 10
_IFLA_LINKINFO: Final = 18
_IFLA_IFALIAS: Final = 20
_IFLA_AF_SPEC: Final = 26
_IFLA_NET_NS_FD: Final = 28
_IFLA_INFO_KIND: Final = 1
_IFLA_INFO_DATA: Final = 2
_IFLA_INFO_SLAVE_KIND: Final = 4
_IFLA_INFO_SLAVE_DATA: Final = 5
_IFLA_BRPORT_MODE: Final = 4
_IFLA_BRPORT_ISOLATED: Final = 33
_IFLA_MACVLAN_MODE: Final = 1
_IFLA_IPVLAN_MODE: Final = 1
_IFLA_IPVLAN_FLAGS: Final = 2
_IFLA_VLAN_ID: Final = 1
_IFLA_INET6_ADDR_GEN_MODE: Final = 8
_ADDR_GEN_NONE: Final = 1
_VETH_INFO_PEER: Final = 1

_IFA_ADDRESS: Final = 1
_IFA_LOCAL: Final = 2
_IFA_BROADCAST: Final = 4
_IFA_F_NODAD: Final = 0x02

_RTA_DST: Final = 1
_RTA_OIF: Final = 4
_RTA_GATEWAY: Final = 5
_RT_TABLE_MAIN: Final = 254
_RTPROT_BOOT: Final = 3
_RT_SCOPE_UNIVERSE: Final = 0
_RT_SCOPE_LINK: Final = 253
_RTN_UNICAST: Final = 1

_IFF_UP: Final = 1
_IFINFOMSG: Final = struct.Struct("=BxHiII")  # family, type, index, flags, change
_IFADDRMSG: Final = struct.Struct("=BBBBI")  # family, prefix, flags, scope, index
_RTMSG: Final = struct.Struct("=BBBBBBBBI")

_MACVLAN_MODES: Final = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}
_IPVLAN_MODES: Final = {"l2": 0, "l3": 1, "l3s": 2}
_IPVLAN_FLAGS: Final = {"bridge": 0, "private": 1, "vepa": 2}


class Link(msgspec.Struct, frozen=True):
    index: int
    name: str
    kind: str  # bridge, veth, …; empty for a device
    master: int  # index of its bridge, 0 without one
    alias: str
    peer: int  # index of a pair's other end, in whichever namespace that is; 0 without one


# --- made -------------------------------------------------------------------------------------


def new_bridge(name: str, mtu: int, mac: str) -> Request:
    body = _ifinfo(up=True) + text(_IFLA_IFNAME, name) + number(_IFLA_MTU, mtu)
    body += attribute(_IFLA_ADDRESS, _mac(mac)) + _kind("bridge")
    return Request(_RTM_NEWLINK, body, NLM_F_CREATE | NLM_F_EXCL, f"make bridge {name}")


def new_veth(
    name: str,
    *,
    bridge: int,
    mtu: int,
    isolated: bool,
    peer: str,
    mac: str,
    netns: int,
) -> list[Request]:
    """Return what makes a pair: one end up in `bridge`, the other in the namespace of `netns`.

    `bridge` is an index, `netns` a descriptor. The other end is not up yet. With `isolated` it
    reaches no other isolated end in the bridge.
    """
    other = _ifinfo() + text(_IFLA_IFNAME, peer) + number(_IFLA_MTU, mtu)
    other += attribute(_IFLA_ADDRESS, _mac(mac)) + number(_IFLA_NET_NS_FD, netns)
    body = _ifinfo(up=True) + text(_IFLA_IFNAME, name) + number(_IFLA_MTU, mtu)
    body += number(_IFLA_MASTER, bridge)
    body += _kind("veth", nested(_VETH_INFO_PEER, other))
    requests = [Request(_RTM_NEWLINK, body, NLM_F_CREATE | NLM_F_EXCL, f"make interface {name}")]
    return [*requests, _isolate(name)] if isolated else requests


def _isolate(name: str) -> Request:
    return _set_port(name, _IFLA_BRPORT_ISOLATED, f"isolate interface {name}")


def let_reach_itself(name: str) -> Request:
    """Return what lets packets go out of a bridge where they came in: by a published port."""
    return _set_port(name, _IFLA_BRPORT_MODE, f"set hairpin mode of interface {name}")


def _set_port(name: str, kind: int, meaning: str) -> Request:
    data = nested(_IFLA_INFO_SLAVE_DATA, attribute(kind, b"\1"))
    info = nested(_IFLA_LINKINFO, text(_IFLA_INFO_SLAVE_KIND, "bridge"), data)
    return Request(_RTM_NEWLINK, _ifinfo() + text(_IFLA_IFNAME, name) + info, 0, meaning)


def new_macvlan(name: str, *, parent: int, mode: str, mtu: int, mac: str, netns: int) -> Request:
    """Return what makes a macvlan interface of the host's `parent` in the namespace `netns`."""
    data = number(_IFLA_MACVLAN_MODE, _MACVLAN_MODES[mode])
    body = _of_parent(name, parent, mtu, netns) + attribute(_IFLA_ADDRESS, _mac(mac))
    body += _kind("macvlan", data)
    return Request(_RTM_NEWLINK, body, NLM_F_CREATE | NLM_F_EXCL, f"make macvlan interface {name}")


def new_ipvlan(name: str, *, parent: int, mode: str, flag: str, mtu: int, netns: int) -> Request:
    data = attribute(_IFLA_IPVLAN_MODE, struct.pack("=H", _IPVLAN_MODES[mode]))
    data += attribute(_IFLA_IPVLAN_FLAGS, struct.pack("=H", _IPVLAN_FLAGS[flag]))
    body = _of_parent(name, parent, mtu, netns) + _kind("ipvlan", data)
    return Request(_RTM_NEWLINK, body, NLM_F_CREATE | NLM_F_EXCL, f"make ipvlan interface {name}")


def _of_parent(name: str, parent: int, mtu: int, netns: int) -> bytes:
    body = _ifinfo() + text(_IFLA_IFNAME, name) + number(_IFLA_LINK, parent)
    body += number(_IFLA_MTU, mtu) if mtu else b""
    return body + number(_IFLA_NET_NS_FD, netns)


def new_vlan(name: str, *, parent: int, vlan_id: int) -> Request:
    data = attribute(_IFLA_VLAN_ID, struct.pack("=H", vlan_id))
    body = _ifinfo(up=True) + text(_IFLA_IFNAME, name) + number(_IFLA_LINK, parent)
    body += _kind("vlan", data)
    return Request(_RTM_NEWLINK, body, NLM_F_CREATE | NLM_F_EXCL, f"make VLAN interface {name}")


def new_dummy(name: str) -> Request:
    body = _ifinfo(up=True) + text(_IFLA_IFNAME, name) + _kind("dummy")
    return Request(_RTM_NEWLINK, body, NLM_F_CREATE | NLM_F_EXCL, f"make interface {name}")


def set_alias(name: str, alias: str) -> Request:
    """Return what writes a line for people beside the interface; ip-link(8) shows it."""
    body = _ifinfo() + text(_IFLA_IFNAME, name) + attribute(_IFLA_IFALIAS, alias.encode())
    return Request(_RTM_NEWLINK, body, 0, f"describe interface {name}")


def set_master(name: str, bridge: int) -> Request:
    body = _ifinfo() + text(_IFLA_IFNAME, name) + number(_IFLA_MASTER, bridge)
    return Request(_RTM_NEWLINK, body, 0, f"put interface {name} into its bridge")


def remove(name: str) -> Request:
    return Request(
        _RTM_DELLINK, _ifinfo() + text(_IFLA_IFNAME, name), 0, f"remove interface {name}"
    )


def set_up(index: int, *, link_local: bool) -> Request:
    """Return what brings it up; without `link_local` it gets no IPv6 address by itself."""
    body = _ifinfo(index, up=True)
    if not link_local:
        mode = attribute(_IFLA_INET6_ADDR_GEN_MODE, bytes([_ADDR_GEN_NONE]))
        body += nested(_IFLA_AF_SPEC, nested(socket.AF_INET6, mode))
    return Request(_RTM_NEWLINK, body, 0, "bring the interface up")


def new_address(index: int, interface: Interface) -> Request:
    address = interface.ip.packed
    flags = _IFA_F_NODAD if interface.version == 6 else 0
    body = _IFADDRMSG.pack(_family(interface), interface.network.prefixlen, flags, 0, index)
    body += attribute(_IFA_LOCAL, address) + attribute(_IFA_ADDRESS, address)
    if interface.version == 4 and interface.network.prefixlen < 31:
        body += attribute(_IFA_BROADCAST, interface.network.broadcast_address.packed)
    return Request(_RTM_NEWADDR, body, NLM_F_CREATE, f"give address {interface}")


def remove_address(index: int, interface: Interface) -> Request:
    body = _IFADDRMSG.pack(_family(interface), interface.network.prefixlen, 0, 0, index)
    body += attribute(_IFA_LOCAL, interface.ip.packed)
    return Request(_RTM_DELADDR, body, 0, f"remove address {interface}")


def new_default_route(index: int, gateway: Address | None, version: int = 4) -> Request:
    """Return what makes the route to everywhere; without a gateway, over the interface itself."""
    return _route(_RTM_NEWROUTE, index, gateway, version, NLM_F_CREATE, "make the default route")


def remove_default_route(index: int, gateway: Address | None, version: int = 4) -> Request:
    return _route(_RTM_DELROUTE, index, gateway, version, 0, "remove the default route")


def _route(
    kind: int, index: int, gateway: Address | None, version: int, flags: int, meaning: str
) -> Request:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    scope = _RT_SCOPE_UNIVERSE if gateway else _RT_SCOPE_LINK
    body = _RTMSG.pack(family, 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_BOOT, scope, _RTN_UNICAST, 0)
    body += attribute(_RTA_GATEWAY, gateway.packed) if gateway else b""
    return Request(kind, body + number(_RTA_OIF, index), flags, meaning)


# --- looked at --------------------------------------------------------------------------------


def list_links(netlink: Netlink) -> list[Link]:
    """Return all interfaces of the namespace."""
    request = Request(_RTM_GETLINK, _ifinfo(), 0, "list interfaces")
    return [_link(body) for body in netlink.dump(request)]


def find_link(netlink: Netlink, name: str) -> Link:
    """Return the interface `name`. Raises OSError if there is none."""
    body = _ifinfo() + text(_IFLA_IFNAME, name)
    return _link(netlink.get(Request(_RTM_GETLINK, body, 0, f"find interface {name}")))


def _link(body: bytes) -> Link:
    _, _, index, _, _ = _IFINFOMSG.unpack_from(body)
    found = attributes(body[_IFINFOMSG.size :])
    info = attributes(found.get(_IFLA_LINKINFO, b""))
    return Link(
        index,
        found.get(_IFLA_IFNAME, b"").rstrip(b"\0").decode(errors="replace"),
        info.get(_IFLA_INFO_KIND, b"").rstrip(b"\0").decode(errors="replace"),
        int.from_bytes(found.get(_IFLA_MASTER, b""), "little"),
        found.get(_IFLA_IFALIAS, b"").rstrip(b"\0").decode(errors="replace"),
        int.from_bytes(found.get(_IFLA_LINK, b""), "little"),
    )


def list_addresses(netlink: Netlink) -> dict[int, list[str]]:
    """Return the addresses of the namespace, such as 172.17.0.2/16, by index of interface."""
    found: dict[int, list[str]] = {}
    request = Request(_RTM_GETADDR, _IFADDRMSG.pack(*[0] * 5), 0, "list addresses")
    for body in netlink.dump(request):
        _, length, _, _, index = _IFADDRMSG.unpack_from(body)
        given = attributes(body[_IFADDRMSG.size :])
        packed = given.get(_IFA_LOCAL) or given.get(_IFA_ADDRESS)
        if packed:
            found.setdefault(index, []).append(f"{ipaddress.ip_address(packed)}/{length}")
    return found


def routed_subnets(netlink: Netlink) -> list[IPNetwork]:
    """Return what the main table has a route to, but for the default: addresses that are taken."""
    found: list[IPNetwork] = []
    request = Request(_RTM_GETROUTE, _RTMSG.pack(*[0] * 9), 0, "list routes")
    for body in netlink.dump(request):
        family, length, _, _, table, *_ = _RTMSG.unpack_from(body)
        destination = attributes(body[_RTMSG.size :]).get(_RTA_DST)
        if table == _RT_TABLE_MAIN and destination and length:
            found.append(_network(family, destination, length))
    return found


def _network(family: int, destination: bytes, length: int) -> IPNetwork:
    if family == socket.AF_INET:
        return ipaddress.IPv4Network((destination, length), strict=False)
    return ipaddress.IPv6Network((destination, length), strict=False)


def index_of(name: str) -> int:
    """Return the index of the host's interface `name`, 0 if there is none, or no name."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0


# --- encoded ----------------------------------------------------------------------------------


def _ifinfo(index: int = 0, *, up: bool = False) -> bytes:
    flags = _IFF_UP if up else 0
    return _IFINFOMSG.pack(socket.AF_UNSPEC, 0, index, flags, flags)


def _kind(kind: str, *data: bytes) -> bytes:
    more = [nested(_IFLA_INFO_DATA, *data)] if data else []
    return nested(_IFLA_LINKINFO, text(_IFLA_INFO_KIND, kind), *more)


def _family(interface: Interface) -> int:
    return socket.AF_INET if interface.version == 4 else socket.AF_INET6


def _mac(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
