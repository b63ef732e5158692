"""Free subnets and free addresses."""

import ipaddress

import pytest

from seacan.errors import Forbidden, InvalidArgument, Unavailable
from seacan.network.address_book import AddressBook
from seacan.network.addresses import Addresses, Pool, choose_subnet, first_host, parse_pool
from seacan.network.definition import Network, NetworkId, Subnet
from seacan.network.links import IPNetwork


def _net(text: str) -> IPNetwork:
    return ipaddress.ip_network(text)


def _addresses(subnet: str, *reserved: str, ip_range: str = "") -> Addresses:
    return Addresses(
        _net(subnet),
        ip_range=_net(ip_range) if ip_range else None,
        reserved=[ipaddress.ip_address(text) for text in reserved],
    )


@pytest.mark.parametrize(
    ("subnet", "ip_range", "given"),
    [
        ("10.0.0.0/29", "", "10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6"),
        ("10.0.0.0/29", "10.0.0.4/31", "10.0.0.4 10.0.0.5"),
        ("10.0.0.0/30", "", "10.0.0.2"),
        ("fd00::/126", "", "fd00::2 fd00::3"),
    ],
)
def test_the_lowest_free_address_is_given(subnet: str, ip_range: str, given: str) -> None:
    addresses = _addresses(subnet, str(first_host(_net(subnet))), ip_range=ip_range)
    taken = [str(addresses.take()) for _ in given.split()]
    assert taken == given.split()
    with pytest.raises(Unavailable):
        addresses.take()


def test_what_is_given_back_is_given_again_and_what_is_held_is_not() -> None:
    addresses = _addresses("10.0.0.0/24", "10.0.0.1")
    second, third = ipaddress.ip_address("10.0.0.2"), ipaddress.ip_address("10.0.0.3")
    addresses.hold(second)
    assert addresses.take() == third
    addresses.give_back(second)
    assert addresses.take() == second


def test_an_address_that_is_taken_or_reserved_is_refused() -> None:
    addresses = _addresses("10.0.0.0/24", "10.0.0.1")
    gateway, other = ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("10.0.0.9")
    assert addresses.take(other) == other
    for wanted in (other, gateway):
        with pytest.raises(Forbidden, match="Address already in use"):
            addresses.take(wanted)
    addresses.give_back(gateway)  # nobody had it, and nobody gets it
    with pytest.raises(Forbidden):
        addresses.take(gateway)


POOLS = (Pool(_net("10.0.0.0/23"), 24), Pool(_net("10.1.0.0/16"), 16), Pool(_net("fd00::/48"), 64))


@pytest.mark.parametrize(
    ("version", "taken", "offset", "chosen"),
    [
        (4, [], 0, "10.0.0.0/24"),
        (4, ["10.0.0.0/24"], 0, "10.0.1.0/24"),
        (4, ["10.0.0.128/25", "10.0.1.0/30"], 0, "10.1.0.0/16"),
        (4, [], 2, "10.1.0.0/16"),
        (4, ["10.1.2.0/24"], 2, "10.0.0.0/24"),
        (4, [], 3_000_001, "10.0.1.0/24"),
        (6, ["10.0.0.0/8"], 0, "fd00::/64"),
        (6, ["fd00::/64"], 0, "fd00:0:0:1::/64"),
    ],
)
def test_a_subnet_that_nobody_has_is_chosen(
    version: int, taken: list[str], offset: int, chosen: str
) -> None:
    assert choose_subnet(POOLS, version, list(map(_net, taken)), offset) == _net(chosen)


def test_no_subnet_is_left() -> None:
    with pytest.raises(Unavailable, match="fully subnetted"):
        choose_subnet(POOLS, 4, [_net("10.0.0.0/8")])


@pytest.mark.parametrize(
    "text",
    ["", "base=10.0.0.0/8", "base=10.0.0.0/8,size=4", "base=x,size=9", "base=10.0.0.0/8,size=31"],
)
def test_no_pool(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_pool(text)


def test_a_pool() -> None:
    pool = parse_pool("base=10.4.0.0/14,size=24")
    assert (len(pool), pool.subnet(1)) == (1024, _net("10.4.1.0/24"))


def test_the_book_keeps_networks_apart() -> None:
    book = AddressBook()
    networks = [
        Network(NetworkId(name), name, "bridge", "", [Subnet("10.0.0.0/24", "10.0.0.1")])
        for name in "ab"
    ]
    for network in networks:
        book.open(network)
    assert [book.take(network, 4) for network in networks] == ["10.0.0.2/24"] * 2
    assert book.take(networks[0], 6) == ""
    book.hold("a", ["10.0.0.3/24", ""])
    assert book.take(networks[0], 4) == "10.0.0.4/24"
    book.give_back("a", ["10.0.0.2/24"])
    assert book.take(networks[0], 4) == "10.0.0.2/24"
    book.give_back("gone", ["10.0.0.2/24"])  # its network was removed meanwhile
