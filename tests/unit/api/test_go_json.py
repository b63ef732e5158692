from typing import Any, TypedDict

import msgspec
import pytest

from seacan.api.bodies import decode
from seacan.api.go_json import as_go_has_it
from seacan.spec.engine_api import ContainerCreate, ExecConfig


class Inner(TypedDict, total=False):
    PathInContainer: str | None


class Outer(TypedDict, total=False):
    Cmd: list[str] | str | None
    Labels: dict[str, str] | None
    Inner: Inner | None
    Several: list[Inner] | None
    Named: dict[str, Inner] | None
    Anything: dict[str, Any]
    Sizes: list[int] | None
    Lists: dict[str, list[str]] | None
    Optional: dict[str, Inner | None] | None


SPELLED: list[tuple[Any, Any]] = [
    ({"cmd": ["x"]}, {"Cmd": ["x"]}),
    ({"CMD": "x", "Other": 1}, {"Cmd": "x", "Other": 1}),
    ({"Cmd": "x", "cMD": "y"}, {"Cmd": "y"}),
    ({"labels": {"cmd": "1", "Cmd": "2"}}, {"Labels": {"cmd": "1", "Cmd": "2"}}),
    ({"inner": {"pathincontainer": "a"}}, {"Inner": {"PathInContainer": "a"}}),
    ({"several": [{"pathInContainer": "a"}, None]}, {"Several": [{"PathInContainer": "a"}, {}]}),
    ({"named": {"cmd": {"pathInContainer": "a"}}}, {"Named": {"cmd": {"PathInContainer": "a"}}}),
    ({"anything": {"cmd": {"cmd": 1}}}, {"Anything": {"cmd": {"cmd": 1}}}),
    ({"inner": [{"cmd": 1}]}, {"Inner": [{"cmd": 1}]}),
    ({"several": {"cmd": 1}}, {"Several": {"cmd": 1}}),
    ([{"cmd": 1}], [{"cmd": 1}]),
    (None, {}),
    ({"Labels": {"a": None}, "Cmd": [None, "x"]}, {"Labels": {"a": ""}, "Cmd": ["", "x"]}),
    ({"Sizes": [None], "Lists": {"a": None}}, {"Sizes": [0], "Lists": {"a": []}}),
    ({"Named": {"a": None, "b": {}}}, {"Named": {"a": {}, "b": {}}}),
    ({"Optional": {"a": None}, "Anything": {"a": None}},
     {"Optional": {"a": None}, "Anything": {"a": None}}),
    ({"Cmd": None, "Inner": None}, {"Cmd": None, "Inner": None}),
]  # fmt: skip


@pytest.mark.parametrize(("value", "respelled"), SPELLED)
def test_keys_are_spelled_as_their_shape_does(value: Any, respelled: Any) -> None:
    assert as_go_has_it(value, Outer) == respelled


def test_a_body_is_taken_in_any_case() -> None:
    execution = decode(b'{"Cmd":["cat"],"detachKeys":"ctrl-p"}', msgspec.json.Decoder(ExecConfig))
    assert execution == {"Cmd": ["cat"], "DetachKeys": "ctrl-p"}
    body = b'{"image":"x","hostConfig":{"memory":1,"ulimits":[{"name":"nofile"}]}}'
    created = decode(body, msgspec.json.Decoder(ContainerCreate))
    assert created == {
        "Image": "x",
        "HostConfig": {"Memory": 1, "Ulimits": [{"Name": "nofile"}]},
    }
