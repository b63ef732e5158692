"""GET /networks and GET /networks/{name}."""

from collections.abc import Iterable
from typing import Any

from seacan.engine.container import Container
from seacan.engine.networks import Network


def shape_network(network: Network, inside: Iterable[Container]) -> dict[str, Any]:
    """Return a network and the containers `inside`, which have no addresses there."""
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": network.created_at,
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv4": True,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": None},
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {
            container.id: {
                "Name": container.name,
                "EndpointID": "",
                "MacAddress": "",
                "IPv4Address": "",
                "IPv6Address": "",
            }
            for container in inside
        },
        "Options": {},
        "Labels": {},
    }
