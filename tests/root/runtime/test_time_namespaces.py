"""Containers with clocks of their own, or of another's."""

import os
import time
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.test_user_namespaces import map_ids

pytestmark = [pytest.mark.root, pytest.mark.cgroups]

DAY_S = 86400
OFFSETS = {"monotonic": {"secs": DAY_S}, "boottime": {"secs": 7 * DAY_S, "nanosecs": 500_000_000}}


def uptime_s(text: str) -> float:
    return float(text.split()[0])


@pytest.mark.parametrize("is_mapped", [False, True])
def test_clocks_are_shifted(box: Box, is_mapped: bool) -> None:
    if is_mapped:
        map_ids(box)
    box.linux["namespaces"].append({"type": "time"})
    box.linux["timeOffsets"] = OFFSETS
    with box.started("sleep", "60") as container:
        for process in ("cat /proc/uptime", "cat /proc/1/timens_offsets"):
            out = box.execute(container, "sh", "-c", process).out
            if "uptime" in process:
                own = time.clock_gettime(time.CLOCK_BOOTTIME)
                assert own + 7 * DAY_S <= uptime_s(out) + 0.1 < own + 7 * DAY_S + 60
            else:
                assert out.split() == ["monotonic", "86400", "0", "boottime", "604800", "500000000"]
        inside = os.readlink(f"/proc/{container.pid}/ns/time")
        assert inside != os.readlink("/proc/self/ns/time")
        assert inside == os.readlink(f"/proc/{container.pid}/ns/time_for_children")
    assert uptime_s(box.sh("cat /proc/uptime")) > 7 * DAY_S


def test_clock_without_an_offset_is_the_hosts(box: Box) -> None:
    box.linux["namespaces"].append({"type": "time"})
    out = box.sh("cat /proc/uptime; readlink /proc/self/ns/time")
    assert abs(uptime_s(out) - time.clock_gettime(time.CLOCK_BOOTTIME)) < 10
    assert out.split()[-1] != os.readlink("/proc/self/ns/time")


def test_joined_by_path(box: Box) -> None:
    box.linux["namespaces"].append({"type": "time"})
    box.linux["timeOffsets"] = OFFSETS
    with box.started("sleep", "60") as other:
        second = Box(box.path / "second")
        path = f"/proc/{other.pid}/ns/time"
        second.linux["namespaces"].append({"type": "time", "path": path})
        out = second.sh("readlink /proc/self/ns/time; cat /proc/uptime")
        assert out.splitlines()[0] == os.readlink(path)
        assert uptime_s(out.splitlines()[1]) > 7 * DAY_S
    assert second.leftovers() == []


def test_caller_keeps_its_clocks(box: Box) -> None:
    box.linux["namespaces"].append({"type": "time"})
    box.linux["timeOffsets"] = OFFSETS
    before = os.readlink("/proc/self/ns/time_for_children")
    box.sh("true")
    assert os.readlink("/proc/self/ns/time_for_children") == before
    assert uptime_s(Path("/proc/uptime").read_text()) < 7 * DAY_S
