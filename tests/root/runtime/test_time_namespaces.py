"""Containers with clocks of their own, or of another's."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.test_user_namespaces import map_ids

pytestmark = [pytest.mark.root, pytest.mark.cgroups]

DAY_S = 86400
OFFSETS = {"monotonic": {"secs": DAY_S}, "boottime": {"secs": 7 * DAY_S, "nanosecs": 500_000_000}}
SHIFT_S = 7 * DAY_S + 0.5


def uptime_s(text: str) -> float:
    return float(text.split()[0])


def assert_shifted(by_s: float, read: Callable[[], str]) -> None:
    """Hold the uptime that is read against the host's before and after, in hundredths."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    found = uptime_s(read())
    assert before - 0.01 <= found - by_s <= time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize("is_mapped", [False, True])
def test_clocks_are_shifted(box: Box, is_mapped: bool) -> None:
    if is_mapped:
        map_ids(box)
    box.linux["namespaces"].append({"type": "time"})
    box.linux["timeOffsets"] = OFFSETS
    with box.started("sleep", "60") as container:
        assert_shifted(SHIFT_S, lambda: box.execute(container, "cat", "/proc/uptime").out)
        out = box.execute(container, "cat", "/proc/1/timens_offsets").out
        assert out.split() == ["monotonic", "86400", "0", "boottime", "604800", "500000000"]
        inside = os.readlink(f"/proc/{container.pid}/ns/time")
        assert inside != os.readlink("/proc/self/ns/time")
        assert inside == os.readlink(f"/proc/{container.pid}/ns/time_for_children")
    assert_shifted(SHIFT_S, lambda: box.sh("cat /proc/uptime"))


def test_clock_without_an_offset_is_the_hosts(box: Box) -> None:
    box.linux["namespaces"].append({"type": "time"})
    assert_shifted(0, lambda: box.sh("cat /proc/uptime"))
    assert box.sh("readlink /proc/self/ns/time").strip() != os.readlink("/proc/self/ns/time")


def test_joined_by_path(box: Box) -> None:
    box.linux["namespaces"].append({"type": "time"})
    box.linux["timeOffsets"] = OFFSETS
    with box.started("sleep", "60") as other:
        second = Box(box.path / "second")
        path = f"/proc/{other.pid}/ns/time"
        second.linux["namespaces"].append({"type": "time", "path": path})
        assert second.sh("readlink /proc/self/ns/time").strip() == os.readlink(path)
        assert_shifted(SHIFT_S, lambda: second.sh("cat /proc/uptime"))
    assert second.leftovers() == []


def test_caller_keeps_its_clocks(box: Box) -> None:
    box.linux["namespaces"].append({"type": "time"})
    box.linux["timeOffsets"] = OFFSETS
    before = os.readlink("/proc/self/ns/time_for_children")
    box.sh("true")
    assert os.readlink("/proc/self/ns/time_for_children") == before
    assert_shifted(0, Path("/proc/uptime").read_text)
