"""What a container asks of its networks."""

from typing import Any

import pytest

from seacan.engine.networks.endpoint_settings import check, link_local, of_request
from seacan.errors import InvalidArgument, NotFound, Unsupported
from seacan.network.definition import Network, NetworkId, Subnet
from seacan.spec.engine_api import EndpointSettings

OWN = Network(
    NetworkId("a" * 64), "own", "bridge", "", [Subnet("10.0.0.0/24", "10.0.0.1", is_asked=True)]
)
CHOSEN = Network(NetworkId("b" * 64), "chosen", "bridge", "", [Subnet("10.1.0.0/24", "10.1.0.1")])
BRIDGE = Network(
    NetworkId("c" * 64), "bridge", "bridge", "", [Subnet("10.2.0.0/24")], is_predefined=True
)


def _find(ref: str) -> Network:
    for network in (OWN, CHOSEN, BRIDGE):
        if ref in (network.name, network.id):
            return network
    raise NotFound(f"network {ref} not found")


def _wanted(mode: str, endpoints: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    request: Any = {"NetworkingConfig": {"EndpointsConfig": endpoints}, **fields}
    return dict(of_request(request, {"NetworkMode": mode}, _find))


def test_the_network_of_the_mode_is_the_first() -> None:
    assert list(_wanted("own", {"chosen": {}, "own": {}})) == ["own", "chosen"]
    assert list(_wanted(OWN.id, {"chosen": {}, OWN.id: {}})) == ["own", "chosen"]
    assert list(_wanted("nosuch")) == ["nosuch"]
    assert _wanted("container:x") == {}
    assert _wanted("bridge", NetworkDisabled=True) == {}


def test_networks_that_are_named_alone_are_all() -> None:
    assert list(_wanted("bridge", {"own": {}})) == ["own"]
    assert list(_wanted("own", {"bridge": {}, "chosen": {}})) == ["bridge", "chosen"]
    assert list(_wanted("none", {"own": {}})) == ["own"]  # the daemon has no default bridge
    with pytest.raises(InvalidArgument, match="cannot attach both user-defined"):
        _wanted("none", {"own": {}}, HostConfig={"NetworkMode": "none"})


def test_as_many_networks_as_nobody_has() -> None:
    """A list of containers would be megabytes long with 50,000."""
    assert len(_wanted("own", {f"n{number}": {} for number in range(1000)})) == 1000
    with pytest.raises(InvalidArgument, match="a container is in 1024 networks at most"):
        _wanted("own", {f"n{number}": {} for number in range(2000)})


def test_only_what_can_be_asked_for_is_kept() -> None:
    told = {"EndpointID": "x", "IPAddress": "10.0.0.9", "Aliases": ["a"], "GwPriority": 0}
    assert _wanted("own", {"own": told}) == {"own": {"Aliases": ["a"], "GwPriority": 0}}


def test_the_address_of_the_container_is_that_of_its_first_network() -> None:
    mac = "02:42:00:00:00:01"
    assert _wanted("own", MacAddress=mac) == {"own": {"MacAddress": mac}}
    assert _wanted("bridge", {"own": {}}, MacAddress=mac) == {"own": {"MacAddress": mac}}
    assert _wanted("none", MacAddress=mac) == {"none": {}}
    with pytest.raises(InvalidArgument, match="must match the identity of a network"):
        _wanted("bridge", {"own": {}, "chosen": {}}, MacAddress=mac)
    with pytest.raises(InvalidArgument, match="must match the endpoint-specific MAC address"):
        _wanted("own", {"own": {"MacAddress": "02:42:00:00:00:02"}}, MacAddress=mac)


@pytest.mark.parametrize("endpoints", [{"host": {}}, {"none": {}}])
def test_networks_that_do_not_go_together(endpoints: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="cannot attach both user-defined"):
        _wanted("own", endpoints)


@pytest.mark.parametrize(
    ("network", "settings", "message"),
    [
        (OWN, {"MacAddress": "zz"}, "invalid MAC address zz"),
        (OWN, {"IPAMConfig": {"IPv4Address": "x"}}, "invalid IPv4 address: x"),
        (OWN, {"IPAMConfig": {"LinkLocalIPs": ["169.254.1.2", "x"]}},
         "invalid link-local IP address: x"),
        (BRIDGE, {"IPAMConfig": {"LinkLocalIPs": ["10.1.0.9"]}},
         "invalid link-local IP address: 10.1.0.9"),
        (OWN, {"IPAMConfig": {"IPv4Address": "10.1.0.9"}},
         "no configured subnet or ip-range contain the IP address 10.1.0.9"),
        (CHOSEN, {"IPAMConfig": {"IPv4Address": "10.1.0.9"}},
         "user specified IP address is supported only when connecting to networks with user "
         "configured subnets"),
        (BRIDGE, {"IPAMConfig": {"IPv4Address": "10.2.0.9"}},
         "user specified IP address is supported on user defined networks only"),
        (OWN, {"DriverOpts": {"com.docker.network.endpoint.ifname": "a/b"}},
         "invalid interface name: a/b"),
        (OWN, {"DriverOpts": {"com.docker.network.endpoint.ifname": "lo"}},
         "invalid interface name: lo"),
        (OWN, {"DriverOpts": {"com.docker.network.endpoint.sysctls": "net.ipv4.x.eth0.y=1"}},
         "unrecognised network interface sysctl 'net.ipv4.x.eth0.y=1'; represent"),
        (BRIDGE, {"Aliases": ["a"]},
         "network-scoped alias is supported only for containers in user defined networks"),
    ],
)  # fmt: skip
def test_what_a_network_cannot_give(network: Network, settings: Any, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check(settings, network)
    assert message in str(caught.value)


def test_what_is_not_supported_is_refused() -> None:
    with pytest.raises(Unsupported):
        check({"DriverOpts": {"com.docker.network.endpoint.exposedports": "x"}}, OWN)


def test_link_local_addresses() -> None:
    settings: EndpointSettings = {"IPAMConfig": {"LinkLocalIPs": ["169.254.1.1", "fe80::1"]}}
    check(settings, OWN)
    assert link_local(settings) == ["169.254.1.1/16", "fe80::1/64"]


def test_what_can_be_had() -> None:
    check({"IPAMConfig": {"IPv4Address": "10.0.0.9"}, "Aliases": ["a"]}, OWN)
    check({"IPAMConfig": {"IPv4Address": "10.9.9.9"}}, None)
