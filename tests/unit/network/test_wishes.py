"""Which ports are wanted, and which of them are there."""

import pytest

from seacan.errors import InvalidArgument
from seacan.network.definition import Published
from seacan.network.wishes import Wish, parse_port, parse_wishes, share_out


@pytest.mark.parametrize(
    ("text", "meaning"), [("80", (80, "tcp")), ("53/UDP", (53, "udp")), ("9/sctp", (9, "sctp"))]
)
def test_a_port(text: str, meaning: tuple[int, str]) -> None:
    assert parse_port(text) == meaning


@pytest.mark.parametrize("text", ["", "x", "-1", "65536", "80/foo", "\uff18\uff10"])
def test_no_port(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_port(text)


def test_wishes() -> None:
    bindings = {
        "81": [{"HostIp": "", "HostPort": "8000-8002"}],
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "80"}, {"HostPort": "0"}],
        "82/udp": None,
    }
    assert parse_wishes(bindings, ["80", "90/udp", "90/udp"], all_exposed=True) == [
        Wish("tcp", 80, "127.0.0.1", range(80, 81)),
        Wish("tcp", 80),
        Wish("tcp", 81, "", range(8000, 8003)),
        Wish("udp", 82),
        Wish("udp", 90),
    ]


def test_a_range_backwards() -> None:
    with pytest.raises(InvalidArgument, match='invalid port specification: "9-8"'):
        parse_wishes({"80": [{"HostPort": "9-8"}]})


@pytest.mark.parametrize(
    ("wishes", "published", "shares"),
    [
        # One wish, on two addresses.
        ([Wish("tcp", 80)], [("0.0.0.0", 80, 8000), ("::", 80, 8000)], [[0, 1]]),
        # Two of a kind have a port each.
        ([Wish("tcp", 80)] * 2, [("0.0.0.0", 80, 8000), ("0.0.0.0", 80, 8001)], [[0], [1]]),
        ([Wish("tcp", 80)] * 2, [("0.0.0.0", 80, 8000)], [[0], []]),
        ([Wish("tcp", 80, "", range(8000, 8002))], [("0.0.0.0", 80, 8002)], [[]]),
        ([Wish("tcp", 80, "", range(8000, 8003))], [("0.0.0.0", 80, 8002)], [[0]]),
        ([Wish("tcp", 80, "127.0.0.1")], [("0.0.0.0", 80, 8000)], [[]]),
        ([Wish("udp", 80)], [("0.0.0.0", 80, 8000)], [[]]),
        ([Wish("tcp", 81)], [("0.0.0.0", 80, 8000)], [[]]),
    ],
)
def test_what_is_there_of_what_is_wanted(
    wishes: list[Wish], published: list[tuple[str, int, int]], shares: list[list[int]]
) -> None:
    there = [Published("tcp", inner, address, outer) for address, inner, outer in published]
    assert share_out(wishes, there) == [[there[index] for index in share] for share in shares]


def test_a_routed_port_meets_each_wish_once() -> None:
    """Whatever place of the host is wished for; with a port of the host beside it that counts."""
    four, six = (Published("tcp", 80, a, 0, is_routed=True) for a in ("0.0.0.0", "::"))
    nat = Published("tcp", 80, "::", 8080)
    first, second = Wish("tcp", 80, "", range(8080, 8081)), Wish("tcp", 80, "", range(81, 82))
    assert share_out([first, second], [four, four]) == [[four], [four]]
    assert share_out([first], [four, nat]) == [[four, nat]]
    assert share_out([Wish("tcp", 80)], [four, nat]) == [[four, nat]]
    assert share_out([Wish("tcp", 80, "127.0.0.1")], [six, four]) == [[four]]
