"""The flags of the default bridge and its addresses, by dockerd's names."""

import argparse
import ipaddress
from collections.abc import Callable
from typing import Final

from seacan.daemon.booleans import boolean
from seacan.engine.networks import default_bridge
from seacan.engine.networks.settings import NO_BRIDGE, BridgeAddresses
from seacan.errors import InvalidArgument
from seacan.network.links import Address, Interface, IPNetwork

_NAME_LIMIT: Final = 15  # IFNAMSIZ, linux/if.h
_LINK_LOCAL: Final = ipaddress.IPv6Network("fe80::/64")
# By the version of IP: bip, fixed CIDR, gateway.
_FLAGS: Final = {
    4: ("bip", "fixed-cidr", "default-gateway"),
    6: ("bip6", "fixed-cidr-v6", "default-gateway-v6"),
}


def add_to(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("-b", "--bridge", type=_bridge, metavar="NAME",
        help="bridge of the host for containers that ask for no network; none: there is none "
        "(default: one of the data root's own)")  # fmt: skip
    add("--ipv6", type=boolean, nargs="?", const=True, default=False, metavar="BOOL",
        help="IPv6 on the default bridge, too (default false)")  # fmt: skip
    for version, (bip, fixed_cidr, gateway) in _FLAGS.items():
        add(f"--{bip}", type=_checked(_bridge_address, version), metavar="CIDR",
            help=f"IPv{version} address of the default bridge and its subnet "
            "(default: a free one)")  # fmt: skip
        add(f"--{fixed_cidr}", type=_checked(_subnet, version), metavar="CIDR",
            help=f"part of that from which containers get IPv{version} addresses "
            "(default: all)")  # fmt: skip
        add(f"--{gateway}", type=_checked(_gateway, version), metavar="ADDRESS",
            help=f"where containers send IPv{version} packets for elsewhere "
            "(default: to the bridge)")  # fmt: skip


def addresses_of(
    given: argparse.Namespace, parser: argparse.ArgumentParser
) -> dict[int, BridgeAddresses]:
    """Return what was said of each version that the default bridge has."""
    said = {
        version: {name: getattr(given, name.replace("-", "_")) or "" for name in names}
        for version, names in _FLAGS.items()
    }
    if not given.ipv6:
        for name, value in said.pop(6).items():
            if value:
                parser.error(f"argument --{name}: there is no IPv6 on the bridge without --ipv6")
    asked = {version: BridgeAddresses(*values.values()) for version, values in said.items()}
    for version, each in asked.items():
        _check_together(given.bridge or "", version, each, parser)
    return asked


def _check_together(
    bridge: str, version: int, asked: BridgeAddresses, parser: argparse.ArgumentParser
) -> None:
    if bridge and asked.bip:
        parser.error(
            "You specified -b & --bip, mutually exclusive options. Please specify only one"
        )
    if bridge == NO_BRIDGE and asked != BridgeAddresses():
        parser.error("there is no default bridge to have addresses: --bridge=none")
    if bridge:  # it has its own, which are looked up at the start
        return
    try:
        default_bridge.subnet_of(asked, version, (), None)
    except InvalidArgument as err:
        parser.error(str(err))


def _bridge(name: str) -> str:
    if name != NO_BRIDGE and not (0 < len(name.encode()) <= _NAME_LIMIT and "/" not in name):
        raise argparse.ArgumentTypeError(f"not the name of an interface: {name!r}")
    return name


def _checked(
    read: Callable[[str], Interface | IPNetwork | Address], version: int
) -> Callable[[str], str]:
    """Return what makes text that `read` takes the usual text for it."""

    def check(text: str) -> str:
        try:
            found = read(text)
        except ValueError as err:
            raise argparse.ArgumentTypeError(str(err)) from err
        if found.version != version:
            raise argparse.ArgumentTypeError(f"not of IPv{version}: {text!r}")
        return str(found)

    return check


def _bridge_address(text: str) -> Interface:
    interface = ipaddress.ip_interface(text)
    network = interface.network
    _check_size(network)
    if interface.ip == network.network_address:
        raise ValueError(f"not an address in a subnet: {text!r}")
    return interface


def _subnet(text: str) -> IPNetwork:
    if "/" not in text:
        raise ValueError(f"invalid CIDR address: {text}")
    network = ipaddress.ip_interface(text).network  # as dockerd: what is behind the mask is dropped
    _check_size(network)
    return network


def _check_size(network: IPNetwork) -> None:
    if network.max_prefixlen - network.prefixlen < 2:
        raise ValueError(f"there is no room for containers in {network}")
    if network.version == 6 and network.overlaps(_LINK_LOCAL):
        raise ValueError(f"'{network}' clashes with the Link-Local prefix '{_LINK_LOCAL}'")


def _gateway(text: str) -> Address:
    return ipaddress.ip_address(text)
