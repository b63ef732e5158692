"""The table of rules, as text."""

from pathlib import Path
from typing import Any

import pytest

from seacan.errors import Unavailable
from seacan.network.elements import Forwarding
from seacan.network.firewall import (
    Firewall,
    Rules,
    Segment,
    render,
)

GOLDEN = Path(__file__).parents[2] / "golden/network/table.nft"


def test_the_table_is_written_whole() -> None:
    rules = Rules(
        {
            "a": Segment("br-a", ["172.18.0.0/16", "fd00::/64"]),
            "b": Segment("br-b", ["172.19.0.0/16"], internal=True, masquerades=False),
            "c": Segment("br-c", ["172.20.0.0/16"], masquerades=False),
            "d": Segment(
                "br-d",
                ["172.21.0.0/16", "fd01::/64"],
                routed=["fd01::/64"],
                unprotected=["172.21.0.0/16"],
            ),
            "t": Segment(
                "br-t",
                ["172.22.0.0/16"],
                trusted=["eth0", "wg0"],
                sources={"172.22.0.0/16": "192.0.2.7"},
            ),
        },
        {
            "c": [
                Forwarding("tcp", "0.0.0.0", 8080, "172.18.0.2", 80),
                Forwarding("udp", "127.0.0.1", 53, "172.18.0.2", 53),
                Forwarding("tcp", "::", 8080, "fd00::2", 80),
            ],
            "d": [Forwarding("sctp", "0.0.0.0", 99, "172.18.0.3", 9)],
            "e": [Forwarding("tcp", "::", 0, "fd01::2", 80)] * 2,
        },
    )
    assert render("seacan_test", rules) == GOLDEN.read_text()


def test_without_networks_there_is_no_table() -> None:
    assert render("x", Rules()) == "table inet x\ndelete table inet x\n"


def test_loopback_of_outside_is_never_published() -> None:
    lines = render("x", Rules({"a": Segment("br-a", ["10.0.0.0/24"])})).splitlines()
    text = [line.strip() for line in lines]
    assert text.index("ip daddr 127.0.0.0/8 return") < text.index(
        "fib daddr type local jump published"
    )
    assert 'iifname "br-a" ip daddr 127.0.0.0/8 drop' in text


def test_without_nft_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    firewall = Firewall("x")
    with pytest.raises(Unavailable, match="nft is not installed"):
        firewall.change(segments={"a": Segment("br-a", ["10.0.0.0/24"])})


@pytest.mark.parametrize(
    ("segment", "is_opened"),
    [
        ({}, True),
        ({"masquerades": False}, True),
        ({"internal": True}, False),
        ({"unprotected": ["10.0.0.0/24"]}, False),
    ],
)
def test_what_trusted_interfaces_reach(segment: dict[str, Any], is_opened: bool) -> None:
    text = render("x", Rules({"a": Segment("a", ["10.0.0.0/24"], trusted=["eth0"], **segment)}))
    assert (
        'iifname { "eth0" } ip daddr . meta l4proto . th dport @open4 accept' in text
    ) == is_opened


def test_nothing_internal_is_accepted_elsewhere() -> None:
    """Its rules come first, whichever network was there first."""
    routed = Segment("br-r", ["10.0.0.0/24"], routed=["10.0.0.0/24"])
    internal = Segment("br-i", ["10.1.0.0/24"], internal=True)
    text = render("x", Rules({"a": routed, "b": internal}))
    assert text.index('iifname "br-i" oifname != "br-i" drop') < text.index("@open4 accept")
