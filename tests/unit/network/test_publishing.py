"""Which ports are asked for, and who gets them. They are published on 127.0.0.1 alone."""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from tests.ports import free_port

from seacan.errors import Internal, Unsupported
from seacan.network import publishing
from seacan.network.definition import (
    BY_RELAY,
    OPTION_PUBLISHED,
    Endpoint,
    EndpointId,
    Network,
    NetworkId,
    Published,
)
from seacan.network.elements import Forwarding
from seacan.network.publishing import Ports, forwardings, has_ipv6
from seacan.network.wishes import Wish

NETWORK = Network(
    NetworkId("n"), "net", "bridge", "",
    options={"com.docker.network.bridge.host_binding_ipv4": "127.0.0.1"},
)  # fmt: skip
ENDPOINT = Endpoint(EndpointId("e" * 64), NetworkId("n"), "net", "eth0", "veth", ipv4="10.0.0.2/24")


@contextlib.contextmanager
def _busy_port(protocol: str = "tcp") -> Iterator[int]:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if protocol == "tcp":
            taken.listen()  # else the kernel does not tell whose it is
        yield taken.getsockname()[1]


def test_a_port_is_held_until_it_is_released() -> None:
    ports, port = Ports(), free_port()
    published = ports.publish(
        "1", "web", [Wish("tcp", 80, "", range(port, port + 1))], NETWORK, ENDPOINT
    )
    assert published == [Published("tcp", 80, "127.0.0.1", port)]
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    ports.release("1")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))


def test_the_other_container_is_named() -> None:
    ports, port = Ports(), free_port()
    wishes = [Wish("tcp", 80, "", range(port, port + 1))]
    ports.publish("1", "web", wishes, NETWORK, ENDPOINT)
    ports.rename("1", "site")
    with pytest.raises(Internal) as caught:
        ports.publish("2", "two", wishes, NETWORK, ENDPOINT)
    # Apart from the text, for those who may know of others.
    assert str(caught.value) == f"Bind for 127.0.0.1:{port} failed: port is already allocated"
    assert caught.value.whole == f"{caught.value} (container site has it)"
    ports.publish("2", "two", [Wish("udp", 80, "", range(port, port + 1))], NETWORK, ENDPOINT)
    ports.release("1")
    ports.release("2")


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_another_program_is_named(protocol: str) -> None:
    with _busy_port(protocol) as port:
        wish = Wish(protocol, 80, "127.0.0.1", range(port, port + 1))
        with pytest.raises(Internal) as caught:
            Ports().publish("1", "web", [wish], NETWORK, ENDPOINT)
    assert str(caught.value) == (
        f"failed to bind host port for 127.0.0.1:{port}:10.0.0.2:80/{protocol}: "
        "address already in use"
    )
    assert caught.value.about_others.startswith(" (process ")


def test_all_or_none() -> None:
    ports, port = Ports(), free_port()
    first = Wish("tcp", 80, "", range(port, port + 1))
    with _busy_port() as busy, pytest.raises(Internal):
        ports.publish(
            "1", "web", [first, Wish("tcp", 81, "", range(busy, busy + 1))], NETWORK, ENDPOINT
        )
    ports.publish("2", "two", [first], NETWORK, ENDPOINT)
    ports.release("2")


def test_a_range_gives_the_first_that_is_free_and_none_means_any() -> None:
    ports = Ports()
    with _busy_port() as busy:
        wishes = [Wish("tcp", 80, "", range(busy, busy + 20)), Wish("udp", 81)]
        published = ports.publish("1", "web", wishes, NETWORK, ENDPOINT)
    ports.release("1")
    assert busy < published[0].host_port < busy + 20
    assert published[1].host_port > 1023


def test_an_address_of_the_other_version_is_refused() -> None:
    with pytest.raises(Unsupported, match="the container has no IPv6 address in network net"):
        Ports().publish("1", "web", [Wish("sctp", 80, "::1")], NETWORK, ENDPOINT)


@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 on this host")
def test_a_port_is_published_on_ipv6_where_it_can_be_relayed() -> None:
    ports = Ports()
    wishes = [Wish("tcp", 80, "::1"), Wish("udp", 81), Wish("tcp", 82, "0.0.0.0")]
    anywhere = replace(NETWORK, options={})
    published = ports.publish("1", "web", wishes, anywhere, ENDPOINT)
    ports.release("1")
    assert [(each.container_port, each.host_address) for each in published] == [
        (80, "::1"), (81, "0.0.0.0"), (81, "::"), (82, "0.0.0.0"),
    ]  # fmt: skip
    assert {each.address for each in forwardings(published, ENDPOINT)} == {"10.0.0.2"}


def test_no_rule_leads_to_a_network_that_publishes_by_relay() -> None:
    ports, options = Ports(), {**NETWORK.options, OPTION_PUBLISHED: BY_RELAY}
    guarded = replace(NETWORK, options=options)
    published = ports.publish("1", "web", [Wish("tcp", 80)], guarded, ENDPOINT)
    ports.release("1")
    assert [each.host_address for each in published] == ["127.0.0.1"]
    assert forwardings(published, ENDPOINT) == [Forwarding("tcp", "127.0.0.1", 0, "10.0.0.2", 80)]
    with pytest.raises(Unsupported, match="a relay carries tcp and udp alone"):
        ports.publish("1", "web", [Wish("sctp", 80)], guarded, ENDPOINT)


def test_what_another_has_by_now_is_reported() -> None:
    ports = Ports()
    with _busy_port() as busy:
        published = [Published("tcp", 80, "127.0.0.1", busy)]
        assert ports.hold("1", "web", published) == published
    ports.release("1")


def test_forwardings() -> None:
    published = [Published("tcp", 80, "0.0.0.0", 8080)]
    assert forwardings(published, ENDPOINT) == [Forwarding("tcp", "0.0.0.0", 8080, "10.0.0.2", 80)]


# --- changed --------------------------------------------------------------------------------------


def _is_free(port: int) -> bool:
    with socket.socket() as other, contextlib.suppress(OSError):
        other.bind(("127.0.0.1", port))
        return True
    return False


def _exactly(container_port: int, port: int) -> Wish:
    return Wish("tcp", container_port, "", range(port, port + 1))


def test_a_change_keeps_what_is_wanted_still_and_gives_back_the_rest() -> None:
    ports, (stays, goes, comes) = Ports(), (free_port(), free_port(), free_port())
    ports.publish("1", "web", [_exactly(80, stays), _exactly(81, goes)], NETWORK, ENDPOINT)
    wishes = [_exactly(80, stays), _exactly(82, comes)]
    with ports.changing("1", "web", wishes, NETWORK, ENDPOINT) as published:
        assert [(each.container_port, each.host_port) for each in published] == [
            (80, stays), (82, comes),
        ]  # fmt: skip
        assert not _is_free(goes)  # somebody may come by it still
    assert [_is_free(port) for port in (stays, goes, comes)] == [False, True, False]
    ports.release("1")


def test_a_port_of_the_host_goes_on_to_another_of_the_container() -> None:
    ports, port = Ports(), free_port()
    ports.publish("1", "web", [_exactly(80, port)], NETWORK, ENDPOINT)
    with ports.changing("1", "web", [_exactly(81, port)], NETWORK, ENDPOINT) as published:
        assert published == [Published("tcp", 81, "127.0.0.1", port)]
    assert not _is_free(port)
    ports.release("1")
    assert _is_free(port)


def test_a_change_that_fails_changes_nothing() -> None:
    ports, (mine, free) = Ports(), (free_port(), free_port())
    ports.publish("1", "web", [_exactly(80, mine)], NETWORK, ENDPOINT)
    with (
        _busy_port() as taken,
        pytest.raises(Internal, match="address already in use"),
        ports.changing("1", "web", [_exactly(80, free), _exactly(81, taken)], NETWORK, ENDPOINT),
    ):
        pytest.fail("it has no port")
    assert (_is_free(mine), _is_free(free)) == (False, True)
    with (
        contextlib.suppress(KeyError),
        ports.changing("1", "web", [_exactly(80, free)], NETWORK, ENDPOINT),
    ):
        raise KeyError
    assert (_is_free(mine), _is_free(free)) == (False, True)
    ports.release("1")


def test_a_routed_port_takes_none_of_the_host() -> None:
    mode = {"com.docker.network.bridge.gateway_mode_ipv4": "routed"}
    routed = replace(NETWORK, options=mode)
    ports = Ports()
    with _busy_port() as busy:
        wish = Wish("tcp", 80, "0.0.0.0", range(busy, busy + 1))
        for holder in ("one", "other"):
            published = ports.publish(holder, holder, [wish], routed, ENDPOINT)
            assert published == [Published("tcp", 80, "0.0.0.0", 0, is_routed=True)]
        ports.take_back("one")
        assert ports.held("one") == [(published[0], None)]
    assert forwardings(published, ENDPOINT) == [Forwarding("tcp", "0.0.0.0", 0, "10.0.0.2", 80)]


def test_ports_leave_descriptors_for_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is held by a socket or two: with all descriptors taken, nobody could connect."""
    monkeypatch.setattr("seacan.network.publishing.resource.getrlimit", lambda _: (40, 40))
    ports = Ports()
    ports.publish("1", "web", [Wish("tcp", port) for port in range(10)], NETWORK, ENDPOINT)
    with pytest.raises(Internal, match="the daemon may have 30 sockets for ports"):
        ports.publish("2", "db", [Wish("tcp", port) for port in range(11)], NETWORK, ENDPOINT)
    ports.release("1")
    ports.publish("2", "db", [Wish("tcp", port) for port in range(11)], NETWORK, ENDPOINT)
    with pytest.raises(Internal, match="others have 0"):
        ports.publish("2", "db", [Wish("tcp", port) for port in range(16)], NETWORK, ENDPOINT)
    assert len(ports.held("2")) == 0
    ports.release("2")


def test_a_port_of_many_is_not_held_against_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each against each was seconds for a few thousand, in which nobody was answered."""
    compared = []

    def collide(one: Published, other: Published) -> bool:
        compared.append(one)
        return False

    monkeypatch.setattr("seacan.network.port_holders._collide", collide)
    ports = Ports()
    free = {free_port() for _ in range(20)}
    wishes = [Wish("udp", port, "127.0.0.1", range(port, port + 1)) for port in free]
    try:
        ports.publish("1", "web", wishes, NETWORK, ENDPOINT)
    finally:
        ports.release("1")
    assert compared == []


def test_ports_of_the_hosts_choice_are_tried_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """All from the first for each port is seconds, too, for `-P` with thousands exposed."""
    tried = []
    published = publishing._published

    def count(wish: Wish, address: str, port: int, network: Network) -> Published:
        tried.append(port)
        return published(wish, address, port, network)

    monkeypatch.setattr(publishing, "_published", count)
    ports = Ports()
    ports.publish("1", "web", [Wish("udp", port) for port in range(50)], NETWORK, ENDPOINT)
    ports.release("1")
    assert len([*filter(None, tried)]) < 100
