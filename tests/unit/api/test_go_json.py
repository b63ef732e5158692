from typing import Any, TypedDict

import msgspec
import pytest

from seacan.api.bodies import decode
from seacan.api.go_json import as_go_has_it
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerCreate, ExecConfig, Nothing, Words


class Inner(TypedDict, total=False):
    PathInContainer: str | None


class Outer(TypedDict, total=False):
    Cmd: Words | None
    Set: dict[str, Nothing] | None
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
    ({"CMD": ["x"], "Other": 1}, {"Cmd": ["x"], "Other": 1}),
    ({"Cmd": ["x"], "cMD": ["y"]}, {"Cmd": ["y"]}),
    ({"Cmd": "x y"}, {"Cmd": ["x y"]}),
    ({"cmd": ""}, {"Cmd": [""]}),
    ({"Cmd": 5, "Sizes": "x", "Labels": "x"}, {"Cmd": 5, "Sizes": "x", "Labels": "x"}),
    ({"Set": {"a": None}}, {"Set": {"a": {}}}),
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


def test_a_word_stands_for_a_list_of_it_where_docker_has_it_so() -> None:
    decoder = msgspec.json.Decoder(ContainerCreate)
    created = decode(b'{"Cmd":"a b","Shell":"sh","HostConfig":{"CapAdd":"NET_ADMIN"}}', decoder)
    assert created == {
        "Cmd": ["a b"],
        "Shell": ["sh"],
        "HostConfig": {"CapAdd": ["NET_ADMIN"]},
    }
    for body in (b'{"Env":"A=1"}', b'{"HostConfig":{"Dns":"192.0.2.1"}}', b'{"Shell":5}'):
        with pytest.raises(InvalidArgument, match="invalid JSON"):
            decode(body, decoder)


def test_what_is_in_a_set_counts_for_nothing() -> None:
    body = b'{"ExposedPorts":{"80/tcp":{"x":1}},"Volumes":{"/v":{"y":{}}}}'
    created = decode(body, msgspec.json.Decoder(ContainerCreate))
    assert created == {"ExposedPorts": {"80/tcp": {}}, "Volumes": {"/v": {}}}


@pytest.mark.parametrize(
    "mount",
    [
        b'{"BindOptions":{"CreateMountpoint":1}}',
        b'{"VolumeOptions":{"Labels":{"a":1}}}',
        b'{"VolumeOptions":{"DriverConfig":{"Options":[]}}}',
        b'{"ImageOptions":{"Subpath":5}}',
    ],
)
def test_options_of_mounts_have_types(mount: bytes) -> None:
    with pytest.raises(InvalidArgument, match="invalid JSON: Expected"):
        decode(b'{"HostConfig":{"Mounts":[%b]}}' % mount, msgspec.json.Decoder(ContainerCreate))
