"""Rules that lead to an address, and the text of /proc/net, without a network."""

from typing import Any

import pytest

from seacan.hood.network_path import _decoded, _nft_rules

HEAD = {"family": "inet", "table": "t"}


def element(*parts: object) -> dict[str, Any]:
    return {"concat": list(parts)}


def test_an_element_of_a_map() -> None:
    elements = [
        [element("tcp", 80), element("10.0.0.2", 8080)],
        [element("tcp", 81), element("10.0.0.22", 8080)],
        [element("0.0.0.0", "udp", 53), element("10.0.0.2", 53)],
    ]
    ruleset = {"nftables": [{"map": {**HEAD, "name": "m", "elem": elements}}]}
    assert list(_nft_rules(ruleset, ["10.0.0.2"])) == [
        {"Place": "nft inet t map m", "Text": "tcp . 80 : 10.0.0.2 . 8080"},
        {"Place": "nft inet t map m", "Text": "0.0.0.0 . udp . 53 : 10.0.0.2 . 53"},
    ]


def test_a_rule_of_a_chain() -> None:
    expressions: list[Any] = [{"match": {}}, {"dnat": {"addr": "10.0.0.2", "port": 80}}]
    other = [{"dnat": {"addr": {"map": "m"}}}, {"counter": None}]
    rules = [{"rule": {**HEAD, "chain": "c", "expr": each}} for each in (expressions, other)]
    assert list(_nft_rules({"nftables": [{"metainfo": {}}, *rules]}, ["10.0.0.2"])) == [
        {"Place": "nft inet t rule c", "Text": "dnat to 10.0.0.2:80"}
    ]


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("0100007F:1F90", ("127.0.0.1", 8080)),
        ("00000000000000000000000001000000:0050", ("::1", 80)),
        ("0000000000000000FFFF00000100007F:0001", ("::ffff:127.0.0.1", 1)),
    ],
)
def test_an_address_of_proc_net(text: str, decoded: tuple[str, int]) -> None:
    assert _decoded(text) == decoded
