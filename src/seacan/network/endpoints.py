"""The interfaces of a container: made, routed, removed.

A container's namespace is worked on from outside, by a netlink socket that was made in there; what
is made for it is one packet to the host's side, and one to the other.
"""

import errno
import ipaddress
import secrets
import time
from typing import Final

from seacan import errors
from seacan.network import links
from seacan.network.definition import BRIDGE, MACVLAN, Endpoint, EndpointId, Network, Sandbox
from seacan.network.netlink import Netlink

_DEPARTURE_S: Final = 3.0
_LOOK_S: Final = 0.02
_LEAST_IPV6_MTU: Final = 1280  # IPV6_MIN_MTU, linux/ipv6.h


def new_id() -> EndpointId:
    return EndpointId(secrets.token_hex(32))


def host_interface(network: Network, endpoint_id: EndpointId) -> str:
    """Return the name of the end on the host; empty if there is none."""
    return f"veth{endpoint_id[:11]}" if network.driver == BRIDGE else ""


def make(network: Network, endpoint: Endpoint, netns: int, inside: Netlink) -> None:
    """Make an interface in the namespace `netns`, a descriptor, with its addresses.

    If it fails nothing stays. Raises Internal, Unsupported.
    """
    patience_s = 0 if endpoint.host_interface else _DEPARTURE_S
    deadline = time.monotonic() + patience_s
    while True:
        try:
            _make(network, endpoint, netns, inside)
            return
        except OSError as err:
            remove(endpoint, inside)
            if err.errno == errno.EOPNOTSUPP:
                raise errors.Unsupported(
                    f"driver {network.driver}: the kernel of this host does not have it"
                ) from err
            if err.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise errors.Internal(f"network {network.name}: {err.strerror}") from err
        # The kernel may be about to take away who had the address before, with its namespace.
        time.sleep(_LOOK_S)


def _make(network: Network, endpoint: Endpoint, netns: int, inside: Netlink) -> None:
    with Netlink() as outside:
        _make_link(outside, network, endpoint, netns)
    index = links.find_link(inside, endpoint.interface).index
    given = filter(None, (endpoint.ipv4, endpoint.ipv6, *endpoint.link_local))
    addresses = map(ipaddress.ip_interface, given)
    has_ipv6 = network.mtu >= _LEAST_IPV6_MTU  # else the kernel has nothing of it to be set
    inside.ask(
        links.set_up(index, link_local=bool(endpoint.ipv6) or not has_ipv6),
        *(links.new_address(index, address) for address in addresses),
    )


def _make_link(outside: Netlink, network: Network, endpoint: Endpoint, netns: int) -> None:
    parent = links.index_of(network.interface)
    if not parent:
        raise OSError(errno.ENODEV, f"there is no interface {network.interface}")
    if network.driver == BRIDGE:
        outside.ask(
            *links.new_veth(
                endpoint.host_interface,
                bridge=parent,
                mtu=network.mtu,
                isolated=not network.allows_neighbours,
                peer=endpoint.interface,
                mac=endpoint.mac,
                netns=netns,
            )
        )
        return
    mtu = network.mtu if network.options.get("com.docker.network.driver.mtu") else 0
    name = endpoint.interface
    if network.driver == MACVLAN:
        mode = network.options.get("macvlan_mode") or "bridge"
        request = links.new_macvlan(
            name, parent=parent, mode=mode, mtu=mtu, mac=endpoint.mac, netns=netns
        )
    else:
        mode = network.options.get("ipvlan_mode") or "l2"
        flag = network.options.get("ipvlan_flag") or "bridge"
        request = links.new_ipvlan(name, parent=parent, mode=mode, flag=flag, mtu=mtu, netns=netns)
    outside.ask(request)


def let_reach_itself(endpoint: Endpoint) -> None:
    """Let a container come to itself by a port that it publishes. Raises Internal."""
    try:
        with Netlink() as outside:
            outside.ask(links.let_reach_itself(endpoint.host_interface))
    except OSError as err:
        raise errors.Internal(str(err.strerror)) from err


def remove(endpoint: Endpoint, inside: Netlink | None) -> None:
    """Remove an interface: by its end on the host, or from within, where there is none."""
    name = endpoint.host_interface or endpoint.interface
    try:
        if endpoint.host_interface:
            with Netlink() as outside:
                outside.ask(links.remove(name))
        elif inside is not None:
            inside.ask(links.remove(name))
    except OSError as err:
        if err.errno != errno.ENODEV:  # it has gone with its namespace
            raise errors.Internal(f"remove interface {name}: {err.strerror}") from err


def are_left(sandbox: Sandbox) -> bool:
    """Tell whether there are interfaces of a sandbox on the host still."""
    return any(links.index_of(endpoint.host_interface) for endpoint in sandbox.endpoints)


def remove_left(sandbox: Sandbox) -> None:
    """Remove the interfaces that the kernel has not taken away with the namespace."""
    for endpoint in sandbox.endpoints:
        if links.index_of(endpoint.host_interface):
            remove(endpoint, None)


def route(before: Sandbox, after: Sandbox, inside: Netlink) -> None:
    """Have the default route lead through the network that has it now. Raises Internal."""
    try:
        for version in (4, 6):
            _route(before.gateway(version), after.gateway(version), version, after, inside)
    except OSError as err:
        raise errors.Internal(f"default route: {err.strerror}") from err


def _route(
    old: Endpoint | None, new: Endpoint | None, version: int, after: Sandbox, inside: Netlink
) -> None:
    if old == new:
        return
    if old is not None and old in after.endpoints:  # else it went with its interface
        index = links.find_link(inside, old.interface).index
        inside.ask(links.remove_default_route(index, _gateway(old, version), version))
    if new is not None:
        index = links.find_link(inside, new.interface).index
        inside.ask(links.new_default_route(index, _gateway(new, version), version))


def _gateway(endpoint: Endpoint, version: int) -> links.Address:
    text = endpoint.gateway_ipv4 if version == 4 else endpoint.gateway_ipv6
    return ipaddress.ip_address(text)
