"""What an endpoint is to be, decided from the network, what is asked of it, and what is there."""

import ipaddress
import secrets

from seacan.engine.containers.container import Container
from seacan.engine.networks.endpoint_settings import asked_interface
from seacan.errors import Conflict, InvalidArgument
from seacan.network.definition import IPVLAN, Endpoint, Network, Sandbox, auxiliary_gateway
from seacan.network.members import Member
from seacan.spec.engine_api import EndpointSettings


def interface_of(network: Network, settings: EndpointSettings, sandbox: Sandbox) -> str:
    """Return the name of the next interface: the one that is asked for, or a free one.

    Of those that are free it is the one with the lowest number. Raises Conflict.
    """
    taken = {endpoint.interface: endpoint.network for endpoint in sandbox.endpoints}
    if name := asked_interface(settings):
        if name in taken:
            raise Conflict(f"network {taken[name]} has the interface {name} of the container")
        return name
    names = (f"{network.interface_prefix}{n}" for n in range(len(taken) + 1))
    return next(name for name in names if name not in taken)


def publishing_endpoint(sandbox: Sandbox) -> Endpoint | None:
    """Return the endpoint that published ports lead to: the one with the default route."""
    gateway = sandbox.gateway(4) or sandbox.gateway(6)
    return gateway if gateway is not None and gateway.host_interface else None


def gateway_of(network: Network, version: int) -> str:
    """Return where a container sends what is for elsewhere; nowhere from an internal network."""
    subnet = network.subnet(version)
    if subnet is None or network.internal:
        return ""
    return subnet.auxiliary.get(auxiliary_gateway(version)) or subnet.gateway


def check_mac(network: Network, settings: EndpointSettings) -> None:
    """Raise InvalidArgument, in Docker's words, for an address that no interface can have."""
    if network.driver == IPVLAN and settings.get("MacAddress"):
        raise InvalidArgument("ipvlan interfaces do not support custom mac address assignment")


def mac_of(network: Network, settings: EndpointSettings, address: str) -> str:
    """Return the address of an interface with the IP address `address`, such as 10.0.0.2/24."""
    if network.driver == IPVLAN:  # it has its parent's
        return ""
    if mac := settings.get("MacAddress"):
        return mac.lower().replace("-", ":")
    # From the address: who has that next is found under the same, and no cache is wrong.
    packed = ipaddress.ip_interface(address).ip.packed[-4:] if address else secrets.token_bytes(4)
    return ":".join(f"{byte:02x}" for byte in (0x02, 0x42, *packed))


def member(record: Container, endpoint: Endpoint) -> Member:
    """Return what others in the network find the container by."""
    return Member(
        container_id=record.id,
        endpoint_id=endpoint.id,
        names=names(record, record.networks.get(endpoint.network, {})),
        ipv4=endpoint.address_ipv4,
        ipv6=endpoint.address_ipv6,
        links=_links(record.networks.get(endpoint.network, {})),
    )


def _links(settings: EndpointSettings) -> list[tuple[str, str]]:
    """Return the names that the container alone knows others by, and those others."""
    parts = [text.split(":") for text in settings.get("Links") or []]
    return [(part[-1], part[0]) for part in parts]


def names(record: Container, settings: EndpointSettings) -> list[str]:
    """Return the names of a container in a network: its own, aliases, short id, host name."""
    aliases = settings.get("Aliases") or []
    host_name = record.config.get("Hostname") or record.id[:12]
    return list(dict.fromkeys([record.name, *aliases, record.id[:12], host_name]))
