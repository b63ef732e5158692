"""What version 1 has of its own."""

import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.root.cgroup_contract import BOMB, start, wait_until

from seacan.kernel.cgroups import hierarchy
from seacan.kernel.cgroups.v1 import CgroupV1

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(hierarchy.detect() != "v1", reason="needs cgroup v1"),
]


@pytest.fixture
def cgroup() -> Iterator[CgroupV1]:
    parts = [f"seacan-test-{secrets.token_hex(6)}", "one"]
    mounts = hierarchy._layout().v1
    parent, made = CgroupV1(mounts, parts[:1]), CgroupV1(mounts, parts)
    made.create()
    yield made
    parent.kill()
    parent.remove()


def test_kill_by_the_freezer_ends_a_fork_bomb(cgroup: CgroupV1) -> None:
    cgroup.apply({"pids": {"limit": 40}})
    bomb = start(cgroup, BOMB)
    wait_until(lambda: len(cgroup.pids()) > 20)
    cgroup.kill()
    assert bomb.wait() == -signal.SIGKILL
    assert cgroup.pids() == []
    cgroup.remove()


def test_a_cpuset_inherits_through_parents_without_any(cgroup: CgroupV1) -> None:
    mount = Path(hierarchy._layout().v1["cpuset"])
    path = mount / "/".join(cgroup._parts)
    for name in ("cpuset.cpus", "cpuset.mems"):
        assert (path / name).read_text() == (mount / name).read_text()
    bare = path / "bare"
    bare.mkdir()
    below = CgroupV1(hierarchy._layout().v1, [*cgroup._parts, "bare", "below"])
    below.create()
    assert (bare / "below/cpuset.cpus").read_text() == (mount / "cpuset.cpus").read_text()


def test_what_is_written(cgroup: CgroupV1) -> None:
    cgroup.apply(
        {
            "memory": {"limit": 64 << 20, "swap": 128 << 20, "reservation": 32 << 20},
            "cpu": {"shares": 512, "quota": 20_000, "period": 50_000, "cpus": "0", "mems": "0"},
            "pids": {"limit": 17},
        }
    )
    assert value(cgroup, "memory", "memory.limit_in_bytes") == str(64 << 20)
    assert value(cgroup, "memory", "memory.memsw.limit_in_bytes") == str(128 << 20)
    assert value(cgroup, "memory", "memory.soft_limit_in_bytes") == str(32 << 20)
    assert value(cgroup, "cpu", "cpu.shares") == "512"
    assert value(cgroup, "cpu", "cpu.cfs_quota_us") == "20000"
    assert value(cgroup, "cpu", "cpu.cfs_period_us") == "50000"
    assert value(cgroup, "cpuset", "cpuset.cpus") == "0"
    assert value(cgroup, "pids", "pids.max") == "17"
    cgroup.apply({"pids": {"limit": -1}, "memory": {"limit": -1}})
    assert value(cgroup, "pids", "pids.max") == "max"
    assert int(value(cgroup, "memory", "memory.memsw.limit_in_bytes")) > 1 << 60


def test_device_rules_are_as_asked(cgroup: CgroupV1) -> None:
    cgroup.apply(
        {
            "devices": [
                {"allow": False, "access": "rwm"},
                {"allow": True, "type": "c", "access": "m"},
                {"allow": True, "type": "c", "major": 136, "access": "rwm"},
                {"allow": True, "type": "b", "major": 8, "minor": 0, "access": "rw"},
                {"allow": False, "type": "b", "major": 8, "minor": 0, "access": "w"},
            ]
        }
    )
    assert value(cgroup, "devices", "devices.list").splitlines() == [
        "c *:* m",
        "c 136:* rwm",
        "b 8:0 r",
    ]


def test_a_controller_that_is_not_mounted() -> None:
    without = {"pids": "/nowhere"}
    with pytest.raises(OSError, match="no cgroup v1 hierarchy with memory is mounted"):
        CgroupV1(without, ["x"]).apply({"memory": {"limit": 1 << 30}})


def value(cgroup: CgroupV1, controller: str, file: str) -> str:
    return Path(cgroup._directory(controller), file).read_text().strip()
