"""The hierarchy of version 2 as containers see it, and device rules there: in the machine."""

from pathlib import Path
from typing import Any

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.mountinfo import seen_in

from seacan.kernel.cgroups import hierarchy
from seacan.runtime import cgroup_mounts

pytestmark = [
    pytest.mark.root,
    pytest.mark.vm,
    pytest.mark.skipif(hierarchy.detect() != "v2", reason="needs cgroup v2"),
]


def cgroups(box: Box, *options: str, with_namespace: bool = True) -> None:
    box.mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", *options)
    if not with_namespace:
        kinds = box.linux["namespaces"]
        box.linux["namespaces"] = [entry for entry in kinds if entry["type"] != "cgroup"]


def test_with_a_namespace_it_begins_at_the_container(box: Box) -> None:
    cgroups(box, "ro")
    box.linux["resources"] = {"pids": {"limit": 77}}
    out = box.sh("cat /proc/self/cgroup /sys/fs/cgroup/pids.max; ls /sys/fs/cgroup")
    assert out.splitlines()[:2] == ["0::/", "77"]
    assert box.id not in out
    line = seen_in(box)["/sys/fs/cgroup"]
    assert (line.fstype, line.root) == ("cgroup2", "/")
    assert {"ro", "nosuid", "noexec", "nodev"} <= line.options


def test_without_one_it_is_whole_and_fits_what_proc_says(box: Box) -> None:
    cgroups(box, "ro", with_namespace=False)
    box.linux["resources"] = {"pids": {"limit": 77}}
    script = "cat /proc/self/cgroup; cat /sys/fs/cgroup$(grep -o '/.*' /proc/self/cgroup)/pids.max"
    assert box.sh(script).splitlines() == [f"0::/{box.id}", "77"]


@pytest.mark.parametrize("has_namespace", [True, False])
def test_what_is_bound_where_mounting_is_not_permitted(has_namespace: bool) -> None:
    own = Path("/proc/self/cgroup").read_text().strip().removeprefix("0::").rstrip("/")
    places = cgroup_mounts.find(has_namespace=has_namespace)
    assert places.v1 == {}
    assert places.v2.rstrip("/") == "/sys/fs/cgroup" + (own if has_namespace else "")


@pytest.mark.parametrize(
    ("rules", "opened"),
    [
        ([], ""),
        ([{"allow": True, "type": "c", "major": 4, "minor": 64, "access": "r"}], "a"),
        ([{"allow": True, "type": "c", "major": 4, "access": "rw"}], "a b"),
        ([{"allow": True, "type": "c", "major": -1, "minor": -1, "access": "r"}], "a b c"),
        ([{"allow": True, "type": "c", "minor": 64, "access": "r"}], "a"),
        ([{"allow": True, "type": "c", "major": 4, "access": "w"}], ""),
        ([{"allow": True, "access": "rwm"}], "a b c"),
    ],
)
def test_rules_of_the_device_cgroup(box: Box, rules: list[dict[str, Any]], opened: str) -> None:
    numbers = {"a": (4, 64), "b": (4, 65), "c": (200, 1)}
    box.linux["devices"] = [
        {"type": "c", "path": f"/dev/{name}", "major": major, "minor": minor}
        for name, (major, minor) in numbers.items()
    ]
    box.linux["resources"] = {"devices": rules}
    script = (
        "for name in a b c; do head -c 0 /dev/$name 2>&1 | grep -q permitted || echo $name; done"
    )
    assert box.sh(script).split() == opened.split()
