"""Networks and sandboxes as records, and options of the bridge driver."""

import pytest

from seacan.errors import InvalidArgument, SeacanError, Unsupported
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
    ("option", "value", "error"),
    [
        ("bridge.enable_icc", "maybe", InvalidArgument),
        ("driver.mtu", "abc", InvalidArgument),
        ("driver.mtu", "10", InvalidArgument),
        ("bridge.host_binding_ipv4", "::1", InvalidArgument),
        ("bridge.gateway_mode_ipv4", "foo", InvalidArgument),
        ("bridge.inhibit_ipv4", "true", Unsupported),
    ],
)
def test_options_that_are_refused(option: str, value: str, error: type[SeacanError]) -> None:
    with pytest.raises(error, match=PREFIX if "mtu" not in option else "mtu|MTU"):
        check_options({PREFIX + option: value})


def test_isolation_is_of_internal_networks() -> None:
    for version in "46":
        options = {f"{PREFIX}bridge.gateway_mode_ipv{version}": "isolated"}
        check_options(options, internal=True)
        with pytest.raises(InvalidArgument, match="only be used for an internal network"):
            check_options(options)


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
