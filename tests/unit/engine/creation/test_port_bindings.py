"""Which ports a container publishes when some were added and some removed."""

from typing import Any

import pytest
from tests.fakes.containers import make_container

from seacan.engine.containers.container import Container
from seacan.engine.creation.port_bindings import changed, check
from seacan.errors import InvalidArgument, NotFound
from seacan.network.definition import Published, Sandbox

WEB = [{"HostIp": "", "HostPort": "8080"}]
LOCAL = [{"HostIp": "127.0.0.1", "HostPort": "8081"}]
ANY = [{"HostIp": "", "HostPort": ""}]


def _container(bindings: Any, *published: Published, mode: str = "bridge") -> Container:
    record = make_container()
    record.host_config = {"NetworkMode": mode, "PortBindings": bindings}
    record.sandbox = Sandbox("s", published=[*published])
    return record


@pytest.mark.parametrize(
    ("before", "added", "removed", "after"),
    [
        ({}, {"80": WEB}, {}, {"80/tcp": WEB}),
        ({"80/tcp": WEB}, {"80/tcp": LOCAL, "53/UDP": None}, {},
         {"80/tcp": [*WEB, *LOCAL], "53/udp": [{}]}),
        ({"80/tcp": [*WEB, *LOCAL], "81/udp": WEB}, {}, {"80/tcp": None}, {"81/udp": WEB}),
        ({"80/tcp": [*WEB, *LOCAL]}, {}, {"80": [{"HostIp": "127.0.0.1"}]}, {"80/tcp": WEB}),
        ({"80/tcp": [*WEB, *LOCAL]}, {}, {"80": [{"HostPort": "8080"}]}, {"80/tcp": LOCAL}),
        # The same port of the host for another one of the container.
        ({"80/tcp": WEB}, {"81/tcp": WEB}, {"80": WEB}, {"81/tcp": WEB}),
        # By the port that it was given.
        ({"80/tcp": ANY}, {}, {"80": [{"HostPort": "32768"}]}, {}),
    ],
)  # fmt: skip
def test_what_is_published(before: Any, added: Any, removed: Any, after: Any) -> None:
    given = Published("tcp", 80, "0.0.0.0", 32768)
    assert changed(_container(before, given), added, removed) == after


@pytest.mark.parametrize(
    ("before", "removed", "words"),
    [
        ({}, {"80": None}, "port 80/tcp is not published"),
        ({"80/udp": WEB}, {"80": None}, "port 80/tcp is not published"),
        ({"80/tcp": WEB}, {"80": LOCAL}, "port 127.0.0.1:8081:80/tcp is not published"),
        # Either of the two may have it.
        ({"80/tcp": [*ANY, *ANY]}, {"80": [{"HostPort": "32768"}]}, "port 32768:80/tcp is not"),
    ],
)
def test_a_removal_of_what_is_not_there(before: Any, removed: Any, words: str) -> None:
    given = Published("tcp", 80, "0.0.0.0", 32768)
    with pytest.raises(NotFound, match=words):
        changed(_container(before, given), {}, removed)


@pytest.mark.parametrize("mode", ["host", "none", "container:other"])
def test_who_has_no_ports_to_publish(mode: str) -> None:
    with pytest.raises(InvalidArgument, match=f"port publishing and the network mode {mode}"):
        changed(_container({}, mode=mode), {"80": WEB}, {})


@pytest.mark.parametrize(("added", "removed"), [({"x": WEB}, {}), ({}, {"80": [{"HostIp": "y"}]})])
def test_what_is_no_port(added: Any, removed: Any) -> None:
    with pytest.raises(InvalidArgument):
        check(added, removed)
