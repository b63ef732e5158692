"""--network, --publish and what belongs to them."""

from typing import Any

import pytest

from seacan.cli import port_flag
from seacan.cli.container_flags import CONTAINER_FLAGS
from seacan.cli.flags import parse
from seacan.cli.network_flag import networking, take_network
from seacan.errors import InvalidArgument


def _networking(*words: str) -> dict[str, Any]:
    return networking(parse(CONTAINER_FLAGS, words)[0])


def test_networks() -> None:
    assert take_network([], "own") == [{"name": "own"}]
    text = "name=own,alias=a,alias=b,ip=10.0.0.2,driver-opt=x=y,gw-priority=3"
    assert take_network([], text) == [
        {
            "name": "own", "alias": ["a", "b"], "ip": "10.0.0.2", "driver-opt": {"x": "y"},
            "gw-priority": 3,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alias=a", "network name/id is not specified"),
        ("name=a,b", "invalid field b"),
        ("name=a,x=b", "invalid field key x"),
        ("name=a,driver-opt=b", "invalid key value pair format in driver options"),
    ],
)
def test_no_network(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        take_network([], text)


def test_flags_beside_are_of_the_first_network() -> None:
    wanted = _networking(
        "--network", "one", "--network", "name=two,alias=b", "--ip", "10.0.0.2",
        "--network-alias", "a", "--mac-address", "02:42:00:00:00:01", "--link", "x:y",
    )  # fmt: skip
    assert wanted == {
        "NetworkMode": "one",
        "EndpointsConfig": {
            "one": {
                "IPAMConfig": {"IPv4Address": "10.0.0.2"},
                "Aliases": ["a"],
                "MacAddress": "02:42:00:00:00:01",
                "Links": ["x:y"],
            },
            "two": {"Aliases": ["b"]},
        },
        "Links": [],
    }


def test_links_of_the_default_bridge_are_the_containers() -> None:
    assert _networking("--link", "x") == {
        "NetworkMode": "default", "EndpointsConfig": {}, "Links": ["x"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--network", "a", "--network", "a"), 'network "a" is specified multiple times'),
        (("--network", "a", "--network", "host"), "cannot attach both user-defined"),
        (("--network-alias", "a"), "network-scoped aliases are only supported"),
        (("--network", "name=a,ip=10.0.0.2", "--ip", "10.0.0.3"), "both --ip and per-network ip"),
    ],
)
def test_contradictions(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        _networking(*words)


@pytest.mark.parametrize(
    ("text", "bindings"),
    [
        ("80", [("80/tcp", "", "")]),
        ("8080:80", [("80/tcp", "", "8080")]),
        ("127.0.0.1::80/udp", [("80/udp", "127.0.0.1", "")]),
        ("[::1]:8080:80", [("80/tcp", "::1", "8080")]),
        ("8000-8001:80-81", [("80/tcp", "", "8000"), ("81/tcp", "", "8001")]),
        ("8000-8009:80", [("80/tcp", "", "8000-8009")]),
    ],
)
def test_ports(text: str, bindings: list[tuple[str, str, str]]) -> None:
    found = [(port, b["HostIp"], b["HostPort"]) for port, b in port_flag.bindings(text)]
    assert found == bindings


def test_ports_with_commas() -> None:
    assert port_flag.read_publish("target=80,published=8080,protocol=udp") == "8080:80/udp"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no port specified: <empty>"),
        ("8080:", "no port specified: 8080:<empty>"),
        ("70000:80", "invalid hostPort: 70000"),
        ("abc", "invalid containerPort: abc"),
        ("80/foo", "invalid proto: foo"),
        ("x:80:80", "invalid IP address: x"),
        ("0-10:80-81", "invalid ranges specified for container and host Ports: 80-81 and 0-10"),
        ("target=80,foo=1", "invalid publish opts format"),
    ],
)
def test_no_ports(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        port_flag.read_publish(text)


def test_what_is_published_is_exposed() -> None:
    published = port_flag.port_bindings(["80", "81:80", "9-10/udp"])
    assert [len(bindings) for bindings in published.values()] == [2, 1, 1]
    assert [*port_flag.exposed_ports(["70-71"], published)] == [
        "80/tcp", "9/udp", "10/udp", "70/tcp", "71/tcp",
    ]  # fmt: skip
