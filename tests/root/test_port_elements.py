"""Published ports in a table of the kernel: changed by themselves, or written with the whole."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from seacan.network.elements import Forwarding
from seacan.network.firewall import Firewall, Segment

pytestmark = pytest.mark.root

SEGMENT = Segment("br-none", ["10.77.0.0/24", "fd77::/64"])
PORTS = {
    "a": [
        Forwarding("tcp", "0.0.0.0", 8080, "10.77.0.2", 80),
        Forwarding("udp", "127.0.0.1", 53, "10.77.0.2", 53),
    ],
    "b": [
        Forwarding("sctp", "::", 99, "fd77::3", 9),
        Forwarding("tcp", "::1", 8080, "fd77::3", 80),
        Forwarding("tcp", "::", 0, "fd77::3", 81),
    ],
}


@pytest.fixture
def table() -> Iterator[str]:
    name = f"seacan_test_{secrets.token_hex(4)}"
    yield name
    subprocess.run(["nft", "delete", "table", "inet", name], check=False, capture_output=True)


def _listed(table: str) -> dict[str, Any]:
    """Return the elements of each map and set, in no order."""
    command = ["nft", "-j", "list", "table", "inet", table]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["nftables"]
    return {
        filled["name"]: sorted(json.dumps(element) for element in filled.get("elem", ()))
        for item in shown
        for kind, filled in item.items()
        if kind in ("map", "set")
    }


def test_by_themselves_they_are_what_nft_writes(table: str) -> None:
    firewall = Firewall(table)
    firewall.change(segments={"n": SEGMENT})
    empty = _listed(table)
    assert not any(empty.values())
    firewall.change(forwardings=PORTS)
    changed = _listed(table)
    Firewall(table).change(segments={"n": SEGMENT}, forwardings=PORTS)
    assert _listed(table) == changed
    assert sum(map(len, changed.values())) == 9
    firewall.change(forwardings={"a": None, "b": []})
    assert _listed(table) == empty


def test_one_port_goes_to_another_container_at_once(table: str) -> None:
    firewall = Firewall(table)
    firewall.change(segments={"n": SEGMENT}, forwardings=PORTS)
    moved = Forwarding("tcp", "0.0.0.0", 8080, "10.77.0.9", 80)
    firewall.change(forwardings={"a": None, "c": [moved]})
    (element,) = _listed(table)["anywhere4"]
    assert "10.77.0.9" in element


@pytest.mark.parametrize("what", ["table", "element"])
def test_what_somebody_took_away_is_written_anew(table: str, what: str) -> None:
    firewall = Firewall(table)
    firewall.change(segments={"n": SEGMENT}, forwardings=PORTS)
    before = _listed(table)
    if what == "table":
        subprocess.run(["nft", "delete", "table", "inet", table], check=True)
    else:
        element = f"delete element inet {table} anywhere4 {{ tcp . 8080 }}"
        subprocess.run(["nft", element], check=True)
    firewall.change(forwardings={"a": None})
    firewall.change(forwardings={"a": PORTS["a"]})
    assert _listed(table) == before
