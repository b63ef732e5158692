"""What the flags of the default bridge come to; nothing is made."""

import ipaddress

import pytest

from seacan.engine.networks import default_bridge
from seacan.engine.networks.settings import BridgeAddresses
from seacan.errors import InvalidArgument
from seacan.network.definition import Subnet

KEPT = Subnet("172.20.0.0/16", "172.20.0.1", "172.20.9.0/24", {"DefaultGatewayIPv4": "172.20.9.9"})


@pytest.mark.parametrize(
    ("asked", "there", "kept", "subnet"),
    [
        (BridgeAddresses(), [], None, None),  # of the pools
        (BridgeAddresses(), [], KEPT, Subnet("172.20.0.0/16", "172.20.0.1")),
        (BridgeAddresses(bip="10.7.1.9/24"), [], KEPT,
         Subnet("10.7.1.0/24", "10.7.1.9", is_asked=True)),
        (BridgeAddresses(fixed_cidr="10.7.1.0/24"), [], KEPT,
         Subnet("10.7.1.0/24", "10.7.1.1", "10.7.1.0/24", is_asked=True)),
        (BridgeAddresses("10.7.1.1/16", "10.7.9.0/24", "10.7.9.9"), [], None,
         Subnet("10.7.0.0/16", "10.7.1.1", "10.7.9.0/24", {"DefaultGatewayIPv4": "10.7.9.9"},
                is_asked=True)),
        # A bridge of the host's has its own.
        (BridgeAddresses(), ["192.0.2.5/24"], KEPT,
         Subnet("192.0.2.0/24", "192.0.2.5", is_asked=True)),
        (BridgeAddresses(fixed_cidr="10.7.1.0/25", gateway="10.7.1.254"),
         ["192.0.2.5/24", "10.7.1.2/24"], None,
         Subnet("10.7.1.0/24", "10.7.1.2", "10.7.1.0/25", {"DefaultGatewayIPv4": "10.7.1.254"},
                is_asked=True)),
    ],
)  # fmt: skip
def test_the_subnet_of_the_bridge(
    asked: BridgeAddresses, there: list[str], kept: Subnet | None, subnet: Subnet | None
) -> None:
    found = [ipaddress.ip_interface(text) for text in there]
    assert default_bridge.subnet_of(asked, 4, found, kept) == subnet


@pytest.mark.parametrize(
    ("asked", "there", "complaint"),
    [
        (BridgeAddresses(gateway="10.7.1.1"), [], "10.7.1.1 is in no known subnet"),
        (BridgeAddresses("10.7.1.1/24", gateway="10.8.1.1"), [],
         "10.8.1.1 is not in the bridge's subnet, 10.7.1.0/24"),
        (BridgeAddresses("10.7.1.1/24", "10.7.0.0/16"), [],
         "10.7.0.0/16 is not within the bridge's subnet, 10.7.1.0/24"),
        (BridgeAddresses(fixed_cidr="10.7.1.0/24"), ["192.0.2.5/24"],
         "10.7.1.0/24 is not within the bridge's subnet, 192.0.2.0/24"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together(
    asked: BridgeAddresses, there: list[str], complaint: str
) -> None:
    found = [ipaddress.ip_interface(text) for text in there]
    with pytest.raises(InvalidArgument, match=complaint):
        default_bridge.subnet_of(asked, 4, found, None)
