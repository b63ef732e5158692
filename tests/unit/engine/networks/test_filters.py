from typing import Final

import pytest

from seacan.engine.containers.filters import Filters
from seacan.engine.networks.filters import prunable, select
from seacan.errors import Internal, InvalidArgument
from seacan.network.definition import Network, NetworkId

_CREATED: Final = "2026-11-24T01:33:18.000000000Z"
_CREATED_NS: Final = 1_795_483_998 * 10**9


def network(name: str, driver: str = "bridge", **labels: str) -> Network:
    return Network(NetworkId(f"{name}0f"), name, driver, _CREATED, labels=labels)


ALL = [
    Network(NetworkId("n0"), "none", "null", _CREATED, is_predefined=True),
    network("web", tier="web"),
    network("web_db", tier="db", keep=""),
    network("lan", driver="macvlan"),
]
USED = ("web", "none")


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "none web web_db lan"),
        ({"name": []}, "none web web_db lan"),
        ({"name": ["web"]}, "web web_db"),
        ({"name": ["^web$"]}, "web"),
        ({"name": ["^l", "db$"]}, "web_db lan"),
        ({"name": ["("]}, ""),
        ({"id": ["0f"]}, "web web_db lan"),
        ({"id": ["^web0"]}, "web"),
        ({"driver": ["macvlan", "x"]}, "lan"),
        ({"label": ["tier=db", "keep"]}, "web_db"),
        ({"scope": ["local"]}, "none web web_db lan"),
        ({"scope": ["swarm"]}, ""),
        ({"type": ["builtin"]}, "none"),
        ({"type": ["custom"], "driver": ["bridge"]}, "web web_db"),
        ({"dangling": ["true"]}, "web_db lan"),
        ({"dangling": ["0"]}, "none web"),
    ],
)
def test_a_list_has_what_passes_every_filter(wanted: Filters, names: str) -> None:
    assert " ".join(each.name for each in select(ALL, wanted, USED)) == names


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ({"nosuch": ["x"]}, InvalidArgument, "invalid filter 'nosuch'"),
        ({"until": ["1h"]}, InvalidArgument, "invalid filter 'until'"),
        ({"dangling": ["x"]}, InvalidArgument, "invalid value for filter 'dangling', must be"),
        ({"dangling": ["true", "false"]}, InvalidArgument, "got more than one value for filter"),
        ({"type": ["x"]}, Internal, "invalid filter: 'type'='x'"),
    ],
)
def test_what_makes_no_sense_is_refused(wanted: Filters, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        select(ALL, wanted, USED)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "none web web_db lan"),
        ({"label": ["tier"]}, "web web_db"),
        ({"label!": ["keep"]}, "none web lan"),
        ({"until": ["10m"]}, "none web web_db lan"),
        ({"until": ["2h"]}, ""),
    ],
)
def test_a_prune_is_for_what_passes(wanted: Filters, names: str) -> None:
    is_prunable = prunable(wanted, _CREATED_NS + 3600 * 10**9)
    assert " ".join(each.name for each in ALL if is_prunable(each)) == names


def test_a_prune_is_of_one_moment() -> None:
    with pytest.raises(InvalidArgument, match="more than one until"):
        prunable({"until": ["1h", "2h"]}, 0)
