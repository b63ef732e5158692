"""update: limits of a container that runs, by flags and by a file."""

import json
import os
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box
from tests.root.runtime.executable import Runtime

from seacan.kernel.cgroups import hierarchy

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(hierarchy.detect() != "v1", reason="looks at files of cgroup v1"),
]

MB = 1 << 20


def value(box: Box, controller: str, name: str) -> str:
    mount = hierarchy._layout().v1[controller]
    return Path(f"{mount}/{box.id}/{name}").read_text().strip()


@pytest.mark.parametrize(
    ("flags", "controller", "name", "expected"),
    [
        (["--memory", "64m"], "memory", "memory.limit_in_bytes", str(64 * MB)),
        (["--memory-reservation", "16M"], "memory", "memory.soft_limit_in_bytes", str(16 * MB)),
        (["--cpu-quota=20000"], "cpu", "cpu.cfs_quota_us", "20000"),
        (["--cpu-period", "50000"], "cpu", "cpu.cfs_period_us", "50000"),
        (["--cpu-share", "512"], "cpu", "cpu.shares", "512"),
        (["--cpu-idle", "1"], "cpu", "cpu.idle", "1"),
        (["--cpuset-cpus", "0"], "cpuset", "cpuset.cpus", "0"),
        (["--cpuset-mems", "0"], "cpuset", "cpuset.mems", "0"),
        (["--pids-limit", "17"], "pids", "pids.max", "17"),
    ],
)
def test_flags(
    box: Box, runtime: Runtime, flags: list[str], controller: str, name: str, expected: str
) -> None:
    with box.started("sleep", "60"):
        done = runtime("update", *flags, box.id)
        assert done.returncode == 0, done.stderr
        assert value(box, controller, name) == expected


def test_burst_goes_with_a_quota(box: Box, runtime: Runtime) -> None:
    with box.started("sleep", "60"):
        assert runtime("update", "--cpu-quota", "50000", box.id).returncode == 0
        assert runtime("update", "--cpu-burst", "10000", box.id).returncode == 0
        assert value(box, "cpu", "cpu.cfs_burst_us") == "10000"
        assert value(box, "cpu", "cpu.cfs_quota_us") == "50000"


def test_memory_and_swap_go_up_down_and_away_together(box: Box, runtime: Runtime) -> None:
    with box.started("sleep", "60"):
        for memory, both in ((64, 96), (256, 300), (32, 40)):
            done = runtime("update", "--memory", f"{memory}m", "--memory-swap", f"{both}m", box.id)
            assert done.returncode == 0, done.stderr
            assert value(box, "memory", "memory.limit_in_bytes") == str(memory * MB)
            assert value(box, "memory", "memory.memsw.limit_in_bytes") == str(both * MB)
        assert runtime("update", "--memory", "-1", box.id).returncode == 0
        assert int(value(box, "memory", "memory.memsw.limit_in_bytes")) > 1 << 60


@pytest.mark.parametrize("from_stdin", [True, False])
def test_resources_of_a_file(box: Box, runtime: Runtime, from_stdin: bool) -> None:
    document = json.dumps({"memory": {"limit": 64 * MB}, "pids": {"limit": 9}, "cpu": {"cpus": ""}})
    with box.started("sleep", "60"):
        if from_stdin:
            done = runtime("update", "--resources=-", box.id, stdin=document)
        else:
            (box.path / "resources.json").write_text(document)
            done = runtime("update", "-r", "resources.json", box.id)
        assert done.returncode == 0, done.stderr
        assert value(box, "memory", "memory.limit_in_bytes") == str(64 * MB)
        assert value(box, "pids", "pids.max") == "9"


def test_device_rules_stay_unless_they_are_named(box: Box, runtime: Runtime) -> None:
    opens = ("sh", "-c", "read x < /dev/loop-control")
    box.linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    node = {"path": "/dev/loop-control", "type": "c", "major": 10, "minor": 237, "fileMode": 0o666}
    box.linux["devices"] = [node]
    with box.started("sleep", "60") as container:
        before = value(box, "devices", "devices.list")
        assert runtime("update", "--pids-limit", "20", box.id).returncode == 0
        assert value(box, "devices", "devices.list") == before
        assert "not permitted" in box.execute(container, *opens).out
        allowed = {"allow": True, "type": "c", "major": 10, "minor": 237, "access": "rw"}
        document = json.dumps({"devices": [allowed]})
        assert runtime("update", "-r", "-", box.id, stdin=document).returncode == 0
        assert "c 10:237 rw" in value(box, "devices", "devices.list")
        assert "c 1:3 rwm" in value(box, "devices", "devices.list")
        assert "not permitted" not in box.execute(container, *opens).out


@pytest.mark.parametrize(
    ("flags", "stdin", "text"),
    [
        (["--memory", "abc"], "", "invalid value for memory: invalid size: 'abc'"),
        (["--cpu-quota", "x"], "", "invalid value for cpu-quota: not a whole number: 'x'"),
        (["--l3-cache-schema", "x"], "", "--l3-cache-schema is not supported"),
        (["--mem-bw-schema", "x"], "", "--mem-bw-schema is not supported"),
        (["--kernel-memory", "1"], "", "--kernel-memory is not supported"),
        (["--cpuset-cpus", "9999"], "", "cpuset.cpus: write '9999'"),
        (["--cpu-share", "-3"], "", "update.cpu.shares: not a whole number"),
        (["-r", "-"], "{", "standard input: not valid JSON"),
        (["-r", "-"], '{"memory": {"limit": "1g"}}', "resources.memory.limit: not a whole number"),
        (["-r", "-"], '{"unified": {"memory.high": "1"}}', "cgroup v1 has none"),
        (["-r", "absent.json"], "", "absent.json: no such file"),
    ],
)
def test_refusals(box: Box, runtime: Runtime, flags: list[str], stdin: str, text: str) -> None:
    with box.started("sleep", "60"):
        refused = runtime("update", *flags, box.id, stdin=stdin)
        assert refused.returncode == 1
        assert text in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_a_stopped_container(box: Box, runtime: Runtime) -> None:
    with box.started("true") as container:
        os.waitpid(container.pid, 0)
        assert "container not running" in runtime("update", "--memory", "1g", box.id).stderr
