from typing import Any

import pytest

from seacan.errors import InvalidArgument
from seacan.kernel.namespaces import CLONE_NEWNS, CLONE_NEWTIME, CLONE_NEWUSER
from seacan.runtime import bundle, namespaces

PATH = "/proc/1/ns/user"
ONE = [{"containerID": 0, "hostID": 1, "size": 1}]


def config(*kinds: dict[str, str], **linux: object) -> dict[str, Any]:
    return {
        "ociVersion": "1.2.0",
        "process": {"args": ["sh"], "cwd": "/"},
        "root": {"path": "rootfs"},
        "linux": {"namespaces": [{"type": "mount"}, *kinds], **linux},
    }


def test_namespaces_of_all_kinds() -> None:
    kinds = ({"type": "user"}, {"type": "time"}, {"type": "pid", "path": "/proc/1/ns/pid"})
    offsets = {"boottime": {"secs": -5, "nanosecs": 999_999_999}, "monotonic": {}}
    checked = bundle.check_config(
        config(*kinds, uidMappings=ONE, gidMappings=ONE, timeOffsets=offsets)
    )
    assert namespaces.new(checked["linux"]["namespaces"]) == (
        CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWTIME
    )
    assert namespaces.time_offsets(checked["linux"]) == "boottime -5 999999999\nmonotonic 0 0\n"


def test_user_namespace_is_joined_with_the_mappings_that_it_has() -> None:
    joined = {"type": "user", "path": PATH}
    bundle.check_config(config(joined))
    with pytest.raises(InvalidArgument, match=r"linux\.uidMappings: a user namespace that is join"):
        bundle.check_config(config(joined, uidMappings=ONE, gidMappings=ONE))


@pytest.mark.parametrize(
    ("uids", "gids", "text"),
    [
        ([], ONE, r"linux\.uidMappings: missing"),
        (ONE, [], r"linux\.gidMappings: missing"),
        (ONE * 2, ONE, r"linux\.uidMappings: containerID 0 is mapped twice"),
        ([{"containerID": 1, "hostID": 1, "size": 9}], ONE, r"uidMappings: 0 of the container"),
        (ONE, [{"containerID": 1, "hostID": 1, "size": 9}], r"gidMappings: 0 of the container"),
    ],
)
def test_mappings_of_a_new_user_namespace(uids: object, gids: object, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        bundle.check_config(config({"type": "user"}, uidMappings=uids, gidMappings=gids))


@pytest.mark.parametrize(
    ("user", "text"),
    [
        ({"uid": 7}, r"process\.user\.uid: 7 of the container is not mapped"),
        ({"gid": 7}, r"process\.user: 7 of the"),
        ({"additionalGids": [0, 8]}, r"process\.user: 8 of the"),
    ],
)
def test_user_that_is_not_mapped(user: object, text: str) -> None:
    document = config({"type": "user"}, uidMappings=ONE, gidMappings=ONE)
    document["process"]["user"] = user
    with pytest.raises(InvalidArgument, match=text):
        bundle.check_config(document)


@pytest.mark.parametrize("name", ["uidMappings", "gidMappings"])
def test_mappings_without_a_user_namespace(name: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"linux\.{name}: a user namespace is not in"):
        bundle.check_config(config(**{name: ONE}))


@pytest.mark.parametrize(
    ("time", "offsets", "text"),
    [
        (None, {"monotonic": {"secs": 1}}, "there is no time namespace"),
        ("/proc/1/ns/time", {"monotonic": {"secs": 1}}, "a time namespace that is joined"),
        ("", {"realtime": {"secs": 1}}, "unknown clock: 'realtime'"),
        ("", {"boottime": {"nanosecs": 10**9}}, r"boottime\.nanosecs: a second or more"),
        ("", {"boottime": {"secs": 2**63}}, r"boottime\.secs: not a whole number"),
        ("", {"boottime": {"nanosecs": -1}}, r"boottime\.nanosecs: not a whole number"),
    ],
)
def test_offsets_that_mean_nothing(time: str | None, offsets: object, text: str) -> None:
    kinds = [] if time is None else [{"type": "time", "path": time}]
    with pytest.raises(InvalidArgument, match=rf"linux\.timeOffsets.*{text}"):
        bundle.check_config(config(*kinds, timeOffsets=offsets))


@pytest.mark.parametrize("name", ["hostname", "domainname"])
def test_parameters_that_have_a_property(name: str) -> None:
    parameters = {f"kernel/{name}": "x"}
    bundle.check_config(config({"type": "uts"}, sysctl=parameters))
    with pytest.raises(InvalidArgument, match=rf"sysctl: kernel/{name}: {name} is set as well"):
        bundle.check_config({**config({"type": "uts"}, sysctl=parameters), name: "y"})


def test_parameters_of_the_user_namespace() -> None:
    limits = {"user.max_user_namespaces": "0"}
    with pytest.raises(InvalidArgument, match="needs a user namespace"):
        bundle.check_config(config(sysctl=limits))
    bundle.check_config(config({"type": "user", "path": PATH}, sysctl=limits))
