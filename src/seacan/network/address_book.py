"""The addresses of all networks of a daemon, given out and given back."""

import ipaddress
from collections.abc import Iterable

from seacan.network.addresses import Addresses
from seacan.network.definition import Network, Subnet
from seacan.network.links import Address


class AddressBook:
    def __init__(self) -> None:
        self._free: dict[str, dict[int, Addresses]] = {}

    def open(self, network: Network) -> None:
        """Begin, or begin anew, to give out the addresses of a network."""
        self._free[network.id] = {s.network.version: _addresses(s) for s in network.subnets}

    def close(self, network: Network) -> None:
        del self._free[network.id]

    def take(self, network: Network, version: int, wanted: str = "") -> str:
        """Return an address such as 172.17.0.2/16 that nobody else has from now on.

        Empty if the network has none of that version. Raises Forbidden, Unavailable.
        """
        free, subnet = self._free[network.id].get(version), network.subnet(version)
        if free is None or subnet is None:
            return ""
        taken = free.take(ipaddress.ip_address(wanted) if wanted else None)
        return f"{taken}/{subnet.network.prefixlen}"

    def hold(self, network_id: str, addresses: Iterable[str]) -> None:
        """Note that a container has them: one that was there before this daemon."""
        for free, address in self._of(network_id, addresses):
            free.hold(address)

    def give_back(self, network_id: str, addresses: Iterable[str]) -> None:
        for free, address in self._of(network_id, addresses):
            free.give_back(address)

    def _of(self, network_id: str, addresses: Iterable[str]) -> Iterable[tuple[Addresses, Address]]:
        by_version = self._free.get(network_id, {})
        for text in filter(None, addresses):
            address = ipaddress.ip_interface(text).ip
            if free := by_version.get(address.version):
                yield free, address


def _addresses(subnet: Subnet) -> Addresses:
    ip_range = ipaddress.ip_network(subnet.ip_range) if subnet.ip_range else None
    return Addresses(subnet.network, ip_range=ip_range, reserved=reserved(subnet))


def reserved(subnet: Subnet) -> list[Address]:
    """Return the addresses that no container gets: the gateway's and the auxiliary ones."""
    texts = (subnet.gateway, *subnet.auxiliary.values())
    return [ipaddress.ip_address(text) for text in texts if text]
