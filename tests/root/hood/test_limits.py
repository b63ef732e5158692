"""Limits for processes that are no containers, on whichever version of cgroups this host has."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
from tests.daemon import wait_until

from seacan.errors import Conflict, InvalidArgument, NotFound
from seacan.hood import limits as limits_module
from seacan.hood.limits import Limits, Wanted, open_cgroup
from seacan.kernel.cgroups import hierarchy

pytestmark = [pytest.mark.root, pytest.mark.cgroups]

_CGROUPS: Final = Path("/sys/fs/cgroup")
_BUSY: Final = ("sh", "-c", "while :; do :; done")


@contextmanager
def process(*command: str) -> Iterator[int]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as child:
        try:
            yield child.pid
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            assert child.stdin is not None
            child.stdin.close()


@pytest.fixture
def limits(tmp_path: Path) -> Iterator[Limits]:
    root = tmp_path / "run"
    yield Limits(root)
    for record in Limits(root).list():
        Limits(root).remove(record.pid)
    assert not left(root)


def left(root: Path) -> list[Path]:
    """What there is of the limits that an exec root remembers."""
    name = limits_module._parent(root).strip("/")
    found = [path for path in (_CGROUPS / name, *_CGROUPS.glob(f"*/{name}")) if path.exists()]
    return [*found, *(root / "limits").glob("*")]


def cgroups_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text()


def test_in_and_out_again(limits: Limits, tmp_path: Path) -> None:
    with process("sleep", "1000") as pid:
        before = cgroups_of(pid)
        record = limits.add(pid, Wanted(cpus=0.1, memory_bytes=64 << 20, pids=20))
        inside = {line.split(":", 2)[2] for line in cgroups_of(pid).splitlines()}
        assert record.cgroup in inside
        assert [each.pid for each in limits.list()] == [pid]
        assert open_cgroup(record).pids() == [pid]
        limits.remove(pid)
        assert cgroups_of(pid) == before
        assert limits.list() == []
        assert not left(tmp_path / "run")


def test_of_version_1_only_what_is_asked_for_moves(limits: Limits) -> None:
    if hierarchy.detect() == "v2":
        pytest.skip("version 2 has one hierarchy")
    with process("sleep", "1000") as pid:
        before = set(cgroups_of(pid).splitlines())
        limits.add(pid, Wanted(pids=20))
        moved = before - set(cgroups_of(pid).splitlines())
        assert [line.split(":")[1] for line in moved] == ["pids"]


def test_a_busy_process_is_held_back(limits: Limits) -> None:
    with process(*_BUSY) as pid:
        record = limits.add(pid, Wanted(cpus=0.1))
        wait_until(
            lambda: open_cgroup(record).stats().cpu.throttled_periods > 2, "it to be held back"
        )


def test_its_children_are_limited_with_it(limits: Limits) -> None:
    script = "sleep 1000 & echo ready; read go; sleep 1001 & sleep 1002 & wait"
    with (
        subprocess.Popen(
            ["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        ) as shell,
    ):  # fmt: skip
        assert shell.stdin is not None
        assert shell.stdout is not None
        assert shell.stderr is not None
        try:
            assert shell.stdout.readline() == b"ready\n"
            record = limits.add(shell.pid, Wanted(pids=3))
            assert len(open_cgroup(record).pids()) == 2
            shell.stdin.write(b"go\n")
            shell.stdin.flush()
            assert b"fork" in shell.stderr.readline()
            child = next(p for p in open_cgroup(record).pids() if p != shell.pid)
            with pytest.raises(Conflict, match=f"under the limit of process {shell.pid} already"):
                limits.add(child, Wanted(pids=3))
        finally:
            os.killpg(shell.pid, signal.SIGKILL)


def test_other_limits_later(limits: Limits) -> None:
    with process("sleep", "1000") as pid:
        before = cgroups_of(pid)
        limits.add(pid, Wanted(cpus=0.5))
        record = limits.add(pid, Wanted(cpus=0.1, pids=9))
        assert (record.cpus, record.pids) == (0.1, 9)
        assert open_cgroup(record).stats().pids.limit == 9
        assert limits.list() == [record]
        limits.remove(pid)
        assert cgroups_of(pid) == before


def test_what_has_ended_is_forgotten(limits: Limits, tmp_path: Path) -> None:
    with process("sleep", "1000") as pid:
        limits.add(pid, Wanted(pids=9))
    assert limits.list() == []
    assert not left(tmp_path / "run")
    with pytest.raises(NotFound, match="is not limited"):
        limits.remove(pid)


def test_a_limit_that_was_there_is_not_escaped(limits: Limits) -> None:
    cgroup = hierarchy.open_controllers(f"/seacan-test-{os.getpid()}", ["cpu", "pids"])
    cgroup.create()
    try:
        cgroup.apply({"cpu": {"quota": 20_000, "period": 100_000}, "pids": {"limit": 5}})
        with process("sleep", "1000") as pid:
            cgroup.join(pid)
            record = limits.add(pid, Wanted(cpus=0.5, pids=50))
            assert (record.cpus, record.pids) == (0.2, 5)
            limits.remove(pid)
            assert cgroup.pids() == [pid]
    finally:
        cgroup.kill()
        cgroup.remove()


def test_a_place_that_is_gone_is_replaced_by_what_was_above(limits: Limits) -> None:
    cgroup = hierarchy.open_controllers(f"/seacan-test-{os.getpid()}", ["pids"])
    cgroup.create()
    with process("sleep", "1000") as pid:
        cgroup.join(pid)
        limits.add(pid, Wanted(pids=5))
        cgroup.remove()
        limits.remove(pid)
        assert limits.list() == []
        assert os.path.exists(f"/proc/{pid}")


def test_containers_and_kernel_threads_are_not_ours_to_limit(limits: Limits) -> None:
    with process("unshare", "--pid", "--fork", "--kill-child", "sleep", "1000") as pid:
        children = Path(f"/proc/{pid}/task/{pid}/children")
        wait_until(lambda: bool(children.read_text()), "the child")
        with pytest.raises(Conflict, match=r"`seacan update --cpus 0.1 CONTAINER`"):
            limits.add(int(children.read_text()), Wanted(cpus=1))
    kernel_thread = int(Path("/proc/2/task/2/children").read_text().split()[0])  # these stay
    with pytest.raises(InvalidArgument, match="thread of the kernel"):
        limits.add(kernel_thread, Wanted(cpus=1))
    with pytest.raises(NotFound, match="No such process"):
        limits.add(2**22 + 1, Wanted(cpus=1))


def test_killed_between_any_two_lines(tmp_path: Path) -> None:
    """Whatever was done, the next call puts the process back, and leaves nothing."""
    root = tmp_path / "run"
    with process("sleep", "1000") as pid:
        before = cgroups_of(pid)
        for act in (
            lambda: Limits(root).add(pid, Wanted(cpus=0.5, pids=9)),
            lambda: Limits(root).remove(pid),
        ):
            moment = 0
            while _dies_at(moment, act):
                known = [record.pid for record in Limits(root).list()]
                if known:
                    Limits(root).remove(pid)
                assert cgroups_of(pid) == before
                assert not left(root)
                if act.__code__.co_names[-1] == "remove":
                    Limits(root).add(pid, Wanted(cpus=0.5, pids=9))
                moment += 1
            assert moment > 10
        assert not left(root)


def _dies_at(moment: int, act: Callable[[], object]) -> bool:
    """Do `act` in a process that ends at its line number `moment`; False if it was done before."""
    child = os.fork()
    if child == 0:
        lines = 0

        def count(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal lines
            if not frame.f_code.co_filename.endswith(("hood/limits.py", "limit_records.py")):
                return None
            if event == "line":
                if lines == moment:
                    os._exit(7)
                lines += 1
            return count

        sys.settrace(count)
        act()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 7)
    return code == 7


def test_the_command_line(tmp_path: Path) -> None:
    root = f"--exec-root={tmp_path / 'run'}"
    with process(*_BUSY) as pid:
        watch = subprocess.Popen(
            _seacan("limit", root, str(pid), "--cpus", "0.1", "--watch"),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert watch.stdout is not None
        lines = [watch.stdout.readline() for _ in range(3)]
        listed = subprocess.run(
            _seacan("limit", "ls", root, "--json"), check=True, capture_output=True
        )
    watch.communicate(timeout=60)  # it ends with what it watches
    assert [line.split()[0] for line in lines] == ["before", "process", "limited"]
    assert "at most 0.1 CPUs" in lines[1]
    assert [each["Pid"] for each in json.loads(listed.stdout)] == [pid]
    assert watch.returncode == 0
    done = subprocess.run(_seacan("limit", "ls", root), check=True, capture_output=True, text=True)
    assert len(done.stdout.splitlines()) == 1
    assert not left(tmp_path / "run")


def _seacan(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "seacan.cli.main", *words]
