"""A request to create a network, checked and completed."""

from typing import Any

import pytest

from seacan.engine.networks.requests import define
from seacan.errors import Forbidden, InvalidArgument, NotFound, SeacanError, Unsupported
from seacan.network.definition import Network, Subnet

ID = "0123456789abcdef" * 4


def _define(**fields: Any) -> Network:
    request: Any = {"Name": "net", **fields}
    return define(request, ID, "2026-11-26T00:00:00Z")


def _ipam(**config: Any) -> dict[str, Any]:
    return {"IPAM": {"Config": [config]}}


@pytest.mark.parametrize(
    ("ipam", "options"),
    [(None, None), ({}, None), ({"Options": {}}, {}), ({"Options": None}, None)],
)
def test_options_of_ipam_are_shown_as_they_came(
    ipam: dict[str, Any] | None, options: dict[str, str] | None
) -> None:
    assert _define(IPAM=ipam).ipam_options == options


def test_a_network_that_asks_for_nothing() -> None:
    network = _define()
    assert (network.driver, network.interface, network.subnets) == (
        "bridge", "br-0123456789ab", [],
    )  # fmt: skip
    assert (network.has_ipv4, network.has_ipv6, network.mtu) == (True, False, 1500)
    assert network.masquerades
    assert network.allows_neighbours


def test_subnets() -> None:
    network = _define(
        EnableIPv6=True,
        IPAM={
            "Config": [
                {
                    "Subnet": "10.0.0.0/24",
                    "IPRange": "10.0.0.128/25",
                    "AuxiliaryAddresses": {"a": "10.0.0.9"},
                },
                {"Subnet": "fd00::/64", "Gateway": "fd00::9"},
                {},
            ]
        },
    )
    assert network.subnets == [
        Subnet("10.0.0.0/24", "10.0.0.1", "10.0.0.128/25", {"a": "10.0.0.9"}, is_asked=True),
        Subnet("fd00::/64", "fd00::9", is_asked=True),
    ]


def test_subnets_of_ipv6_are_unused_in_a_network_without() -> None:
    """python-on-whales's compose file has one; Docker takes it, and its containers have none."""
    config = [{"Subnet": "10.0.0.0/24"}, {"Subnet": "fd00::/64", "Gateway": "fd00::9"}]
    network = _define(IPAM={"Config": config})
    assert network.subnets == [Subnet("10.0.0.0/24", "10.0.0.1", is_asked=True)]
    assert network.unused_subnets == [Subnet("fd00::/64", "fd00::9", is_asked=True)]
    assert network.subnet(6) is None


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"Name": ""}, InvalidArgument, "invalid name: name is empty"),
        ({"Name": "host"}, Forbidden, "operation is not permitted on predefined host network "),
        ({"Driver": "foo"}, NotFound, 'plugin "foo" not found'),
        ({"Driver": "null"}, Forbidden, 'only one instance of "null" network is allowed'),
        ({"Driver": "overlay"}, Unsupported, "driver overlay is not supported"),
        ({"Ingress": True}, Unsupported, "Ingress is not supported"),
        ({"ConfigOnly": True}, Unsupported, "ConfigOnly is not supported"),
        ({"ConfigFrom": {"Network": "x"}}, Unsupported, "ConfigFrom is not supported"),
        ({"Scope": "swarm"}, Unsupported, "scope swarm is not supported"),
        ({"EnableIPv4": False}, InvalidArgument, "IPv4 or IPv6 must be enabled"),
        ({"IPAM": {"Driver": "foo"}}, NotFound, 'plugin "foo" not found'),
        (_ipam(Subnet="x"), InvalidArgument, "invalid subnet x: invalid CIDR block notation"),
        (_ipam(Gateway="10.0.0.1"), InvalidArgument, "invalid subnet : invalid CIDR"),
        (_ipam(Subnet="10.0.0.1/24"), InvalidArgument, "it should be 10.0.0.0/24"),
        (_ipam(Subnet="10.0.0.0/24", Gateway="10.1.0.1"), InvalidArgument,
         "invalid gateway 10.1.0.1: parent subnet 10.0.0.0/24 doesn't contain this address"),
        (_ipam(Subnet="10.0.0.0/24", IPRange="10.1.0.0/25"), InvalidArgument, "invalid ip-range"),
        (_ipam(Subnet="10.0.0.0/24", AuxiliaryAddresses={"a": "10.1.0.1"}), InvalidArgument,
         "invalid auxiliary address a: parent subnet 10.0.0.0/24 doesn't contain this address"),
        (_ipam(Subnet="fd00:::/64"), InvalidArgument, "invalid subnet fd00:::/64: invalid CIDR"),
        ({"IPAM": {"Config": [{"Subnet": "10.0.0.0/24"}, {"Subnet": "10.0.0.0/25"}]}},
         InvalidArgument, "overlaps another"),
        ({"IPAM": {"Config": [{"Subnet": "10.0.0.0/24"}, {"Subnet": "10.0.1.0/24"}]}},
         Unsupported, "more than one IPv4 subnet"),
        ({"Driver": "macvlan", "Options": {"macvlan_mode": "x"}}, InvalidArgument,
         "requested macvlan mode 'x' is not valid"),
        ({"Driver": "ipvlan", "Options": {"ipvlan_flag": "x"}}, InvalidArgument,
         "requested ipvlan flag 'x' is not valid"),
        ({"Options": {"com.docker.network.bridge.name": "x" * 16}}, InvalidArgument, "too long"),
    ],
)  # fmt: skip
def test_what_is_refused(fields: dict[str, Any], error: type[SeacanError], message: str) -> None:
    with pytest.raises(error) as caught:
        _define(**fields)
    assert message in str(caught.value)
