"""What containers show of networks: NetworkSettings of inspect, Networks and Ports of lists."""

from typing import Any, Final

from seacan.api.shapes.configs import endpoint_addresses
from seacan.engine.bundle.namespaces import NONE
from seacan.engine.containers.container import Container
from seacan.engine.networks.endpoint_plan import names
from seacan.network.definition import Endpoint
from seacan.network.publishing import by_port
from seacan.network.wishes import parse_port
from seacan.spec.engine_api import EndpointSettings

_NO_ADDRESS: Final = {
    "EndpointID": "",
    "Gateway": "",
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
    "IPAddress": "",
    "IPPrefixLen": 0,
    "IPv6Gateway": "",
    "MacAddress": "",
}


def networks(container: Container) -> dict[str, Any]:
    """Return EndpointSettings by name of network; the namespace of another has none of its own."""
    return {
        name: _settings(container, asked, _endpoint(container, name))
        for name, asked in container.networks.items()
    }


def _endpoint(container: Container, name: str) -> Endpoint | None:
    endpoints = container.sandbox.endpoints if container.sandbox else []
    return next((endpoint for endpoint in endpoints if endpoint.network == name), None)


def _settings(
    container: Container, asked: EndpointSettings, endpoint: Endpoint | None
) -> dict[str, Any]:
    return {
        "IPAMConfig": endpoint_addresses(asked.get("IPAMConfig")),
        "Links": asked.get("Links"),
        "Aliases": asked.get("Aliases"),
        "DriverOpts": asked.get("DriverOpts"),
        "GwPriority": asked.get("GwPriority") or 0,
        "NetworkID": endpoint.network_id if endpoint else asked.get("NetworkID") or "",
        **_address(endpoint, asked.get("MacAddress") or ""),
        "DNSNames": _dns_names(container, asked, endpoint),
    }


def _dns_names(
    container: Container, asked: EndpointSettings, endpoint: Endpoint | None
) -> list[str] | None:
    """Return the names in a network that has a resolver, as the default ones have not."""
    if endpoint is None or not endpoint.interface or not endpoint.has_names:
        return None
    return names(container, asked)


def default_bridge_address(container: Container) -> dict[str, Any]:
    """Return the address in the network `bridge`, which older clients read at the top."""
    return _address(_endpoint(container, "bridge"), "")


def wished_mac(container: Container) -> dict[str, str]:
    """Return MacAddress of Config, if the first network was asked for one.

    There older clients gave it, and look for it, whoever asked.
    """
    mode = container.host_config.get("NetworkMode") or ""
    mac = container.networks.get(mode, {}).get("MacAddress")
    return {"MacAddress": mac} if mac and mode != NONE else {}


def _address(endpoint: Endpoint | None, mac: str) -> dict[str, Any]:
    if endpoint is None:
        return {**_NO_ADDRESS, "MacAddress": mac}
    return {
        "EndpointID": endpoint.id,
        "Gateway": endpoint.gateway_ipv4,
        "GlobalIPv6Address": endpoint.address_ipv6,
        "GlobalIPv6PrefixLen": _length(endpoint.ipv6),
        "IPAddress": endpoint.address_ipv4,
        "IPPrefixLen": _length(endpoint.ipv4),
        "IPv6Gateway": endpoint.gateway_ipv6,
        "MacAddress": endpoint.mac,
    }


def _length(address: str) -> int:
    return int(address.partition("/")[2] or 0)


def sandbox_key(container: Container) -> str:
    """Return the file of the network namespace, as nsenter(1) takes it."""
    return f"/proc/{container.state.pid}/ns/net" if container.sandbox else ""


def ports(container: Container) -> dict[str, Any]:
    """Return Ports of inspect: where each port of a running container is published, if it is."""
    sandbox = container.sandbox
    if sandbox is None or not any(endpoint.interface for endpoint in sandbox.endpoints):
        return {}
    shown: dict[str, Any] = {
        _whole(text): None for text in container.config.get("ExposedPorts") or {}
    }
    for port, published in by_port(sandbox.published):
        shown[port] = [
            {"HostIp": each.host_address, "HostPort": str(each.host_port or "")}
            for each in published
        ]
    return dict(sorted(shown.items()))


def _whole(port: str) -> str:
    number, protocol = parse_port(port)
    return f"{number}/{protocol}"


def port_list(container: Container) -> list[dict[str, Any]]:
    """Return Ports of a list of containers."""
    found: list[dict[str, Any]] = []
    for port, published in ports(container).items():
        number, protocol = parse_port(port)
        here = {"PrivatePort": number, "Type": protocol}
        if published is None:
            found.append(here)
        for each in published or ():
            outside = {"PublicPort": int(each["HostPort"])} if each["HostPort"] else {}
            found.append({"IP": each["HostIp"], "PrivatePort": number, **outside, "Type": protocol})
    return found
