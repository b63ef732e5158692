from typing import Any, cast

import pytest
from msgspec.structs import replace
from tests.unit.engine.hosts import HOST, make

from seacan.engine.bundle import resources
from seacan.errors import InvalidArgument
from seacan.kernel.cgroups import units
from seacan.spec.engine_api import HostConfig


def test_nothing_asked_for_is_nothing_limited() -> None:
    assert resources.to_oci({}, [], _vda) == {"devices": []}


def test_cpus_are_a_share_of_the_period() -> None:
    host_config = make(hc={"NanoCpus": 1_500_000_000}).host_config
    assert resources.to_oci(host_config, [], _vda)["cpu"] == {"period": 100_000, "quota": 150_000}


def test_block_devices_are_named_by_number() -> None:
    host_config = cast(
        HostConfig,
        {
            "BlkioWeight": 300,
            "BlkioWeightDevice": [{"Path": "/dev/vda", "Weight": 500}],
            "BlkioDeviceReadBps": [{"Path": "/dev/vda", "Rate": 1000}],
            "BlkioDeviceWriteIOps": [{"Path": "/dev/vda", "Rate": 10}],
        },
    )
    assert resources.to_oci(host_config, [], _vda)["blockIO"] == {
        "weight": 300,
        "weightDevice": [{"major": 254, "minor": 0, "weight": 500}],
        "throttleReadBpsDevice": [{"major": 254, "minor": 0, "rate": 1000}],
        "throttleWriteIOPSDevice": [{"major": 254, "minor": 0, "rate": 10}],
    }


def _vda(path: str) -> tuple[int, int]:
    assert path == "/dev/vda"
    return 254, 0


@pytest.mark.parametrize(
    ("asked", "default", "path"),
    [
        (None, "/seacan", "/seacan/ID"),
        ("mine", "/seacan", "/mine/ID"),
        ("/a/b/", "/seacan", "/a/b/ID"),
        # Never above the root of the hierarchies.
        ("../../x", "/seacan", "/x/ID"),
        ("/", "/seacan", "/ID"),
    ],
)
def test_cgroup_path(asked: str | None, default: str, path: str) -> None:
    assert resources.cgroup_path({"CgroupParent": asked}, default, "ID") == path


@pytest.mark.parametrize(
    ("asked", "manager", "path"),
    [
        (None, "", "/system.slice/seacan-ID.scope"),
        ("a-b.slice", "", "/a.slice/a-b.slice/seacan-ID.scope"),
        ("-.slice", "/inner", "/inner/seacan-ID.scope"),
    ],
)
def test_scope_path(asked: str | None, manager: str, path: str) -> None:
    found = resources.scope_path({"CgroupParent": asked}, "system.slice", "ID", manager)
    assert found == path
    assert units.unit_of(units.cgroups_path(path), "", user=False).name == "seacan-ID.scope"


@pytest.mark.parametrize("asked", ["/mine", "mine", "a--b.slice", "a:b.slice", ".slice"])
def test_the_parent_of_a_scope_is_a_slice(asked: str) -> None:
    with pytest.raises(InvalidArgument, match="should be a valid slice"):
        resources.scope_path({"CgroupParent": asked}, "system.slice", "ID", "")


@pytest.mark.parametrize(
    ("asked", "own", "score"), [(-500, 0, 0), (0, 0, 0), (500, 0, 500), (0, 200, 200), (0, -500, 0)]
)
def test_the_oom_score_is_not_lowered_without_the_right_to(
    asked: int, own: int, score: int
) -> None:
    host = replace(HOST, oom_score_adj=own)
    assert resources.oom_score_adj(asked, host) == score
    strong = replace(host, capabilities=(*HOST.capabilities, "CAP_SYS_RESOURCE"))
    assert resources.oom_score_adj(asked, strong) == asked


def test_a_score_that_cannot_be_is_warned_of() -> None:
    assert make(hc={"OomScoreAdj": -500}).warnings == [
        "The daemon may not lower the OOM score to -500: it will be 0."
    ]


UNLIMITED = 2**64 - 1


@pytest.mark.parametrize(
    ("asked", "limit"),
    [
        ({"Name": "nofile", "Soft": 10, "Hard": 20000}, ("RLIMIT_NOFILE", 10, 20000)),
        ({"Name": "CORE", "Soft": -1, "Hard": -1}, ("RLIMIT_CORE", UNLIMITED, UNLIMITED)),
        ({"Name": "nproc"}, ("RLIMIT_NPROC", 0, 0)),
    ],
)
def test_rlimits(asked: Any, limit: tuple[str, int, int]) -> None:
    own = {"nofile": 20000, "core": UNLIMITED}
    kind, soft, hard = limit
    found = resources.rlimits([asked], own, can_raise=False)
    assert found == [{"type": kind, "soft": soft, "hard": hard}]


def test_no_limit_goes_above_the_daemons_own_without_the_right_to() -> None:
    asked: Any = [{"Name": "nofile", "Soft": -1, "Hard": -1}]
    with pytest.raises(InvalidArgument, match="may not raise the hard limit above its own, 20000"):
        resources.rlimits(asked, {"nofile": 20000}, can_raise=False)
    assert resources.rlimits(asked, {"nofile": 20000}, can_raise=True)[0]["hard"] == UNLIMITED
