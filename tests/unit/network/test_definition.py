"""Networks and sandboxes as records, and options of the bridge driver."""

import pytest

from seacan.errors import InvalidArgument
from seacan.network.definition import (
    BY_RELAY,
    OPTION_NAMES,
    OPTION_PUBLISHED,
    Endpoint,
    EndpointId,
    Network,
    NetworkId,
    Sandbox,
    check_options,
)

PREFIX = "com.docker.network."


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("bridge.enable_icc", "maybe"),
        ("driver.mtu", "abc"),
        ("driver.mtu", "10"),
        ("driver.mtu", "1" * 5000),  # more digits than Python reads: it was an internal error
        ("bridge.host_binding_ipv4", "::1"),
        ("bridge.gateway_mode_ipv4", "foo"),
        ("bridge.inhibit_ipv4", "yes"),
        ("bridge.trusted_host_interfaces", 'eth0:" accept'),
        ("bridge.trusted_host_interfaces", "eth*"),
        ("bridge.trusted_host_interfaces", "sixteen-letters-"),
        ("container_iface_prefix", "a/b"),
        ("container_iface_prefix", "eth%d"),
        ("container_iface_prefix", "thirteen-long"),
        ("host_ipv4", "host"),
        ("host_ipv6", "10.0.0.1"),
    ],
)
def test_options_that_are_refused(option: str, value: str) -> None:
    with pytest.raises(InvalidArgument, match=PREFIX if "mtu" not in option else "mtu|MTU"):
        check_options({PREFIX + option: value})


def test_isolation_is_of_internal_networks() -> None:
    for version in "46":
        options = {f"{PREFIX}bridge.gateway_mode_ipv{version}": "isolated"}
        check_options(options, internal=True)
        with pytest.raises(InvalidArgument, match="only be used for an internal network"):
            check_options(options)


@pytest.mark.parametrize(
    ("options", "internal", "has_host", "has_gateway"),
    [
        ({}, False, True, True),
        ({}, True, True, True),
        ({"bridge.inhibit_ipv4": "true"}, False, False, True),
        ({"bridge.inhibit_ipv4": "true"}, True, False, False),
        ({"bridge.inhibit_ipv4": "0"}, True, True, True),
        ({"bridge.gateway_mode_ipv4": "isolated"}, True, False, False),
    ],
)
def test_whether_host_and_gateway_have_an_address(
    options: dict[str, str], internal: bool, has_host: bool, has_gateway: bool
) -> None:
    named = {PREFIX + name: value for name, value in options.items()}
    network = Network(NetworkId("n"), "n", "bridge", "", internal=internal, options=named)
    assert (network.has_host(4), network.has_gateway(4)) == (has_host, has_gateway)


def test_trusted_interfaces_have_colons_between_them() -> None:
    options = {PREFIX + "bridge.trusted_host_interfaces": ":eth0::wg-1:"}
    check_options(options)
    network = Network(NetworkId("n"), "n", "bridge", "", options=options)
    assert network.trusted_interfaces == ["eth0", "wg-1"]


def test_how_ports_are_published() -> None:
    check_options({OPTION_PUBLISHED: BY_RELAY})
    with pytest.raises(InvalidArgument, match="published_ports=proxy: it is rules or relay"):
        check_options({OPTION_PUBLISHED: "proxy"})


@pytest.mark.parametrize(
    ("driver", "is_predefined", "options", "expected"),
    [
        ("bridge", False, {}, True),
        ("macvlan", False, {}, True),
        ("bridge", True, {}, False),
        ("bridge", True, {OPTION_NAMES: "true"}, True),
        ("host", True, {}, False),
    ],
)
def test_where_there_is_a_resolver(
    driver: str, is_predefined: bool, options: dict[str, str], expected: bool
) -> None:
    network = Network(NetworkId("n"), "n", driver, "", options=options, is_predefined=is_predefined)
    assert network.has_resolver == expected


def test_options_that_are_taken() -> None:
    check_options({PREFIX + "driver.mtu": "1400", PREFIX + "bridge.enable_icc": "0", "foo": "bar"})


def _endpoint(name: str, *, gateway: str = "10.0.0.1", priority: int = 0) -> Endpoint:
    return Endpoint(
        EndpointId(name), NetworkId(name), name, "eth0", "", gateway_ipv4=gateway, priority=priority
    )


@pytest.mark.parametrize(
    ("endpoints", "gateway"),
    [
        ([_endpoint("b"), _endpoint("a")], "a"),
        ([_endpoint("b", priority=1), _endpoint("a")], "b"),
        ([_endpoint("a", gateway=""), _endpoint("b", priority=-1)], "b"),
        ([_endpoint("a", gateway="")], None),
        ([], None),
    ],
)
def test_who_has_the_default_route(endpoints: list[Endpoint], gateway: str | None) -> None:
    found = Sandbox("s", endpoints).gateway()
    assert (found and found.network) == gateway
