"""The network of containers that ask for none: what the daemon's flags say of its addresses.

    bip          the bridge's own address, and by it the subnet
    fixed-cidr   the part of the subnet that containers get addresses from; without bip, all of it
    gateway      where containers send what is for elsewhere, if not to the bridge

A bridge of the host (--bridge) has its addresses already, and they stand in place of bip.
Source: dockerd(8); moby, getDefaultBridgeIPAMConf.
"""

import ipaddress
from collections.abc import Sequence

from seacan.engine.networks.settings import BridgeAddresses, NetworkSettings
from seacan.errors import InvalidArgument
from seacan.network import addresses, bridges
from seacan.network.definition import (
    BRIDGE,
    OPTION_DEFAULT,
    OPTION_HOST_IPV4,
    OPTION_ICC,
    OPTION_MASQUERADE,
    OPTION_MTU,
    OPTION_NAME,
    OPTION_NAMES,
    Network,
    NetworkId,
    Subnet,
    auxiliary_gateway,
)
from seacan.network.links import Interface


def define(
    settings: NetworkSettings, network_id: NetworkId, created_at: str, kept: Network | None
) -> Network:
    """Return the network, without the subnets that are to be of the pools.

    `kept` is what it was with the daemon before this one. Blocks. Raises InvalidArgument.
    """
    asked = settings.bridge_addresses
    return Network(
        id=network_id,
        name="bridge",
        driver=BRIDGE,
        created_at=created_at,
        has_ipv6=6 in asked,
        subnets=_subnets(settings, kept),
        options={
            OPTION_DEFAULT: "true",
            OPTION_ICC: _flag(settings.icc),
            OPTION_MASQUERADE: _flag(settings.ip_masq),
            OPTION_HOST_IPV4: settings.ip,
            OPTION_NAME: settings.bridge_name,
            OPTION_MTU: str(settings.mtu),
            **({OPTION_NAMES: "true"} if settings.bridge_names else {}),
        },
        is_predefined=True,
        interface=settings.bridge_name,
        made_parent=not settings.bridge,
    )


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _subnets(settings: NetworkSettings, kept: Network | None) -> list[Subnet]:
    found = []
    for version, asked in settings.bridge_addresses.items():
        there = bridges.addresses_of(settings.bridge) if settings.bridge else []
        there = [address for address in there if address.version == version]
        before = kept.subnet(version) if kept else None
        if subnet := subnet_of(asked, version, there, before):
            found.append(subnet)
    return found


def subnet_of(
    asked: BridgeAddresses, version: int, there: Sequence[Interface], kept: Subnet | None
) -> Subnet | None:
    """Return the subnet of a version, None for one of the pools. Raises InvalidArgument.

    `there` are the addresses of the host's own bridge, `kept` is what the network had.
    """
    bridge = _bridge_address(asked, there)
    if bridge is None:
        if asked.gateway:
            raise InvalidArgument(
                f"default gateway {asked.gateway} is in no known subnet: say which by the bridge's "
                "address or the fixed CIDR"
            )
        return kept and Subnet(kept.subnet, kept.gateway, is_asked=kept.is_asked)
    if asked.gateway and ipaddress.ip_address(asked.gateway) not in bridge.network:
        raise InvalidArgument(
            f"default gateway {asked.gateway} is not in the bridge's subnet, {bridge.network}"
        )
    return Subnet(
        str(bridge.network),
        str(bridge.ip),
        asked.fixed_cidr,
        {auxiliary_gateway(version): asked.gateway} if asked.gateway else {},
        is_asked=True,
    )


def _bridge_address(asked: BridgeAddresses, there: Sequence[Interface]) -> Interface | None:
    """Return the address that the bridge is to have, or has. Raises InvalidArgument."""
    fixed = ipaddress.ip_network(asked.fixed_cidr) if asked.fixed_cidr else None
    given = [ipaddress.ip_interface(asked.bip)] if asked.bip else there
    if fixed is None:
        return given[0] if given else None
    if not given:
        return ipaddress.ip_interface(f"{addresses.first_host(fixed)}/{fixed.prefixlen}")
    for address in given:
        if fixed.subnet_of(address.network):  # type: ignore[arg-type]  # they are of one version
            return address
    subnets = ", ".join(str(address.network) for address in given)
    raise InvalidArgument(f"fixed CIDR {fixed} is not within the bridge's subnet, {subnets}")
