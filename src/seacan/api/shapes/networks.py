"""GET /networks and GET /networks/{name}."""

from collections.abc import Iterable
from typing import Any

from seacan.engine.containers.container import Container
from seacan.network.definition import Network, Subnet


def shape_network(network: Network, inside: Iterable[Container]) -> dict[str, Any]:
    """Return a network and the containers `inside`."""
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": network.created_at,
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv4": network.has_ipv4,
        "EnableIPv6": network.has_ipv6,
        "IPAM": {
            "Driver": "default",
            "Options": network.ipam_options,
            "Config": [_subnet(each) for each in (*network.subnets, *network.unused_subnets)]
            or None,
        },
        "Internal": network.internal,
        "Attachable": network.attachable,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {
            container.id: shape
            for container in inside
            if (shape := _container(container, network)) is not None
        },
        "Options": network.options,
        "Labels": network.labels,
    }


def _subnet(subnet: Subnet) -> dict[str, Any]:
    shape: dict[str, Any] = {"Subnet": subnet.subnet}
    if subnet.ip_range:
        shape["IPRange"] = subnet.ip_range
    if subnet.gateway:
        shape["Gateway"] = subnet.gateway
    if subnet.auxiliary:
        shape["AuxiliaryAddresses"] = subnet.auxiliary
    return shape


def _container(container: Container, network: Network) -> dict[str, Any] | None:
    endpoint = container.sandbox.endpoint(network.id) if container.sandbox else None
    if endpoint is None:
        return None
    return {
        "Name": container.name,
        "EndpointID": endpoint.id,
        "MacAddress": endpoint.mac,
        "IPv4Address": endpoint.ipv4,
        "IPv6Address": endpoint.ipv6,
    }
