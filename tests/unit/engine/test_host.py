from pathlib import Path

import pytest
from tests.unit.engine.hosts import HOST

from seacan.engine.host import probe, with_systemd
from seacan.errors import Unavailable
from seacan.kernel.capabilities import NAMES


def test_v1_limits_are_the_files_that_exist(tmp_path: Path) -> None:
    for controller, file in (("memory", "memory.limit_in_bytes"), ("pids", "cgroup.procs")):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / file).touch()
    assert probe("v1", tmp_path).limits == {"memory", "pids"}


def test_v2_limits_follow_the_controllers(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu pids misc\n")
    assert probe("v2", tmp_path).limits == {"cpu_shares", "cpu_quota", "pids"}


def test_this_host() -> None:
    host = probe("v1", Path("/nonexist"))
    assert host.limits == frozenset()
    assert host.cpu_count >= 1
    assert host.cpus
    assert set(host.capabilities) <= set(NAMES)
    assert host.kernel >= (5, 10)
    assert host.runtimes["seacan"] is None
    assert host.hard_rlimits["nofile"] > 0


def test_without_systemd_it_makes_no_cgroups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seacan.kernel.dbus.systemd._SYSTEM_SOCKETS", [("/nosuch/socket", False)])
    with pytest.raises(
        Unavailable, match=r"native\.cgroupdriver=systemd: .* /nosuch/socket: No such"
    ):
        with_systemd(HOST)
