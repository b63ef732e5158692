"""daemon.json, `builder`: what the cache of builds is held to."""

from typing import Any

import pytest

from seacan.daemon.builder_config import rules_of
from seacan.engine.builds.cache_rules import Limits, Rule, Space, default_rules
from seacan.errors import InvalidArgument

GB = 1 << 30


@pytest.mark.parametrize("said", [None, {}, {"gc": {}}, {"gc": {"enabled": True}}])
def test_the_rules_without_any(said: Any) -> None:
    assert rules_of(said) == default_rules()
    assert [rule.all for rule in rules_of(said)] == [False, False, False, True]
    assert rules_of(said)[1].filters == {"unused-for": ["1440h"]}
    assert rules_of(said)[2].limits.reserved == Space(percent=10)


def test_limits_of_the_rules_without_any() -> None:
    rules = rules_of({"gc": {"defaultKeepStorage": "20GB"}})
    assert {rule.limits.reserved for rule in rules[1:]} == {Space(20 * GB)}
    assert {rule.limits.most_used for rule in rules[1:]} == {Space()}
    gc = {"defaultReservedSpace": "1GB", "DefaultMaxUsedSpace": "50%", "defaultMinFreeSpace": "2g"}
    assert rules_of({"GC": gc})[3] == Rule(
        {}, True, Limits(Space(GB), Space(percent=50), Space(2 * GB))
    )


def test_switched_off() -> None:
    assert rules_of({"gc": {"enabled": False, "policy": [{"all": True}]}}) == ()


def test_rules() -> None:
    policy = [
        {"filter": ["type=source.local", "type=regular"], "keepDuration": "48h"},
        {"filter": {"unused-for": {"5h": True}}, "keepStorage": "1GB", "all": True},
        {"ReservedSpace": "1", "maxUsedSpace": "2", "minFreeSpace": "3"},
    ]
    assert rules_of({"gc": {"policy": policy, "defaultKeepStorage": "7"}}) == [
        Rule({"type": ["source.local", "regular"], "unused-for": ["48h"]}, limits=Limits(Space(7))),
        Rule({"unused-for": ["5h"]}, all=True, limits=Limits(Space(GB))),
        Rule({}, False, Limits(Space(1), Space(2), Space(3))),
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([1], "builder: not an object"),
        ({"gc": 1}, r"builder\.gc: not a value for it: 1"),
        ({"gc": {"enabled": "yes"}}, r"builder\.gc\.enabled: not a value for it: 'yes'"),
        ({"gc": {"defaultKeepStorage": 10}}, r"builder\.gc\.defaultkeepstorage: not a value"),
        ({"gc": {"defaultKeepStorage": "10XB"}}, "defaultkeepstorage: invalid suffix: 'XB'"),
        ({"gc": {"defaultMaxUsedSpace": "101%"}}, "defaultmaxusedspace: invalid suffix: '%'|size"),
        ({"gc": {"enable": True}}, r"builder\.gc\.enable is not supported by seacand"),
        ({"history": {}}, r"builder\.history is not supported by seacand"),
        ({"gc": {"policy": [1]}}, r"builder\.gc\.policy\[0\]: not an object"),
        ({"gc": {"policy": [{"filter": ["x"]}]}}, r"policy\[0\]: filter x: NAME=VALUE is wanted"),
        ({"gc": {"policy": [{"filter": ["x=1"]}]}}, r"policy\[0\]: invalid filter 'x'"),
        ({"gc": {"policy": [{}, {"keepDuration": "1y"}]}}, r"policy\[1\]: failed to parse value"),
        ({"gc": {"policy": [{"filter": ["until=1h", "until=2h"]}]}}, "only one value"),
        ({"gc": {"policy": [{"keep": "1h"}]}}, r"policy\[0\]\.keep is not supported"),
    ],
)
def test_refused(said: Any, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        rules_of(said)
