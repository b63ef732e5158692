"""The interfaces of a network on the host: its bridge, or what macvlan and ipvlan are parts of.

Each carries a line that says whose it is, by which a daemon knows its own again.
"""

import contextlib
import errno
import hashlib
import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from seacan import errors, log
from seacan.network import links
from seacan.network.definition import BRIDGE, IPVLAN, MACVLAN, Network
from seacan.network.firewall import Segment
from seacan.network.links import Interface
from seacan.network.netlink import Netlink, Request

_SYSCTLS: Final = Path("/proc/sys/net")


def alias(owner: str) -> str:
    """Return the line beside the interfaces of the daemon with the data root `owner`."""
    return f"seacan {owner}"[:255]


def is_present(network: Network) -> bool:
    return bool(links.index_of(network.interface))


def make(network: Network, owner: str) -> None:
    """Make the network's interface if it is missing, with its addresses; all or nothing.

    Raises Internal.
    """
    is_new = not is_present(network)
    try:
        with Netlink() as netlink:
            if is_new:
                netlink.ask(*_new(network), links.set_alias(network.interface, alias(owner)))
            if network.driver == BRIDGE:
                _give_addresses(netlink, network)
        if network.driver == BRIDGE:
            _set_sysctls(network)
    except OSError as err:
        if is_new:
            _remove(network.interface)
        if err.errno == errno.EOPNOTSUPP:
            raise errors.Unsupported(
                f"driver {network.driver}: the kernel of this host does not have it"
            ) from err
        raise errors.Internal(f"network {network.name}: {err.strerror}") from err


def _new(network: Network) -> list[Request]:
    name = network.interface
    if network.driver == BRIDGE:
        return [links.new_bridge(name, network.mtu, _mac(network.id))]
    parent, dot, number = name.rpartition(".")
    if dot and number.isdecimal():
        return [links.new_vlan(name, parent=links.index_of(parent), vlan_id=int(number))]
    return [links.new_dummy(name)]


def _mac(network_id: str) -> str:
    """Return an address that stays, whatever is in the bridge."""
    digest = hashlib.sha256(network_id.encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def addresses_of(name: str) -> list[Interface]:
    """Return the addresses of an interface of the host, without those of its link alone."""
    with Netlink() as netlink:
        texts = links.list_addresses(netlink).get(links.index_of(name), ())
        return [each for each in map(ipaddress.ip_interface, texts) if not each.is_link_local]


def remove_other_addresses(network: Network) -> None:
    """Leave its bridge, if it is ours, no addresses but those of the network."""
    if not network.made_parent:
        return
    others = {*addresses_of(network.interface)} - {*_addresses(network)}
    with Netlink() as netlink:
        for address in others:
            netlink.ask(links.remove_address(links.index_of(network.interface), address))


def _give_addresses(netlink: Netlink, network: Network) -> None:
    index = links.index_of(network.interface)
    for address in _addresses(network):
        with _unless_there():
            netlink.ask(links.new_address(index, address))


def _addresses(network: Network) -> list[Interface]:
    """Return those that the network's bridge has."""
    return [
        ipaddress.ip_interface(f"{subnet.gateway}/{subnet.network.prefixlen}")
        for subnet in network.subnets
        if subnet.gateway and network.has_host(subnet.network.version)
    ]


@contextlib.contextmanager
def _unless_there() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        if err.errno != errno.EEXIST:
            raise


def _set_sysctls(network: Network) -> None:
    name = network.interface
    has_ipv6 = network.has_ipv6 and network.has_host(6)
    # A container must not tell the host where to route.
    _write_sysctl(f"ipv6/conf/{name}/accept_ra", "0")
    _write_sysctl(f"ipv6/conf/{name}/disable_ipv6", "0" if has_ipv6 else "1")


def let_loopback_out(network: Network) -> None:
    """Let packets from 127.0.0.1, of the host itself, into the network: for published ports.

    The firewall's rules must be there before, for packets in the other direction.
    """
    _write_sysctl(f"ipv4/conf/{network.interface}/route_localnet", "1")


def enable_forwarding(*, ipv6: bool) -> None:
    """Make the host forward packets between its interfaces, if it does not: of all networks."""
    _write_sysctl("ipv4/ip_forward", "1")
    if ipv6:
        _forward_ipv6()


def _forward_ipv6() -> None:
    if _read_sysctl("ipv6/conf/all/forwarding") == "1":
        return
    # A host that forwards takes no more routes from routers unless it is told to.
    for conf in (_SYSCTLS / "ipv6/conf").iterdir():
        if _read_sysctl(f"ipv6/conf/{conf.name}/accept_ra") == "1":
            _write_sysctl(f"ipv6/conf/{conf.name}/accept_ra", "2")
    _write_sysctl("ipv6/conf/all/forwarding", "1")


def _read_sysctl(name: str) -> str:
    try:
        return (_SYSCTLS / name).read_text().strip()
    except OSError:
        return ""


def _write_sysctl(name: str, value: str) -> None:
    """Write a parameter of the kernel unless it is so already, or there is none."""
    if _read_sysctl(name) in ("", value):
        return
    try:
        (_SYSCTLS / name).write_text(value)
    except OSError as err:
        log.warn("kernel parameter is not set", name=f"net/{name}", value=value, error=err)


def remove(network: Network) -> None:
    """Remove the interface, unless it is the host's own. Raises Internal."""
    if not network.made_parent:
        return
    try:
        _remove(network.interface)
    except OSError as err:
        raise errors.Internal(f"network {network.name}: {err.strerror}") from err


def _remove(name: str) -> None:
    with Netlink() as netlink:
        try:
            netlink.ask(links.remove(name))
        except OSError as err:
            if err.errno != errno.ENODEV:
                raise


def segment(network: Network) -> Segment | None:
    """Return what the firewall needs to know; None for a network that does not pass the host."""
    if network.driver in (MACVLAN, IPVLAN):
        return None
    by_version = {subnet.network.version: subnet.subnet for subnet in network.subnets}
    return Segment(
        network.interface,
        [*by_version.values()],
        network.internal,
        network.masquerades,
        routed=[subnet for version, subnet in by_version.items() if network.is_routed(version)],
        unprotected=[s for version, s in by_version.items() if network.is_unprotected(version)],
        trusted=network.trusted_interfaces,
        sources={
            s: source for version, s in by_version.items() if (source := network.source(version))
        },
    )


def settle(networks: Iterable[Network], wanted: Iterable[str], owner: str) -> None:
    """Remove interfaces that belong to nobody, of starts and networks that were cut short.

    `wanted` are the host's ends of the interfaces of running containers; one that has lost its
    bridge is put into it again.
    """
    keep, ours = {*wanted}, {network.interface for network in networks}
    with Netlink() as netlink:
        found = links.list_links(netlink)
        bridges = {link.index for link in found if link.name in ours and link.kind == "bridge"}
        for link in found:
            is_lost_end = link.kind == "veth" and link.master in bridges and link.name not in keep
            is_lost_network = link.alias == alias(owner) and link.name not in ours
            if is_lost_end or is_lost_network:
                log.info("remove an interface that nobody has", name=link.name)
                _remove(link.name)


def rejoin(network: Network, host_interface: str) -> None:
    """Put a container's interface into the bridge again, if it has lost it."""
    with Netlink() as netlink:
        bridge = links.index_of(network.interface)
        for link in links.list_links(netlink):
            if link.name == host_interface and link.master != bridge:
                netlink.ask(links.set_master(host_interface, bridge))
