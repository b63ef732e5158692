"""What a request to create a network comes to: its definition, all but addresses from the pools.

Sentences are dockerd's where clients see them.
"""

import ipaddress
from typing import Final, Never

from msgspec.structs import replace

from seacan.errors import Forbidden, InvalidArgument, NotFound, Unsupported
from seacan.network import addresses, definition
from seacan.network.definition import (
    BRIDGE,
    HOST,
    IPVLAN,
    MACVLAN,
    NULL,
    OPTION_NAME,
    Network,
    NetworkId,
    Subnet,
)
from seacan.network.links import IPNetwork
from seacan.spec.engine_api import IPAMConfig, NetworkCreate

PREDEFINED: Final = ("bridge", "host", "none", "default")
_DRIVERS: Final = (BRIDGE, MACVLAN, IPVLAN)
# driver: what an option of it can be
_CHOICES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    MACVLAN: {"macvlan_mode": ("bridge", "vepa", "passthru", "private")},
    IPVLAN: {"ipvlan_mode": ("l2", "l3", "l3s"), "ipvlan_flag": ("bridge", "private", "vepa")},
}
_NAME_LIMIT: Final = 15  # IFNAMSIZ, linux/if.h


def define(request: NetworkCreate, network_id: str, created_at: str) -> Network:
    """Return the network that `request` asks for; subnets that it leaves open are not among them.

    Raises InvalidArgument, Forbidden, NotFound, Unsupported.
    """
    name = request.get("Name") or ""
    if not name.strip():
        raise InvalidArgument("invalid name: name is empty")
    if name in PREDEFINED:
        raise Forbidden(f"operation is not permitted on predefined {name} network ")
    driver = _driver(request)
    options = dict(request.get("Options") or {})
    internal = bool(request.get("Internal"))
    check_options(driver, options, internal=internal)
    has_ipv4, has_ipv6 = request.get("EnableIPv4") is not False, bool(request.get("EnableIPv6"))
    # Of the other drivers, whose containers may have addresses by DHCP, Docker takes it.
    if driver == BRIDGE and not (has_ipv4 or has_ipv6):
        raise InvalidArgument("IPv4 or IPv6 must be enabled")
    network = Network(
        id=NetworkId(network_id),
        name=name,
        driver=driver,
        created_at=created_at,
        has_ipv4=has_ipv4,
        has_ipv6=has_ipv6,
        internal=internal,
        attachable=bool(request.get("Attachable")),
        options=options,
        labels=dict(request.get("Labels") or {}),
        ipam_options=(request.get("IPAM") or {}).get("Options"),
        interface=_interface(driver, options, network_id),
    )
    return replace(
        network,
        subnets=_subnets(request, network),
        unused_subnets=[
            _as_asked(config) for config in _configs(request) if _is_unused(config, network)
        ],
    )


def _driver(request: NetworkCreate) -> str:
    for field in ("Ingress", "ConfigOnly"):
        if request.get(field):
            raise Unsupported(f"{field} is not supported: there are no networks of swarms")
    if (request.get("ConfigFrom") or {}).get("Network"):
        raise Unsupported("ConfigFrom is not supported: there are no networks of configurations")
    if (request.get("Scope") or "local") != "local":
        raise Unsupported(f"scope {request.get('Scope')} is not supported: only local")
    ipam = (request.get("IPAM") or {}).get("Driver") or "default"
    if ipam != "default":
        raise NotFound(f'plugin "{ipam}" not found')
    driver = request.get("Driver") or BRIDGE
    if driver in (HOST, NULL):
        raise Forbidden(f'only one instance of "{driver}" network is allowed')
    if driver == "overlay":
        raise Unsupported("driver overlay is not supported: it is of swarms")
    if driver not in _DRIVERS:
        raise NotFound(f'plugin "{driver}" not found')
    return driver


def check_options(driver: str, options: dict[str, str], *, internal: bool) -> None:
    """Refuse options that a network of `driver` cannot have. Raises InvalidArgument, Unsupported.

    NotFound for a driver that there is not.
    """
    if driver not in _DRIVERS:
        raise NotFound(f'plugin "{driver}" not found')
    if driver == BRIDGE:
        definition.check_options(options, internal=internal)
        if len(options.get(OPTION_NAME, "").encode()) > _NAME_LIMIT:
            raise InvalidArgument(f"invalid bridge name: {options[OPTION_NAME]}: too long")
        return
    for option, choices in _CHOICES[driver].items():
        if (chosen := options.get(option)) and chosen not in choices:
            what = option.removeprefix(f"{driver}_")
            raise InvalidArgument(f"requested {driver} {what} '{chosen}' is not valid")


def _interface(driver: str, options: dict[str, str], network_id: str) -> str:
    if driver == BRIDGE:
        return options.get(OPTION_NAME) or f"br-{network_id[:12]}"
    return options.get("parent") or f"dm-{network_id[:12]}"


# --- addresses --------------------------------------------------------------------------------


def _subnets(request: NetworkCreate, asking: Network) -> list[Subnet]:
    subnets = [
        _subnet(config, asking) for config in _configs(request) if not _is_unused(config, asking)
    ]
    seen: list[IPNetwork] = []
    for subnet in subnets:
        network = subnet.network
        if any(overlaps(network, other) for other in seen):
            raise InvalidArgument(
                f"invalid network config:\nsubnet {subnet.subnet} overlaps another"
            )
        if any(network.version == other.version for other in seen):
            raise Unsupported(f"more than one IPv{network.version} subnet in a network")
        seen.append(network)
    return subnets


def overlaps(one: IPNetwork, other: IPNetwork) -> bool:
    return one.version == other.version and one.overlaps(other)


def _configs(request: NetworkCreate) -> list[IPAMConfig]:
    configs = (request.get("IPAM") or {}).get("Config") or []
    return [
        config
        for config in configs
        if any(config.get(field) for field in ("Subnet", "IPRange", "Gateway"))
    ]


def _is_unused(config: IPAMConfig, asking: Network) -> bool:
    """Whether it is of IPv6 in a network without: as in compose files, and Docker takes them."""
    subnet = config.get("Subnet") or ""
    return ":" in subnet and not asking.has_ipv6


def _as_asked(config: IPAMConfig) -> Subnet:
    subnet = str(_interface_address(config.get("Subnet") or "", "subnet").network)
    auxiliary = dict(config.get("AuxiliaryAddresses") or {})
    gateway, ip_range = config.get("Gateway") or "", config.get("IPRange") or ""
    return Subnet(subnet, gateway, ip_range, auxiliary, is_asked=True)


def _subnet(config: IPAMConfig, asking: Network) -> Subnet:
    network = _network(config.get("Subnet") or "", "subnet")
    ip_range = config.get("IPRange") or ""
    if ip_range:
        range_ = _network(ip_range, "ip-range")
        if not (range_.version == network.version and range_.subnet_of(network)):  # type: ignore[arg-type]
            _refuse(
                f"invalid ip-range {ip_range}: parent subnet {network} doesn't contain ip-range"
            )
    auxiliary = dict(config.get("AuxiliaryAddresses") or {})
    named = {f"auxiliary address {name}": text for name, text in auxiliary.items()}
    if asked := config.get("Gateway"):
        named[f"gateway {asked}"] = asked
    for what, text in named.items():
        if _address(text) not in network:
            _refuse(f"invalid {what}: parent subnet {network} doesn't contain this address")
    gateway = config.get("Gateway") or ""
    if not gateway and asking.has_gateway(network.version):
        gateway = str(addresses.first_host(network))
    return Subnet(str(network), gateway, ip_range, auxiliary, is_asked=True)


def _network(text: str, kind: str) -> IPNetwork:
    interface = _interface_address(text, kind)
    network = interface.network
    if interface.ip != network.network_address:
        _refuse(f"invalid {kind} {text}: it should be {network}")
    return network


def _interface_address(text: str, kind: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        _refuse(f"invalid {kind} {text}: invalid CIDR block notation")
    if "/" not in text:
        _refuse(f"invalid {kind} {text}: invalid CIDR block notation")
    return interface


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        _refuse(f"invalid address: {text}")


def _refuse(why: str) -> Never:
    raise InvalidArgument(f"invalid network config:\n{why}")
