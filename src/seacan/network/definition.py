"""A network, and a container's part in it, as records; what the drivers' options mean."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final, NewType

import msgspec
from msgspec import field

from seacan.errors import InvalidArgument
from seacan.network.links import IPNetwork

NetworkId = NewType("NetworkId", str)
EndpointId = NewType("EndpointId", str)

BRIDGE: Final = "bridge"
HOST: Final = "host"
NULL: Final = "null"
MACVLAN: Final = "macvlan"
IPVLAN: Final = "ipvlan"

DEFAULT_MTU: Final = 1500
_PREFIX: Final = "com.docker.network."
OPTION_NAME: Final = f"{_PREFIX}bridge.name"
OPTION_ICC: Final = f"{_PREFIX}bridge.enable_icc"
OPTION_MASQUERADE: Final = f"{_PREFIX}bridge.enable_ip_masquerade"
OPTION_DEFAULT: Final = f"{_PREFIX}bridge.default_bridge"
OPTION_HOST_IPV4: Final = f"{_PREFIX}bridge.host_binding_ipv4"
OPTION_HOST_IPV6: Final = f"{_PREFIX}bridge.host_binding_ipv6"
OPTION_MTU: Final = f"{_PREFIX}driver.mtu"
OPTION_INTERFACE_PREFIX: Final = f"{_PREFIX}container_iface_prefix"
# seacan's own: whether rules lead to published ports, which come before the host's rules of input,
# or a relay does, a program that these are rules for.
OPTION_PUBLISHED: Final = "seacan.published_ports"
BY_RULES: Final = "rules"
BY_RELAY: Final = "relay"
# The same: whether containers of the default bridge find one another by name.
OPTION_NAMES: Final = "seacan.bridge_names"
# What the host is to a network's addresses of a version, besides the default, NAT:
OPTION_MODE: Final = f"{_PREFIX}bridge.gateway_mode_ipv"  # and the version
_NAT: Final = "nat"
_UNPROTECTED: Final = "nat-unprotected"  # others may send to them, by whatever way
_ROUTED: Final = "routed"  # a router: others send to them, as far as ports are published
_ISOLATED: Final = "isolated"  # nothing: its bridge has no address
_GATEWAY_MODES: Final = (_NAT, _UNPROTECTED, _ROUTED, _ISOLATED)
# The host has no IPv4 address in the network, somebody else in its bridge is the gateway.
OPTION_INHIBIT_IPV4: Final = f"{_PREFIX}bridge.inhibit_ipv4"
# Interfaces of the host, with colons between them: from there published ports are reached at the
# containers' own addresses.
OPTION_TRUSTED: Final = f"{_PREFIX}bridge.trusted_host_interfaces"
OPTION_SOURCE: Final = f"{_PREFIX}host_ipv"  # and the version: who leaves, in masquerade's place
_FLAGS: Final = (OPTION_ICC, OPTION_MASQUERADE, OPTION_INHIBIT_IPV4)
# What the kernel takes for a name, without what it or nft(8) has another meaning for: %, *, ", \.
_INTERFACE: Final = re.compile(r'[^\x00-\x20\x7f/:%*"\\]{1,15}')
_DEFAULT_PREFIX: Final = "eth"
_PREFIX_LIMIT: Final = 12  # numbers follow
# Source: Go, strconv.ParseBool.
_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")


class Subnet(msgspec.Struct, frozen=True):
    """Addresses as text; `ip_range` is empty for all, `gateway` empty if there is none."""

    subnet: str
    gateway: str = ""
    ip_range: str = ""
    auxiliary: dict[str, str] = field(default_factory=dict)
    is_asked: bool = False  # not chosen from the pools

    @property
    def network(self) -> IPNetwork:
        return ipaddress.ip_network(self.subnet)


def auxiliary_gateway(version: int) -> str:
    """Return the name of the auxiliary address that a bridge's containers have as gateway."""
    return f"DefaultGatewayIPv{version}"


class Network(msgspec.Struct, frozen=True):
    id: NetworkId
    name: str
    driver: str  # bridge, host, null, macvlan, ipvlan
    created_at: str  # RFC 3339
    subnets: list[Subnet] = field(default_factory=list)
    unused_subnets: list[Subnet] = field(default_factory=list)  # asked for, of IPv6 without IPv6
    has_ipv4: bool = True
    has_ipv6: bool = False
    internal: bool = False
    attachable: bool = False
    options: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    ipam_options: dict[str, str] | None = None
    is_predefined: bool = False
    interface: str = ""  # the bridge, or what macvlan and ipvlan are parts of
    made_parent: bool = False  # `interface` is made and removed with the network

    @property
    def is_default_bridge(self) -> bool:
        return self.is_predefined and self.driver == BRIDGE

    @property
    def has_endpoints(self) -> bool:
        """Whether its containers have interfaces in it."""
        return self.driver in (BRIDGE, MACVLAN, IPVLAN)

    @property
    def has_resolver(self) -> bool:
        """Whether its containers are told one another's addresses."""
        if self.is_default_bridge:
            return self.options.get(OPTION_NAMES) in _TRUE
        return self.has_endpoints

    @property
    def mtu(self) -> int:
        return int(self.options.get(OPTION_MTU) or DEFAULT_MTU)

    @property
    def allows_neighbours(self) -> bool:
        """Whether its containers reach one another."""
        return self._flag(OPTION_ICC)

    @property
    def masquerades(self) -> bool:
        return self._flag(OPTION_MASQUERADE) and not self.internal

    def is_unprotected(self, version: int) -> bool:
        return self._mode(version) == _UNPROTECTED

    def is_routed(self, version: int) -> bool:
        return self._mode(version) == _ROUTED

    def has_host(self, version: int) -> bool:
        """Whether the host has an address in it, which is the gateway's."""
        is_inhibited = version == 4 and self._flag(OPTION_INHIBIT_IPV4, default="false")
        return not (is_inhibited or self._mode(version) == _ISOLATED)

    def has_gateway(self, version: int) -> bool:
        """Whether one of its addresses is taken for a gateway, though nobody asks for that."""
        return self.has_host(version) or not self.internal  # what is isolated is internal

    @property
    def trusted_interfaces(self) -> list[str]:
        """Interfaces of the host from where containers are reached at what they publish."""
        return _names(self.options.get(OPTION_TRUSTED, ""))

    @property
    def interface_prefix(self) -> str:
        """What the names of its containers' interfaces begin with, a number being the rest."""
        prefix = self.options.get(OPTION_INTERFACE_PREFIX) if self.driver == BRIDGE else ""
        return prefix or _DEFAULT_PREFIX

    def source(self, version: int) -> str:
        """Return the host's address that what leaves the network has; empty for any."""
        return self.options.get(f"{OPTION_SOURCE}{version}", "")

    def _mode(self, version: int) -> str:
        if self.driver != BRIDGE:
            return _NAT
        return self.options.get(f"{OPTION_MODE}{version}") or _NAT

    @property
    def publishes_by_relay(self) -> bool:
        return self.options.get(OPTION_PUBLISHED) == BY_RELAY

    def _flag(self, option: str, default: str = "true") -> bool:
        return self.options.get(option, default) in _TRUE

    def default_binding(self, version: int) -> str:
        """Return the host's address for ports that are published without one."""
        option, anywhere = (
            (OPTION_HOST_IPV4, "0.0.0.0") if version == 4 else (OPTION_HOST_IPV6, "::")
        )
        return self.options.get(option) or anywhere

    def subnet(self, version: int) -> Subnet | None:
        return next((each for each in self.subnets if each.network.version == version), None)


class Endpoint(msgspec.Struct, frozen=True):
    """One interface of a running container; addresses are empty where it has none.

    `ipv4` and `ipv6` are such as 172.17.0.2/16.
    """

    id: EndpointId
    network_id: NetworkId
    network: str  # its name
    interface: str  # in the container, such as eth0
    host_interface: str  # the other end, if it has one
    mac: str = ""
    ipv4: str = ""
    ipv6: str = ""
    gateway_ipv4: str = ""
    gateway_ipv6: str = ""
    priority: int = 0  # who has the highest has the default route
    link_local: list[str] = field(default_factory=list)  # further addresses: 169.254.1.2/16
    has_names: bool = True  # others in the network find it by name

    @property
    def address_ipv4(self) -> str:
        return self.ipv4.partition("/")[0]

    @property
    def address_ipv6(self) -> str:
        return self.ipv6.partition("/")[0]


class Published(msgspec.Struct, frozen=True):
    """A port of the host that leads to one of a container.

    If it `is_routed`, the container's own port is open to others, and none of the host leads there:
    `host_port` is 0, and `host_address` tells the version, 0.0.0.0 or ::.
    """

    protocol: str  # tcp, udp, sctp
    container_port: int
    host_address: str
    host_port: int
    by_relay: bool = False  # no rule leads to it
    is_routed: bool = False


class Sandbox(msgspec.Struct):
    """The network namespace of a running container, and what is in it."""

    id: str
    endpoints: list[Endpoint] = field(default_factory=list)
    published: list[Published] = field(default_factory=list)

    def endpoint(self, network_id: str) -> Endpoint | None:
        return next((each for each in self.endpoints if each.network_id == network_id), None)

    def gateway(self, version: int = 4) -> Endpoint | None:
        """Return the endpoint with the default route: of the highest priority, then by name."""
        able = [
            each
            for each in self.endpoints
            if (each.gateway_ipv4 if version == 4 else each.gateway_ipv6)
        ]
        return min(able, key=lambda each: (-each.priority, each.network), default=None)


def is_interface_name(text: str) -> bool:
    return bool(_INTERFACE.fullmatch(text)) and text not in (".", "..")


def check_options(options: Mapping[str, str], *, internal: bool = False) -> None:
    """Refuse options of the bridge driver that make no sense: InvalidArgument.

    Unknown ones are kept, as with Docker.
    """
    for name in _FLAGS:
        if (value := options.get(name)) and value not in (*_TRUE, *_FALSE):
            raise InvalidArgument(
                f"failed to parse {name} value: {value} "
                f'(strconv.ParseBool: parsing "{value}": invalid syntax)'
            )
    _check_modes(options, internal=internal)
    for interface in _names(options.get(OPTION_TRUSTED, "")):
        if not is_interface_name(interface):
            raise InvalidArgument(f"option {OPTION_TRUSTED}: {interface!r} is no interface's name")
    prefix = options.get(OPTION_INTERFACE_PREFIX) or _DEFAULT_PREFIX
    if not is_interface_name(prefix) or len(prefix) > _PREFIX_LIMIT:
        raise InvalidArgument(f"option {OPTION_INTERFACE_PREFIX}: {prefix!r} begins no name")
    if (way := options.get(OPTION_PUBLISHED, BY_RULES)) not in (BY_RULES, BY_RELAY):
        raise InvalidArgument(f"option {OPTION_PUBLISHED}={way}: it is {BY_RULES} or {BY_RELAY}")
    _check_mtu(options)
    _check_bindings(options)


def _names(text: str) -> list[str]:
    return [name for name in text.split(":") if name]


def _check_modes(options: Mapping[str, str], *, internal: bool) -> None:
    for name in (f"{OPTION_MODE}4", f"{OPTION_MODE}6"):
        mode = options.get(name) or _NAT
        if mode not in _GATEWAY_MODES:
            raise InvalidArgument(
                f"failed to parse {name} value: {mode} (unknown gateway mode {mode})"
            )
        if mode == _ISOLATED and not internal:
            raise InvalidArgument(
                "gateway mode 'isolated' can only be used for an internal network"
            )


def _check_mtu(options: Mapping[str, str]) -> None:
    if not (value := options.get(OPTION_MTU)):
        return
    if not (value.isascii() and value.isdecimal()):
        raise InvalidArgument(
            f"failed to parse {OPTION_MTU} value: {value} "
            f'(strconv.Atoi: parsing "{value}": invalid syntax)'
        )
    if len(value) > 10 or not 68 <= int(value) <= 65535:  # the kernel's, of a bridge
        raise InvalidArgument(f"invalid MTU number: {value}")


def _check_bindings(options: Mapping[str, str]) -> None:
    for name, version in (
        (OPTION_HOST_IPV4, 4),
        (OPTION_HOST_IPV6, 6),
        (f"{OPTION_SOURCE}4", 4),
        (f"{OPTION_SOURCE}6", 6),
    ):
        if value := options.get(name):
            try:
                address = ipaddress.ip_address(value)
            except ValueError:
                address = None
            if address is None or address.version != version:
                raise InvalidArgument(
                    f"failed to parse {name} value: {value} (not an IPv{version} address)"
                )
