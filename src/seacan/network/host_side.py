"""What the networks of one daemon have on the host: interfaces, rules, and who made them.

Everything here can be done again: an interface that is there is left as it is, and the rules are
written whole. A network is made when it is created, or when the first container needs it; one that
somebody removed meanwhile is made again by the next container.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence

from seacan import errors, log
from seacan.network import bridges, conntrack, firewall, links, publishing
from seacan.network.definition import BRIDGE, Network, Sandbox
from seacan.network.elements import Forwarding
from seacan.network.firewall import Firewall
from seacan.network.links import IPNetwork
from seacan.network.netlink import Netlink


class HostSide:
    def __init__(
        self, owner: str, table: str, *, forwards: bool = True, makes_rules: bool = True
    ) -> None:
        """`owner` is the daemon's data root; with `forwards` the host is made to forward.

        Without rules, which are the host's affair then, ports are relayed, and nothing else is kept
        apart or hidden behind the host's address.
        """
        self._owner = owner
        self._forwards = forwards
        self._makes_rules = makes_rules
        self._firewall = Firewall(table)

    def make(self, network: Network) -> None:
        """Make what the network needs on the host. Raises Internal, Unsupported."""
        bridges.make(network, self._owner)
        if network.driver != BRIDGE:
            return
        if self._forwards:
            bridges.enable_forwarding(ipv6=network.has_ipv6)
        if self._has_firewall():
            self._firewall.change(segments={network.id: bridges.segment(network)})
            bridges.let_loopback_out(network)
            _warn_of_droppers(network)

    def remove(self, network: Network) -> None:
        """Remove it. Raises Internal; what is gone already is fine."""
        bridges.remove(network)
        if network.driver == BRIDGE and self._makes_rules and firewall.is_available():
            self._firewall.change(segments={network.id: None})

    def publish(self, sandbox_id: str, forwardings: Sequence[Forwarding] | None) -> None:
        """Have packets to published ports go to a container; None: no longer.

        Raises Unavailable without nft, Internal.
        """
        if self._makes_rules:
            self._firewall.change(forwardings={sandbox_id: forwardings or None})

    def settle(self, networks: Sequence[Network], sandboxes: Sequence[Sandbox]) -> None:
        """Set right what a daemon before this one left, by what runs: `sandboxes`.

        Interfaces that belong to nobody go; bridges of running containers that are gone come back.
        """
        ends = [e.host_interface for s in sandboxes for e in s.endpoints]
        bridges.settle(networks, filter(None, ends), self._owner)
        self._restore_bridges(networks, sandboxes)
        present = [n for n in networks if n.driver == BRIDGE and bridges.is_present(n)]
        if not self._makes_rules:
            self._remove_rules()
        if not present or not self._has_firewall():
            return
        self._firewall.change(
            segments={network.id: bridges.segment(network) for network in present},
            forwardings={
                sandbox.id: publishing.forwardings(sandbox.published, gateway)
                for sandbox in sandboxes
                if sandbox.published and (gateway := sandbox.gateway())
            },
        )
        for network in present:
            bridges.let_loopback_out(network)
            if network.is_default_bridge:
                self._correct(network)

    def _has_firewall(self) -> bool:
        if self._makes_rules and not firewall.is_available():
            log.warn("nft is not installed: containers reach the host only, and publish no ports")
            return False
        return self._makes_rules

    def _remove_rules(self) -> None:
        """Take away those of a daemon before this one, which made some."""
        if firewall.is_available():
            self._firewall.remove()

    def _correct(self, network: Network) -> None:
        """Give a bridge the addresses that this daemon was told, in place of those before."""
        try:
            bridges.remove_other_addresses(network)
            self.make(network)
        except (errors.SeacanError, OSError) as err:
            log.error("network does not have its addresses", name=network.name, error=err)

    def _restore_bridges(self, networks: Iterable[Network], sandboxes: Iterable[Sandbox]) -> None:
        endpoints = [each for sandbox in sandboxes for each in sandbox.endpoints]
        for network in networks:
            inside = [e for e in endpoints if e.network_id == network.id and e.host_interface]
            if not network.has_endpoints or not (inside or not network.is_predefined):
                continue
            try:
                if not bridges.is_present(network):
                    bridges.make(network, self._owner)
                for endpoint in inside:
                    bridges.rejoin(network, endpoint.host_interface)
            except (errors.SeacanError, OSError) as err:
                log.error("network is not restored", name=network.name, error=err)

    def forget_flows(self, sandbox: Sandbox) -> None:
        """Forget UDP flows to a container that is gone."""
        addresses = [a for e in sandbox.endpoints for a in (e.address_ipv4, e.address_ipv6) if a]
        if addresses:
            conntrack.forget_udp(addresses)


def _warn_of_droppers(network: Network) -> None:
    """Say what to do if another firewall keeps the network from all that is outside."""
    for chain in firewall.forwarding_is_dropped_by():
        log.warn(
            "another firewall drops what is forwarded: let the bridge pass there",
            chain=chain,
            bridge=network.interface,
        )


def routed_subnets() -> list[IPNetwork]:
    """Return the subnets that the host has routes to."""
    with Netlink() as netlink:
        return links.routed_subnets(netlink)


@contextlib.contextmanager
def claiming_addresses() -> Iterator[None]:
    """Keep other daemons of this host, which do so too, from choosing a subnet meanwhile."""
    # The namespace of the host's network is a file that all of them have.
    fd = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
