import pytest

from seacan.engine.networks.interface_sysctls import (
    OPTION,
    disables_ipv6,
    of_endpoint,
    of_sandbox,
    wrong,
)
from seacan.network.definition import Endpoint, EndpointId, Network, NetworkId, Sandbox
from seacan.spec.engine_api import EndpointSettings

_BRIDGE = Network(NetworkId("b"), "web", "bridge", "2026-11-24T01:33:18Z")
_NONE = Network(NetworkId("n"), "none", "null", "2026-11-24T01:33:18Z")


def _asking(text: str) -> EndpointSettings:
    return {"DriverOpts": {OPTION: text}}


def test_a_parameter_is_of_the_interface_that_there_is() -> None:
    settings = _asking("net.ipv4.conf.IFNAME.rp_filter=2,net.ipv6.neigh.ifname.gc_stale_time=9=")
    assert list(wrong(settings, _BRIDGE)) == []
    assert of_endpoint(settings, "lan.7") == {
        "net/ipv4/conf/lan.7/rp_filter": "2",
        "net/ipv6/neigh/lan.7/gc_stale_time": "9=",
    }
    assert of_endpoint({}, "eth0") == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "unrecognised network interface sysctl ''; represent 'net.X.Y.ethN.Z=V' as"),
        ("net.ipv4.conf.eth0.rp_filter=2", "unrecognised"),
        ("net.ipv5.conf.IFNAME.rp_filter=2", "unrecognised"),
        ("net.ipv4.conf.IFNAME.rp_filter", "to have format name=value"),
        ("net.ipv4.conf.IFNAME.../../kernel/x=1", "unrecognised"),
        ("net.ipv4.conf/../../kernel.IFNAME.x=1", "unrecognised"),
        ("kernel.x.y.IFNAME.z=1", "unrecognised"),
    ],
)
def test_what_is_none_of_an_interface(text: str, why: str) -> None:
    (found,) = wrong(_asking(text), _BRIDGE)
    assert why in found


def test_a_network_without_interfaces() -> None:
    (found,) = wrong(_asking("net.ipv4.conf.IFNAME.rp_filter=2"), _NONE)
    assert found.startswith("network none gives no interface")
    assert list(wrong({}, _NONE)) == []


def test_those_of_all_interfaces() -> None:
    endpoints = [
        Endpoint(EndpointId("1"), _BRIDGE.id, "web", "eth0", "veth1"),
        Endpoint(EndpointId("2"), _NONE.id, "none", "", ""),
    ]
    networks = {"web": _asking("net.mpls.conf.IFNAME.input=1"), "none": _asking("x")}
    assert of_sandbox(networks, Sandbox("s", endpoints)) == {"net/mpls/conf/eth0/input": "1"}


def test_no_ipv6() -> None:
    assert disables_ipv6(_asking("net.ipv6.conf.IFNAME.disable_ipv6=1"))
    assert not disables_ipv6(_asking("net.ipv6.conf.IFNAME.disable_ipv6=0"))
    assert not disables_ipv6({})
