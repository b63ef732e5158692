"""Which subnets and which addresses are free.

Pools give subnets to networks; Addresses give addresses of one subnet to endpoints.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from seacan.errors import Forbidden, InvalidArgument, Unavailable
from seacan.network.links import Address, IPNetwork


class Pool(msgspec.Struct, frozen=True):
    """Subnets of `size` bits of prefix, out of `base`."""

    base: IPNetwork
    size: int

    def subnet(self, number: int) -> IPNetwork:
        step = 1 << (self.base.max_prefixlen - self.size)
        first = int(self.base.network_address) + number * step
        return type(self.base)((first, self.size))

    def __len__(self) -> int:
        return min(1 << (self.size - self.base.prefixlen), _SUBNETS_OF_A_POOL)


# A pool of IPv6 has more subnets than anybody will look through.
_SUBNETS_OF_A_POOL: Final = 1 << 16

# Source: Docker's default pools for networks of one host.
DEFAULT_POOLS: Final = (
    *(Pool(ipaddress.IPv4Network(f"172.{n}.0.0/16"), 16) for n in range(17, 32)),
    Pool(ipaddress.IPv4Network("192.168.0.0/16"), 20),
)


def parse_pool(text: str) -> Pool:
    """Return the pool of `base=CIDR,size=N`, or of `CIDR`; as dockerd's --default-address-pool.

    Raises InvalidArgument.
    """
    values = dict(part.partition("=")[::2] for part in text.split(","))
    if values.keys() != {"base", "size"} or not values["size"].isdecimal():
        raise InvalidArgument(f"not base=CIDR,size=BITS: {text!r}")
    try:
        base = ipaddress.ip_network(values["base"])
    except ValueError as err:
        raise InvalidArgument(f"address pool {text!r}: {err}") from None
    size = int(values["size"])
    if not base.prefixlen <= size <= base.max_prefixlen - 2:
        raise InvalidArgument(f"address pool {text!r}: subnets of /{size} do not fit")
    return Pool(base, size)


def choose_subnet(
    pools: Sequence[Pool], version: int, taken: Sequence[IPNetwork], offset: int = 0
) -> IPNetwork:
    """Return a subnet of the pools that overlaps none of `taken`.

    The search begins at the subnet number `offset`, so that those who do not know of one another
    rarely meet. Raises Unavailable if none is free.
    """
    fitting = [pool for pool in pools if pool.base.version == version]
    total = sum(map(len, fitting))
    relevant = [subnet for subnet in taken if subnet.version == version]
    for number in range(total):
        subnet = _subnet(fitting, (number + offset) % total)
        if not any(subnet.overlaps(other) for other in relevant):
            return subnet
    raise Unavailable("all predefined address pools have been fully subnetted")


def _subnet(pools: Sequence[Pool], number: int) -> IPNetwork:
    for pool in pools:
        if number < len(pool):
            return pool.subnet(number)
        number -= len(pool)
    raise IndexError(number)


class Addresses:
    """The addresses of one subnet."""

    def __init__(
        self, subnet: IPNetwork, *, ip_range: IPNetwork | None, reserved: Iterable[Address]
    ) -> None:
        """Those in `ip_range` are given out by themselves; `reserved` ones are not at all."""
        self._subnet = subnet
        self._range = ip_range or subnet
        self._taken: set[Address] = set(reserved)
        self._reserved = frozenset(self._taken)

    def __contains__(self, address: Address) -> bool:
        return address in self._subnet

    def take(self, wanted: Address | None = None) -> Address:
        """Return an address that nobody else has from now on, `wanted` or the lowest.

        Raises Forbidden if `wanted` is taken, Unavailable if all are.
        """
        if wanted is not None:
            if wanted in self._taken:
                raise Forbidden("Address already in use")
            self._taken.add(wanted)
            return wanted
        for address in self._candidates():
            if address not in self._taken:
                self._taken.add(address)
                return address
        raise Unavailable(f"no available IPv{self._subnet.version} addresses on this network")

    def hold(self, address: Address) -> None:
        """Note that somebody has it: a container that was there before this daemon."""
        self._taken.add(address)

    def give_back(self, address: Address) -> None:
        if address not in self._reserved:
            self._taken.discard(address)

    def _candidates(self) -> Iterator[Address]:
        """Yield the addresses of the range that a host can have."""
        first, last = int(self._range.network_address), int(self._range.broadcast_address)
        lowest, highest = _ends(self._subnet)
        for number in range(max(first, lowest), min(last, highest) + 1):
            yield ipaddress.ip_address(number) if self._subnet.version == 4 else _ipv6(number)


def _ipv6(number: int) -> Address:
    # ip_address() takes small numbers for IPv4.
    return ipaddress.IPv6Address(number)


def _ends(subnet: IPNetwork) -> tuple[int, int]:
    """Return the first and the last address that a host can have."""
    first, last = int(subnet.network_address), int(subnet.broadcast_address)
    if subnet.max_prefixlen - subnet.prefixlen < 2:
        return first, last
    return first + 1, last - (1 if subnet.version == 4 else 0)


def first_host(subnet: IPNetwork) -> Address:
    """Return the lowest address that a host can have: the gateway's, unless another is asked."""
    number = _ends(subnet)[0]
    return ipaddress.IPv4Address(number) if subnet.version == 4 else _ipv6(number)
