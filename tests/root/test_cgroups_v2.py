import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.root.cgroup_contract import CgroupContract, start, wait_until

from seacan.kernel import bpf
from seacan.kernel.cgroups import devices, files, hierarchy
from seacan.kernel.cgroups.v2 import CgroupV2

pytestmark = [
    pytest.mark.vm,
    pytest.mark.skipif(hierarchy.detect() != "v2", reason="needs cgroup v2"),
]


class TestVersion2(CgroupContract):
    pass


@pytest.fixture
def cgroup() -> Iterator[CgroupV2]:
    mount = hierarchy._layout().v2
    assert mount
    name = f"seacan-test-{secrets.token_hex(6)}"
    parent, made = CgroupV2(mount, [name]), CgroupV2(mount, [name, "one"])
    made.create()
    yield made
    parent.kill()
    parent.remove()


def value(cgroup: CgroupV2, file: str) -> str:
    return Path(cgroup._path, file).read_text().strip()


def test_what_is_written(cgroup: CgroupV2) -> None:
    cgroup.apply(
        {
            "memory": {"limit": 64 << 20, "swap": 128 << 20, "reservation": 32 << 20},
            "cpu": {"shares": 1024, "quota": 20_000, "period": 50_000, "cpus": "0", "mems": "0"},
            "pids": {"limit": 17},
            "unified": {"memory.high": str(48 << 20)},
        }
    )
    assert value(cgroup, "memory.max") == str(64 << 20)
    assert value(cgroup, "memory.swap.max") == str(64 << 20)
    assert value(cgroup, "memory.low") == str(32 << 20)
    assert value(cgroup, "memory.high") == str(48 << 20)
    assert value(cgroup, "cpu.weight") == "100"
    assert value(cgroup, "cpu.max") == "20000 50000"
    assert value(cgroup, "cpuset.cpus") == "0"
    assert value(cgroup, "pids.max") == "17"
    cgroup.apply({"memory": {"limit": -1}, "pids": {"limit": -1}, "cpu": {"quota": -1}})
    assert value(cgroup, "memory.max") == value(cgroup, "memory.swap.max") == "max"
    assert value(cgroup, "pids.max") == "max"
    assert value(cgroup, "cpu.max") == "max 50000"


def test_a_parent_with_processes_has_no_memory_to_give(cgroup: CgroupV2) -> None:
    child = start(cgroup, "import time; time.sleep(60)")
    below = CgroupV2(cgroup._mount, [*cgroup._parts, "below"])
    below.create()
    inner = start(below, "import time; time.sleep(60)")  # without limits it may be there
    assert below.pids() == [inner.pid]
    below.kill()
    inner.wait()
    with pytest.raises(OSError, match="do not have it") as caught:
        below.apply({"memory": {"limit": 1 << 30}})
    assert str(caught.value.filename).endswith("/below/memory.max")
    cgroup.kill()
    assert child.wait() == -signal.SIGKILL


def test_one_program_replaces_the_other(cgroup: CgroupV2) -> None:
    fd = os.open(cgroup._path, os.O_RDONLY)
    for allow in (False, True, False):
        cgroup.apply({"devices": [{"allow": allow, "access": "rwm"}]})
        attached = bpf._attached(fd, bpf.ATTACH_CGROUP_DEVICE)
        assert len(attached) == 1
        os.close(attached[0])
    os.close(fd)


def test_programs_of_others_are_removed(cgroup: CgroupV2) -> None:
    fd = os.open(cgroup._path, os.O_RDONLY)
    for rules in (devices.Access(True, {}), devices.Access(False, {})):
        program = bpf.load(devices.program_v2(rules), bpf.PROG_TYPE_CGROUP_DEVICE)
        bpf._attach(fd, program, bpf.ATTACH_CGROUP_DEVICE, bpf._ALLOW_MULTI)
        os.close(program)
    cgroup.apply({"devices": [{"allow": True, "access": "rwm"}]})
    attached = bpf._attached(fd, bpf.ATTACH_CGROUP_DEVICE)
    assert len(attached) == 1
    for each in (*attached, fd):
        os.close(each)
    assert start(cgroup, "open('/dev/null').close()").wait() == 0


def test_kill_without_cgroup_kill(cgroup: CgroupV2, monkeypatch: pytest.MonkeyPatch) -> None:
    write = files.write

    def before_5_14(path: str, text: str) -> None:
        if path.endswith("/cgroup.kill"):
            raise FileNotFoundError(path)
        write(path, text)

    monkeypatch.setattr(files, "write", before_5_14)
    child = start(cgroup, "import os, time\nos.fork(); time.sleep(60)")
    cgroup.kill()
    assert child.wait() == -signal.SIGKILL
    assert cgroup.pids() == []
    assert value(cgroup, "cgroup.freeze") == "0"


def test_threads_only_below_a_threaded_one(cgroup: CgroupV2) -> None:
    """Somebody has split the cgroup by threads: there is no room for a container below."""
    child = start(cgroup, "import time; time.sleep(60)")
    Path(cgroup._path, "cgroup.subtree_control").write_text("+pids")
    below = CgroupV2(cgroup._mount, [*cgroup._parts, "below"])
    below.create()
    with pytest.raises(OSError, match=r"takes no processes, its type is 'domain invalid'"):
        below.join(child.pid)
    below.remove()
    cgroup.kill()
    child.wait()


def test_kill_ends_what_is_in_threaded_cgroups(cgroup: CgroupV2) -> None:
    """cgroup.procs of such a one cannot be read; a container may make them."""
    path = cgroup._path
    code = f"""
import os, time
os.mkdir("{path}/t")
open("{path}/t/cgroup.type", "w").write("threaded")
open("{path}/t/cgroup.procs", "w").write("0")
time.sleep(60)
"""
    child = start(cgroup, code)
    wait_until(lambda: "t/" in f"{Path(f'/proc/{child.pid}/cgroup').read_text().strip()}/")
    wait_until(lambda: Path(f"{path}/t/cgroup.threads").read_text() != "")
    assert cgroup.pids() == [child.pid]
    cgroup.kill()
    assert child.wait() == -signal.SIGKILL
    cgroup.remove()


def test_memory_kept_below_swap(cgroup: CgroupV2) -> None:
    cgroup.apply({"memory": {"limit": 64 << 20, "swap": -1}})
    cgroup.apply({"memory": {"limit": 32 << 20}})
    assert value(cgroup, "memory.swap.max") == "max"
