"""Links of the default bridge."""

import pytest
from tests.fakes.containers import make_container

from seacan.engine.containers.container import Container, Link, Status
from seacan.engine.networks.links import look_up, named, names, parse, to_wire
from seacan.errors import Internal, InvalidArgument, NotFound
from seacan.network.definition import Endpoint, EndpointId, NetworkId, Sandbox

OTHER = "b" * 64


def _other(network: str = "bridge", status: Status = Status.RUNNING) -> Container:
    other = make_container(OTHER, "db", status=status)
    other.config |= {
        "Env": ["FOO=a=b", "PATH=/bin", "BARE"],
        "ExposedPorts": {"5432/tcp": {}, "82/udp": {}, "83/udp": {}},
    }
    endpoint = Endpoint(
        EndpointId("e"), NetworkId("n"), network, "eth0", "veth", ipv4="172.17.0.2/16"
    )
    other.sandbox = Sandbox("s", [endpoint])
    return other


def _look_up(other: Container, network: str = "bridge") -> tuple[list[str], list[str]]:
    record = make_container(name="web")
    record.networks = {network: {}}
    record.links = [Link(OTHER, "my-db")]
    linked = look_up(record, lambda ref: other)
    return [*linked.hosts], [*linked.environment]


def test_what_a_link_brings() -> None:
    hosts, environment = _look_up(_other())
    assert hosts == [f"172.17.0.2\tmy-db {OTHER[:12]} db\n"]
    assert environment[0] == "MY_DB_PORT=udp://172.17.0.2:82"
    assert "MY_DB_PORT_5432_TCP_ADDR=172.17.0.2" in environment
    assert "MY_DB_PORT_82_UDP_PORT_END=83" in environment
    assert "MY_DB_PORT_83_UDP_PORT_END=83" not in environment
    assert environment[-2:] == ["MY_DB_NAME=/web/my-db", "MY_DB_ENV_FOO=a=b"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (_other(status=Status.EXITED), "Cannot link to a non running container: /db AS /web/my-db"),
        (_other("own"), "Cannot link to /db, as it does not belong to the default network"),
    ],
)
def test_who_cannot_be_linked_to(other: Container, message: str) -> None:
    with pytest.raises(Internal) as caught:
        _look_up(other)
    assert caught.value.whole == message
    assert "db" not in str(caught.value)


def test_in_a_network_of_ones_own_a_link_is_a_name_only() -> None:
    assert _look_up(_other(status=Status.EXITED), network="net") == ([], [])


def _find(ref: str) -> Container:
    if ref in ("db", OTHER):
        return _other()
    raise NotFound(f"No such container: {ref}")


def test_links_are_kept_by_id_and_shown_by_name() -> None:
    links = parse({"Links": ["db:x", "db", "/db:/web/y"]}, _find)
    assert links == [Link(OTHER, "x"), Link(OTHER, "db"), Link(OTHER, "y")]
    assert to_wire(links[:1], "web", _find) == ["/db:/web/x"]
    assert to_wire([], "web", _find) is None


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("", "empty string specified for links"),
        ("a:b:c", "bad format for links: a:b:c"),
        ("nope", "could not get container for nope: No such container: nope"),
    ],
)
def test_no_link(link: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse({"Links": [link]}, _find)
    assert str(caught.value) == message


def test_a_link_is_a_name() -> None:
    web = make_container("2" * 64, "web")
    web.links = [Link(OTHER, "x"), Link("gone", "y")]

    def find(ref: str) -> Container:
        return web if ref == "web" else _find(ref)

    assert named("/web/y", find) == (web, Link("gone", "y"))
    assert [named(ref, find) for ref in ("web", "web/z", "nope/x")] == [None] * 3
    assert names([web]) == {OTHER: ["/web/x"], "gone": ["/web/y"]}
    # Of who is removed, nothing is shown or looked up.
    assert to_wire(web.links, "web", find) == ["/db:/web/x"]
