"""What the guest promises the tests that run in it."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.vm


def test_cgroup_v2_has_every_controller() -> None:
    controllers = Path("/sys/fs/cgroup/cgroup.controllers").read_text().split()
    assert {"cpu", "cpuset", "io", "memory", "pids"} <= set(controllers)


def test_files_of_the_host_can_be_changed_without_changing_the_host() -> None:
    assert "overlay / overlay" in Path("/proc/self/mounts").read_text()
    assert os.environ["SEACAN_VM"] == "1"


def test_temporary_files_can_hold_an_overlay(tmp_path: Path) -> None:
    device = os.stat(tmp_path).st_dev
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    kinds = {words[2]: words[words.index("-") + 1] for words in mounts}
    assert kinds[f"{os.major(device)}:{os.minor(device)}"] == "tmpfs"
