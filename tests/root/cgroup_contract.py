"""What a cgroup must do, of either version: subclasses say where it is tested."""

import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seacan.kernel.cgroups import hierarchy
from seacan.kernel.cgroups.cgroup import Cgroup
from seacan.kernel.cgroups.v1 import CgroupV1
from seacan.kernel.cgroups.v2 import CgroupV2

BOMB = "import os, signal\nsignal.alarm(180)\nwhile True:\n try: os.fork()\n except OSError: pass"
OPENED = """
import os
def opens(path, flags):
    try: os.close(os.open(path, flags))
    except PermissionError: return "0"
    return "1"
result = opens("/dev/null", os.O_RDWR) + opens("/dev/zero", os.O_RDONLY)
result += opens("/dev/zero", os.O_RDWR) + opens("/dev/full", os.O_RDONLY)
os._exit(int(result, 2))
"""
# Each process makes a cgroup, enters it, and forks the next.
MOVING_BOMB = """
import os, signal
signal.alarm(180)
def move():
    for directory in {directories}:
        try:
            os.mkdir(f"{{directory}}/{{os.getpid()}}")
            for name in ("cpuset.cpus", "cpuset.mems"):
                try: text = open(f"{{directory}}/{{name}}").read()
                except OSError: continue
                if "cpuset" in directory:
                    open(f"{{directory}}/{{os.getpid()}}/{{name}}", "w").write(text)
            open(f"{{directory}}/{{os.getpid()}}/cgroup.procs", "w").write("0")
        except OSError: pass
while True:
    try:
        if os.fork() == 0: move()
    except OSError: pass
"""
NESTING = """
import os
for directory in {directories}:
    os.chdir(directory)
    try:
        for _ in range(1200):
            os.mkdir("deeper")
            os.chdir("deeper")
    except OSError: pass
os._exit(0)
"""
Join = Callable[[Cgroup, str], "subprocess.Popen[bytes]"]


def directories(path: str) -> list[Path]:
    """The directories of a cgroup, wherever a hierarchy is mounted."""
    layout = hierarchy._layout()
    mounts = set(layout.v1.values()) if hierarchy.detect() == "v1" else {layout.v2}
    return [Path(f"{mount}{path}") for mount in mounts if Path(f"{mount}{path}").exists()]


def start(cgroup: Cgroup, code: str) -> "subprocess.Popen[bytes]":
    """Run Python code in a process that is in `cgroup` before the first line."""
    gate = "import sys; sys.stdin.read(1)\n"
    child = subprocess.Popen([sys.executable, "-c", gate + code], stdin=subprocess.PIPE)
    cgroup.join(child.pid)
    assert child.stdin
    child.stdin.write(b"x")
    child.stdin.close()
    return child


def wait_until(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def usage(cgroup: Cgroup) -> int:
    measured: int = cgroup._memory_usage()  # type: ignore[attr-defined]
    return measured


def inside(cgroup: Cgroup) -> list[str]:
    """The directories of a cgroup that exists."""
    if isinstance(cgroup, CgroupV2):
        return [cgroup._path]
    assert isinstance(cgroup, CgroupV1)
    return cgroup._directories


def number(directory: str, file: str) -> int:
    return int(Path(directory, file).read_text())


def quota(cgroup: Cgroup) -> list[int]:
    if isinstance(cgroup, CgroupV2):
        return [int(each) for each in Path(cgroup._path, "cpu.max").read_text().split()]
    assert isinstance(cgroup, CgroupV1)
    directory = cgroup._directory("cpu")
    return [number(directory, f"cpu.cfs_{name}_us") for name in ("quota", "period")]


def memory(cgroup: Cgroup) -> list[int]:
    """The limits of memory, and of memory and swap together."""
    if isinstance(cgroup, CgroupV2):
        limit = number(cgroup._path, "memory.max")
        return [limit, limit + number(cgroup._path, "memory.swap.max")]
    assert isinstance(cgroup, CgroupV1)
    directory = cgroup._directory("memory")
    return [number(directory, f"memory.{name}limit_in_bytes") for name in ("", "memsw.")]


class CgroupContract:
    @pytest.fixture
    def parent(self) -> Iterator[str]:
        path = f"/seacan-test-{secrets.token_hex(6)}"
        yield path
        cgroup = hierarchy.open_cgroup(path)
        cgroup.kill()
        cgroup.remove()
        assert directories(path) == []

    @pytest.fixture
    def cgroup(self, parent: str) -> Cgroup:
        made = hierarchy.open_cgroup(f"{parent}/one")
        made.create()
        return made

    @pytest.fixture
    def join(self) -> Iterator[Join]:
        children = []

        def join(cgroup: Cgroup, code: str) -> "subprocess.Popen[bytes]":
            children.append(start(cgroup, code))
            return children[-1]

        yield join
        for child in children:
            child.kill()
            child.wait()

    def test_a_path_that_is_none(self) -> None:
        for path in ("/", "", "/a/../../b", "a\0b"):
            with pytest.raises(OSError, match="not the path of a cgroup"):
                hierarchy.open_cgroup(path)

    def test_create_twice_and_remove_twice(self, parent: str) -> None:
        cgroup = hierarchy.open_cgroup(f"{parent}/a/b")
        cgroup.create()
        cgroup.create()
        assert len(directories(f"{parent}/a/b")) == len(directories("/"))
        cgroup.remove()
        cgroup.remove()
        assert directories(f"{parent}/a/b") == []

    def test_a_process_joins_and_is_listed(self, cgroup: Cgroup, join: Join) -> None:
        assert cgroup.pids() == []
        child = join(cgroup, "import time; time.sleep(60)")
        assert cgroup.pids() == [child.pid]

    def test_the_caller_joins_by_zero(self, parent: str, cgroup: Cgroup) -> None:
        child = os.fork()
        if child == 0:
            status = 99
            try:
                cgroup.join(0)
                lines = Path("/proc/self/cgroup").read_text().splitlines()
                status = int(not any(line.endswith(f":{parent}/one") for line in lines))
            except OSError as err:
                os.write(2, f"{err}\n".encode())
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def test_kill_reaches_cgroups_below(self, parent: str, cgroup: Cgroup, join: Join) -> None:
        inner = hierarchy.open_cgroup(f"{parent}/one/inner")
        inner.create()
        child = join(inner, "import time; time.sleep(60)")
        assert cgroup.pids() == [child.pid]
        cgroup.kill()
        assert child.wait() == -signal.SIGKILL
        cgroup.remove()
        assert directories(f"{parent}/one") == []

    def test_kill_ends_a_fork_bomb(self, cgroup: Cgroup, join: Join) -> None:
        cgroup.apply({"pids": {"limit": 40}})
        bomb = join(cgroup, BOMB)
        wait_until(lambda: len(cgroup.pids()) > 20)
        cgroup.kill()
        assert cgroup.pids() == []
        assert bomb.wait() == -signal.SIGKILL
        cgroup.remove()

    def test_freeze_stops_and_thaw_lets_go_on(
        self, cgroup: Cgroup, join: Join, tmp_path: Path
    ) -> None:
        ticks = tmp_path / "ticks"
        join(
            cgroup,
            f"import time\nwhile True: open({str(ticks)!r}, 'a').write('.'); time.sleep(.001)",
        )
        wait_until(ticks.exists)
        cgroup.freeze()
        size = ticks.stat().st_size
        time.sleep(0.05)
        assert ticks.stat().st_size == size
        cgroup.thaw()
        wait_until(lambda: ticks.stat().st_size > size)

    def test_kill_ends_the_frozen(self, cgroup: Cgroup, join: Join) -> None:
        child = join(cgroup, "import time; time.sleep(60)")
        cgroup.freeze()
        cgroup.kill()
        assert child.wait() == -signal.SIGKILL

    def test_kill_ends_a_thousand(self, cgroup: Cgroup, join: Join) -> None:
        code = (
            "import os, time, signal\nsignal.alarm(180)\n"
            "for n in range(1000):\n if os.fork() == 0: break\ntime.sleep(180)"
        )
        child = join(cgroup, code)
        wait_until(lambda: len(cgroup.pids()) == 1001, 150)
        cgroup.kill()
        assert cgroup.pids() == []
        assert child.wait() == -signal.SIGKILL
        cgroup.remove()

    def test_kill_ends_forks_in_cgroups_being_made(self, cgroup: Cgroup, join: Join) -> None:
        """A container that may make cgroups, and moves what it forks into new ones."""
        cgroup.apply({"pids": {"limit": 60}})
        child = join(cgroup, MOVING_BOMB.format(directories=inside(cgroup)))
        wait_until(lambda: len(list(Path(inside(cgroup)[0]).iterdir())) > 20)
        wait_until(lambda: len(cgroup.pids()) > 20)
        cgroup.kill()
        assert cgroup.pids() == []
        assert child.wait() == -signal.SIGKILL
        cgroup.remove()

    def test_kill_ends_what_froze_itself(self, parent: str, cgroup: Cgroup, join: Join) -> None:
        inner = hierarchy.open_cgroup(f"{parent}/one/inner")
        inner.create()
        child = join(inner, "import time; time.sleep(60)")
        inner.freeze()
        cgroup.kill()
        assert child.wait() == -signal.SIGKILL
        cgroup.remove()

    def test_cgroups_nested_deeper_than_a_path(self, cgroup: Cgroup, join: Join) -> None:
        """A container may make them, so as not to be removed."""
        child = join(cgroup, NESTING.format(directories=inside(cgroup)))
        assert child.wait() == 0
        assert cgroup.pids() == []
        cgroup.kill()
        cgroup.remove()
        assert not any(Path(directory).exists() for directory in inside(cgroup))

    def test_zombies_do_not_hold_it(self, cgroup: Cgroup, join: Join) -> None:
        child = join(cgroup, "import os\nif os.fork() == 0: os.fork()")
        wait_until(lambda: cgroup.pids() == [])
        cgroup.kill()
        cgroup.remove()
        assert child.wait() == 0

    def test_freezing_a_fork_bomb(self, cgroup: Cgroup, join: Join) -> None:
        cgroup.apply({"pids": {"limit": 40}})
        bomb = join(cgroup, BOMB)
        wait_until(lambda: len(cgroup.pids()) > 20)
        for _ in range(5):
            cgroup.freeze()
            cgroup.thaw()
        cgroup.freeze()
        cgroup.kill()
        assert bomb.wait() == -signal.SIGKILL

    def test_pids_limit(self, cgroup: Cgroup, join: Join) -> None:
        cgroup.apply({"pids": {"limit": 3}})
        code = (
            "import os, sys\nn = 0\ntry:\n while True:\n"
            "  if os.fork() == 0: sys.stdin.close(); os.kill(os.getpid(), 19)\n"
            "  n += 1\nexcept BlockingIOError: os._exit(n)"
        )
        assert join(cgroup, code).wait() == 2

    def test_memory_limit_and_oom_count(self, cgroup: Cgroup, join: Join) -> None:
        cgroup.apply({"memory": {"limit": 24 << 20, "swap": 24 << 20}})
        assert cgroup.oom_kills() == 0
        assert join(cgroup, "x = bytearray(64 << 20)").wait() == -signal.SIGKILL
        assert cgroup.oom_kills() == 1

    def test_memory_goes_up_and_down(self, cgroup: Cgroup) -> None:
        for limit in (64, 256, 32, -1, 48):
            size = limit if limit == -1 else limit << 20
            cgroup.apply({"memory": {"limit": size, "swap": size}})

    def test_quota_and_period_go_up_and_down(self, cgroup: Cgroup) -> None:
        for quota, period in (
            (50_000, 100_000),
            (5_000, 10_000),
            (500_000, 1_000_000),
            (-1, 100_000),
        ):
            cgroup.apply({"cpu": {"quota": quota, "period": period}})

    def test_bursts_within_quotas(self, cgroup: Cgroup) -> None:
        """A burst may not be above the quota, whichever of them is there first."""
        for quota, burst in ((20_000, 10_000), (50_000, 50_000), (5_000, 5_000), (100_000, 0)):
            cgroup.apply({"cpu": {"quota": quota, "period": 100_000, "burst": burst}})
        with pytest.raises(OSError, match=r"burst") as caught:
            cgroup.apply({"cpu": {"quota": 5_000, "burst": 6_000}})
        assert caught.value.errno == 22

    def test_a_period_alone_keeps_the_quota(self, cgroup: Cgroup, join: Join) -> None:
        cgroup.apply({"cpu": {"quota": 20_000, "period": 100_000}})
        cgroup.apply({"cpu": {"period": 50_000}})
        assert quota(cgroup) == [20_000, 50_000]
        cgroup.apply({"cpu": {"quota": 10_000}})
        assert quota(cgroup) == [10_000, 50_000]

    def test_memory_alone_keeps_the_sum_with_swap(self, cgroup: Cgroup) -> None:
        cgroup.apply({"memory": {"limit": 64 << 20, "swap": 128 << 20}})
        cgroup.apply({"memory": {"limit": 32 << 20}})
        assert memory(cgroup) == [32 << 20, 128 << 20]
        cgroup.apply({"memory": {"swap": 48 << 20}})
        assert memory(cgroup) == [32 << 20, 48 << 20]
        with pytest.raises(OSError, match=r"nvalid|below"):
            cgroup.apply({"memory": {"limit": 64 << 20}})

    def test_devices(self, cgroup: Cgroup, join: Join) -> None:
        cgroup.apply(
            {
                "devices": [
                    {"allow": False, "access": "rwm"},
                    {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rw"},
                    {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "r"},
                ]
            }
        )
        assert join(cgroup, OPENED).wait() == 0b1100
        cgroup.apply({"devices": [{"allow": True, "access": "rwm"}]})
        assert join(cgroup, OPENED).wait() == 0b1111
        deny = {"allow": False, "type": "c", "major": 1, "minor": 5, "access": "w"}
        cgroup.apply({"devices": [{"allow": True, "access": "rwm"}, deny]})  # type: ignore[list-item]
        assert join(cgroup, OPENED).wait() == 0b1101

    def test_a_limit_without_a_file_is_refused(self, cgroup: Cgroup) -> None:
        with pytest.raises(OSError, match="hugetlb") as caught:
            cgroup.apply({"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]})
        assert caught.value.errno == 2

    def test_a_value_that_the_kernel_refuses_is_named(self, cgroup: Cgroup) -> None:
        with pytest.raises(OSError, match="write '999999': ") as caught:
            cgroup.apply({"cpu": {"cpus": "999999"}})
        assert str(caught.value.filename).endswith("/one/cpuset.cpus")

    def test_usage_is_tested_before_when_asked(self, cgroup: Cgroup, join: Join) -> None:
        join(cgroup, "x = bytearray(16 << 20)\nimport time; time.sleep(60)")
        wait_until(lambda: usage(cgroup) > 16 << 20)
        with pytest.raises(OSError, match="is not above the usage"):
            cgroup.apply({"memory": {"limit": 8 << 20, "checkBeforeUpdate": True}})

    def test_whether_it_is_frozen(self, parent: str, cgroup: Cgroup, join: Join) -> None:
        join(cgroup, "import time; time.sleep(60)")
        assert not cgroup.is_frozen()
        cgroup.freeze()
        assert cgroup.is_frozen()
        cgroup.thaw()
        assert not cgroup.is_frozen()
        assert not hierarchy.open_cgroup(f"{parent}/absent").is_frozen()

    def test_stats(self, cgroup: Cgroup, join: Join) -> None:
        cgroup.apply({"memory": {"limit": 64 << 20, "swap": 96 << 20}, "pids": {"limit": 17}})
        cgroup.apply({"cpu": {"quota": 20_000, "period": 100_000}})
        join(cgroup, "x = bytearray(16 << 20)\nwhile True: pass")
        wait_until(lambda: cgroup.stats().memory.memory.usage > 16 << 20)
        wait_until(lambda: cgroup.stats().cpu.user_ns > 0)
        wait_until(lambda: cgroup.stats().cpu.throttled_ns > 50_000_000)
        stats = cgroup.stats()
        assert stats.cpu.total_ns > 20_000_000
        assert 0 < stats.cpu.throttled_periods <= stats.cpu.periods
        assert 16 << 20 < stats.memory.memory.usage <= stats.memory.memory.peak < 64 << 20
        assert stats.memory.memory.limit == 64 << 20
        assert stats.memory.swap.limit == 96 << 20
        assert stats.memory.swap.usage >= stats.memory.memory.usage
        assert stats.memory.raw["pgfault"] > 0
        assert (stats.pids.current, stats.pids.limit) == (1, 17)

    def test_stats_of_what_is_not_there(self, parent: str) -> None:
        stats = hierarchy.open_cgroup(f"{parent}/absent").stats()
        assert (stats.cpu.total_ns, stats.memory.memory.usage, stats.pids.current) == (0, 0, 0)

    def test_a_watch_tells_when_memory_runs_out(self, cgroup: Cgroup, join: Join) -> None:
        cgroup.apply({"memory": {"limit": 24 << 20, "swap": 24 << 20}})
        watch = cgroup.watch_oom()
        poll = select.poll()
        poll.register(watch, watch.events)
        assert not watch.has_run_out()
        assert poll.poll(0) == []
        join(cgroup, "x = bytearray(64 << 20)").wait()
        assert poll.poll(60_000)
        assert watch.has_run_out()
        assert not watch.has_run_out()
        assert poll.poll(0) == []
        watch.close()

    def test_a_process_joins_below(self, parent: str, cgroup: Cgroup, join: Join) -> None:
        inner = hierarchy.open_cgroup(f"{parent}/one/inner")
        inner.create()
        is_v1 = hierarchy.detect() == "v1"
        below = cgroup.below({"pids" if is_v1 else "": "inner"})
        child = join(below, "import time; time.sleep(60)")
        lines = Path(f"/proc/{child.pid}/cgroup").read_text().splitlines()
        inside = [line.split(":")[1] for line in lines if line.endswith(f"{parent}/one/inner")]
        assert inside == (["pids"] if is_v1 else [""])
        with pytest.raises(FileNotFoundError):
            cgroup.below({"pids" if is_v1 else "": "absent"}).join(child.pid)

    def test_one_limit_of_a_pair_is_changed_alone(self, cgroup: Cgroup) -> None:
        cgroup.apply({"memory": {"limit": 64 << 20, "swap": 64 << 20}})
        cgroup.apply({"memory": {"swap": 96 << 20}})
        memory = cgroup.stats().memory
        assert (memory.memory.limit, memory.swap.limit) == (64 << 20, 96 << 20)
        cgroup.apply({"memory": {"limit": 128 << 20, "swap": 256 << 20}})
        memory = cgroup.stats().memory
        assert (memory.memory.limit, memory.swap.limit) == (128 << 20, 256 << 20)
