"""Where a container's cgroups are."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.root.cgroup_contract import directories
from tests.root.runtime.boxes import Box

from seacan.kernel.cgroups.hierarchy import detect, open_cgroup
from seacan.runtime.container import load

pytestmark = [pytest.mark.root, pytest.mark.cgroups]


@pytest.fixture
def parent() -> Any:
    """A cgroup, with one in it that a runtime is called from; both are gone afterwards."""
    path = f"/seacan-test-{secrets.token_hex(6)}"
    open_cgroup(f"{path}/caller").create()
    yield path
    open_cgroup(path).remove()


def called_from(cgroup: str, work: Callable[[], None]) -> None:
    """Do `work` in a child that is in `cgroup`; its failure is the caller's."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            open_cgroup(cgroup).join(0)
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def paths_of(pid: int) -> set[str]:
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return {
        line.split(":", 2)[2] for line in lines if not line.startswith("0::") or len(lines) == 1
    }


def test_an_absolute_path_is_from_the_root(box: Box, parent: str) -> None:
    box.linux["cgroupsPath"] = f"{parent}/not/yet/there"
    with box.started("sleep", "60") as container:
        assert paths_of(container.pid) == {f"{parent}/not/yet/there"}
    assert directories(f"{parent}/not/yet/there") == []
    assert directories(f"{parent}/not/yet") != []  # what was made on the way may be others' by now


@pytest.mark.parametrize("given", ["given/path", ""])
def test_a_relative_path_is_from_the_caller(box: Box, parent: str, given: str) -> None:
    """With version 1 below its own cgroup, with version 2 beside it."""
    box.linux["cgroupsPath"] = given
    box.write("sleep", "60")
    above = f"{parent}/caller" if detect() == "v1" else parent

    def work() -> None:
        with box.started("sleep", "60") as container:
            found = paths_of(container.pid)
            assert found == {f"{above}/{given or box.id}"}
            assert load(box.root, box.id).cgroup.pids() == [container.pid]

    called_from(f"{parent}/caller", work)


@pytest.mark.skipif(detect() != "v1", reason="version 2 has one hierarchy")
def test_a_caller_in_different_cgroups(box: Box, parent: str) -> None:
    """As systemd has its services with version 1: not in every hierarchy."""
    box.linux["cgroupsPath"] = "relative"
    places = dict(
        line.split(":")[1:] for line in Path("/proc/self/cgroup").read_text().splitlines()
    )

    def work() -> None:
        pids = next(path for path in directories(f"{parent}/caller") if "/pids/" in f"{path}/")
        (pids / "tasks").write_text("0")
        with box.started("sleep", "60") as container:
            found = dict(
                line.split(":")[1:]
                for line in Path(f"/proc/{container.pid}/cgroup").read_text().splitlines()
            )
            assert found["pids"] == f"{parent}/caller/relative"
            assert found["freezer"] == f"{places['freezer'].rstrip('/')}/relative"
            assert container.record.cgroup_bases["pids"] == f"{parent}/caller"
            other = load(box.root, box.id)
            assert other.cgroup.pids() == [container.pid]
            other.cgroup.apply({"pids": {"limit": 7}})
            assert (pids / "relative/pids.max").read_text() == "7\n"

    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(detect() != "v2", reason="version 1 has processes beside cgroups")
def test_exec_where_an_init_system_divided_the_cgroup(box: Box) -> None:
    """It moved itself into one below, and what limits it gave to it: the top takes nobody."""
    with box.started("sleep", "60") as container:
        inner = open_cgroup(f"{container.record.cgroup}/init")
        inner.create()
        inner.join(container.pid)
        top = Path(f"/sys/fs/cgroup{container.record.cgroup}")
        (top / "cgroup.subtree_control").write_text("+memory")
        assert box.execute(container, "cat", "/proc/self/cgroup").out == "0::/init\n"
