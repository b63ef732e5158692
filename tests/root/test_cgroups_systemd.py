"""Cgroups that systemd makes, and containers in them: in a machine whose first process it is."""

import errno
import os
import secrets
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.root.cgroup_contract import BOMB, OPENED, start, wait_until
from tests.root.runtime.boxes import Box

from seacan.errors import Conflict, InvalidArgument
from seacan.kernel import bpf
from seacan.kernel.cgroups import hierarchy
from seacan.kernel.cgroups.systemd import SystemdCgroup, new_cgroup
from seacan.kernel.dbus import systemd
from seacan.kernel.dbus.connection import CallError, Connection
from seacan.kernel.dbus.values import Variant
from seacan.runtime.container import load
from seacan.runtime.settings import Settings
from seacan.spec.runtime import LinuxResources

pytestmark = [
    pytest.mark.vm_systemd,
    pytest.mark.skipif(
        not os.path.exists("/run/systemd/private"), reason="needs systemd as the first process"
    ),
]
only_v2 = pytest.mark.skipif(hierarchy.detect() != "v2", reason="needs cgroup v2")
only_v1 = pytest.mark.skipif(hierarchy.detect() != "v1", reason="needs cgroup v1")

ALL_DEVICES: LinuxResources = {"devices": [{"allow": True, "access": "rwm"}]}


def shown(unit: str, *names: str) -> dict[str, str]:
    """Return properties of a unit as systemctl(1) shows them."""
    command = ["systemctl", "show", unit, *(f"--property={name}" for name in names)]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in text.splitlines())


def is_loaded(unit: str) -> bool:
    return shown(unit, "LoadState")["LoadState"] != "not-found"


def value(path: str, controller: str, file: str) -> str:
    layout = hierarchy._layout()
    mount = layout.v2 if hierarchy.detect() == "v2" else layout.v1[controller]
    return Path(f"{mount}{path}/{file}").read_text().strip()


class Made:
    """A cgroup with a process in it that waits, or does `code`."""

    def __init__(self, cgroup: SystemdCgroup, code: str = "import time; time.sleep(60)") -> None:
        self.cgroup = cgroup
        self.path = cgroup.path
        self.unit = os.path.basename(cgroup.path)
        self.process = start(cgroup, code)


@pytest.fixture
def name() -> Iterator[str]:
    """The name of a container; the test fails if a unit or a cgroup of it is left."""
    name = f"test{secrets.token_hex(4)}"
    yield name
    listed = subprocess.run(
        ["systemctl", "list-units", "--all", "--no-legend", "--plain"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert name not in listed
    mounts = {hierarchy._layout().v2, *hierarchy._layout().v1.values()} - {None}
    places = [place for mount in mounts for place, _, _ in os.walk(str(mount))]  # others may go
    assert not [place for place in places if name in place]


def refused(cgroup: SystemdCgroup) -> OSError:
    """Return the error of the first process that joins."""
    with subprocess.Popen(["sleep", "60"]) as child:
        try:
            with pytest.raises(OSError, match="systemd") as caught:
                cgroup.join(child.pid)
        finally:
            child.kill()
    return caught.value


def make(name: str, resources: LinuxResources, **annotations: str) -> Made:
    own = {f"org.systemd.property.{key}": text for key, text in annotations.items()}
    cgroup = new_cgroup(f"a{name}-b.slice:pre:{name}", name, own)
    assert cgroup.path == f"/a{name}.slice/a{name}-b.slice/pre-{name}.scope"
    cgroup.create()
    cgroup.apply({**ALL_DEVICES, **resources})
    return Made(cgroup)


def end(made: Made) -> None:
    made.cgroup.kill()
    made.process.wait()
    made.cgroup.remove()
    # The slices stay, as parents do that may be others' by now: in hierarchies that systemd does
    # not know, and as units until nobody wants them.
    _, outer, inner, _ = made.path.split("/")
    subprocess.run(["systemctl", "stop", inner, outer], check=True)
    hierarchy.open_cgroup(f"/{outer}").remove()


def test_a_scope_with_its_process(name: str) -> None:
    made = make(name, {}, TimeoutStopSec="7", CollectMode="'inactive-or-failed'")
    assert made.cgroup.pids() == [made.process.pid]
    properties = shown(
        made.unit,
        *("Slice", "Delegate", "ControlGroup", "Description", "TasksAccounting"),
        *("TimeoutStopUSec", "CollectMode", "MemoryAccounting"),
    )
    assert properties == {
        "Slice": f"a{name}-b.slice",
        "Delegate": "yes",
        "ControlGroup": made.path,
        "Description": f"seacan container {name}",
        "TasksAccounting": "yes",
        "MemoryAccounting": "yes",
        "TimeoutStopUSec": "7s",
        "CollectMode": "inactive-or-failed",
    }
    own = Path(f"/proc/{made.process.pid}/cgroup").read_text().splitlines()
    assert all(
        line.endswith(made.path) for line in own if hierarchy.detect() == "v2" or ":0::" in line
    )
    end(made)
    assert not is_loaded(made.unit)


LIMITS: LinuxResources = {
    "memory": {"limit": 64 << 20, "swap": 96 << 20, "reservation": 32 << 20},
    "cpu": {"shares": 512, "quota": 20_000, "period": 50_000, "cpus": "0", "mems": "0"},
    "pids": {"limit": 17},
}


@only_v2
def test_limits_are_properties_and_files(name: str) -> None:
    made = make(name, {**LIMITS, "unified": {"memory.high": str(48 << 20), "memory.min": "4096"}})
    names = ("MemoryMax", "MemoryLow", "MemorySwapMax", "MemoryHigh", "MemoryMin", "CPUWeight")
    assert shown(made.unit, *names, "CPUQuotaPerSecUSec", "TasksMax", "AllowedCPUs") == {
        "MemoryMax": str(64 << 20),
        "MemoryLow": str(32 << 20),
        "MemorySwapMax": str(32 << 20),
        "MemoryHigh": str(48 << 20),
        "MemoryMin": "4096",
        "CPUWeight": "59",
        "CPUQuotaPerSecUSec": "400ms",
        "TasksMax": "17",
        "AllowedCPUs": "0",
    }
    subprocess.run(["systemctl", "daemon-reload"], check=True)  # it writes what it knows again
    for file, expected in {
        "memory.max": str(64 << 20),
        "memory.high": str(48 << 20),
        "memory.low": str(32 << 20),
        "cpu.max": "20000 50000",
        "cpu.weight": "59",
        "pids.max": "17",
        "cpuset.cpus": "0",
        "cpuset.mems": "0",
    }.items():
        assert (file, value(made.path, "", file)) == (file, expected)
    end(made)


@only_v2
def test_what_systemd_has_no_property_for(name: str) -> None:
    made = make(name, {"cpu": {"quota": 20_000, "burst": 5_000}, "unified": {"pids.max": "9"}})
    assert value(made.path, "", "cpu.max.burst") == "5000"
    assert value(made.path, "", "pids.max") == "9"
    end(made)


@only_v2
def test_a_quota_is_rounded_up_to_percent(name: str) -> None:
    made = make(name, {"cpu": {"quota": 12_345, "period": 100_000}})
    assert value(made.path, "", "cpu.max") == "13000 100000"
    assert shown(made.unit, "CPUQuotaPerSecUSec")["CPUQuotaPerSecUSec"] == "130ms"
    end(made)


@only_v1
def test_limits_are_properties_and_files_of_version_1(name: str) -> None:
    made = make(name, LIMITS)
    assert shown(made.unit, "MemoryLimit", "CPUShares", "TasksMax", "CPUQuotaPerSecUSec") == {
        "MemoryLimit": str(64 << 20),
        "CPUShares": "512",
        "TasksMax": "17",
        "CPUQuotaPerSecUSec": "400ms",
    }
    assert value(made.path, "memory", "memory.limit_in_bytes") == str(64 << 20)
    assert value(made.path, "cpu", "cpu.shares") == "512"
    assert value(made.path, "cpu", "cpu.cfs_quota_us") == "20000"
    assert value(made.path, "pids", "pids.max") == "17"
    assert value(made.path, "cpuset", "cpuset.cpus") == "0"
    assert value(made.path, "freezer", "cgroup.procs") == str(made.process.pid)
    end(made)


def test_update(name: str) -> None:
    made = make(name, LIMITS)
    cgroup = SystemdCgroup(made.path)
    cgroup.apply({"memory": {"limit": 128 << 20, "swap": -1}, "pids": {"limit": -1}})
    cgroup.apply({"cpu": {"quota": 10_000}})
    assert shown(made.unit, "TasksMax", "CPUQuotaPerSecUSec") == {
        "TasksMax": "infinity",
        "CPUQuotaPerSecUSec": "200ms",
    }
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    assert value(made.path, "pids", "pids.max") == "max"
    if hierarchy.detect() == "v2":
        assert value(made.path, "", "memory.max") == str(128 << 20)
        assert value(made.path, "", "memory.swap.max") == "max"
        assert value(made.path, "", "cpu.max") == "10000 50000"
    else:
        assert value(made.path, "memory", "memory.limit_in_bytes") == str(128 << 20)
        assert value(made.path, "cpu", "cpu.cfs_quota_us") == "10000"
    end(made)


def test_devices(name: str) -> None:
    cgroup = new_cgroup(f":pre:{name}", name, {})
    rules: list[Any] = [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rw"},
        {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "r"},
        {"allow": True, "type": "c", "major": 136, "access": "rw"},
        {"allow": True, "type": "c", "minor": 9, "access": "r"},
    ]
    cgroup.apply({"devices": rules})
    made = Made(cgroup, OPENED)
    assert made.process.wait() == 0b1100
    cgroup.remove()
    cgroup = new_cgroup(f":pre:{name}", name, {})
    cgroup.apply({"devices": rules})
    made = Made(cgroup)
    assert shown(made.unit, "DevicePolicy", "Slice") == {
        "DevicePolicy": "strict",
        "Slice": "system.slice",
    }
    allowed = shown(made.unit, "DeviceAllow")["DeviceAllow"]
    command = ["systemctl", "show", made.unit, "--property=DeviceAllow", "--value"]
    allowed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert sorted(allowed.split("\n")[:-1]) == [
        "/dev/char/1:3 rw",
        "/dev/char/1:5 r",
        "char-136 rw",
    ]
    if hierarchy.detect() == "v2":
        fd = os.open(f"/sys/fs/cgroup{made.path}", os.O_RDONLY)
        programs = bpf._attached(fd, bpf.ATTACH_CGROUP_DEVICE)
        assert len(programs) == 1
        for each in (*programs, fd):
            os.close(each)
    cgroup.apply(ALL_DEVICES)  # live: all is allowed then
    assert start(SystemdCgroup(made.path), OPENED).wait() == 0b1111
    cgroup.kill()
    made.process.wait()
    cgroup.remove()


def test_kill_ends_a_fork_bomb(name: str) -> None:
    made = make(name, {"pids": {"limit": 40}})
    bomb = start(SystemdCgroup(made.path), BOMB)
    wait_until(lambda: len(made.cgroup.pids()) > 20)
    cgroup = SystemdCgroup(made.path)
    cgroup.kill()
    assert bomb.wait() == -signal.SIGKILL
    assert cgroup.pids() == []
    end(made)


def test_freezing(name: str) -> None:
    made = make(name, {})
    made.cgroup.freeze()
    assert made.cgroup.is_frozen()
    made.cgroup.thaw()
    assert not made.cgroup.is_frozen()
    end(made)


def test_a_unit_in_use(name: str) -> None:
    made = make(name, {})
    again = new_cgroup(f"a{name}-b.slice:pre:{name}", name, {})
    assert again.pids() == [made.process.pid]
    assert refused(again).errno == errno.EEXIST
    end(made)


def test_a_failed_unit_makes_way(name: str) -> None:
    unit = f"pre-{name}.scope"
    manager = systemd.connect(user=False)
    child = subprocess.Popen(["sleep", "60"])
    with manager:
        limit = [("RuntimeMaxUSec", Variant("t", 1000))]
        manager.start_unit(unit, [("PIDs", Variant("au", [child.pid])), *limit])
    child.wait()
    wait_until(lambda: shown(unit, "ActiveState")["ActiveState"] == "failed")
    cgroup = new_cgroup(f":pre:{name}", name, {})
    cgroup.apply(ALL_DEVICES)
    made = Made(cgroup)
    cgroup.kill()
    made.process.wait()
    cgroup.remove()
    assert not is_loaded(unit)


def test_a_slice(name: str) -> None:
    cgroup = new_cgroup(f"-.slice::{name}.slice", name, {})
    assert cgroup.path == f"/{name}.slice"
    cgroup.create()
    cgroup.apply({**ALL_DEVICES, "pids": {"limit": 7}})
    made = Made(cgroup)
    assert cgroup.pids() == [made.process.pid]
    assert shown(f"{name}.slice", "TasksMax", "ActiveState") == {
        "TasksMax": "7",
        "ActiveState": "active",
    }
    cgroup.kill()
    made.process.wait()
    cgroup.remove()


def test_what_systemd_refuses(name: str) -> None:
    for annotations, text in (
        ({"org.systemd.property.Nonsense": "1"}, "Cannot set property Nonsense"),
        ({"org.systemd.property.TasksMax": "'x'"}, f"systemd: start pre-{name}.scope: "),
    ):
        cgroup = new_cgroup(f":pre:{name}", name, annotations)
        assert text in str(refused(cgroup))
        cgroup.remove()


def start_bus() -> systemd.Systemd:
    """Return a connection to systemd over the system's bus, which is started."""
    command = ["systemctl", "start", "--job-mode=ignore-dependencies"]
    subprocess.run([*command, "dbus.socket", "dbus.service"], check=True)
    deadline = time.monotonic() + 60
    while True:
        try:
            return systemd.Systemd(Connection("/run/dbus/system_bus_socket"), is_bus=True)
        except (OSError, CallError):  # systemd is not on it yet
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_over_the_bus(name: str) -> None:
    """Of a system where the manager's own socket is not to be had."""
    with start_bus() as manager:
        assert manager.version() > 200
        child = subprocess.Popen(["sleep", "60"])
        pids = ("PIDs", Variant("au", [child.pid]))
        manager.start_unit(f"pre-{name}.scope", [pids])
        assert is_loaded(f"pre-{name}.scope")
        manager.stop_unit(f"pre-{name}.scope")
        manager.stop_unit(f"pre-{name}.scope")
        assert child.wait() == -signal.SIGTERM


# --- containers -------------------------------------------------------------------------------

SETTINGS = Settings(systemd_cgroup=True)


@pytest.fixture
def box(tmp_path: Path, name: str) -> Iterator[Box]:
    box = Box(tmp_path)
    box.id = name
    box.linux["cgroupsPath"] = f":box:{name}"
    yield box
    assert box.leftovers() == []


def test_a_container(box: Box, name: str) -> None:
    box.linux["resources"] = {"pids": {"limit": 33}}
    with box.created("sleep", "60", settings=SETTINGS) as container:
        assert container.record.cgroup == f"/system.slice/box-{name}.scope"
        assert container.cgroup.pids() == [container.pid]
        assert shown(f"box-{name}.scope", "TasksMax")["TasksMax"] == "33"
        container.start()
        assert box.execute(container, "cat", "/proc/self/cgroup").code == 0
        other = load(box.root, box.id)
        other.cgroup.apply({"pids": {"limit": 44}})
        assert value(container.record.cgroup, "pids", "pids.max") == "44"
        other.cgroup.freeze()
        other.delete(force=True)
        assert not is_loaded(f"box-{name}.scope")


def test_the_default_name(box: Box, name: str) -> None:
    del box.linux["cgroupsPath"]
    with box.created("true", settings=SETTINGS) as container:
        assert container.record.cgroup == f"/system.slice/seacan-{name}.scope"


def test_a_container_that_fails_leaves_no_unit(box: Box, name: str) -> None:
    box.process["args"] = ["/absent"]
    with (
        pytest.raises(InvalidArgument, match="/absent"),
        box.created("/absent", settings=SETTINGS),
    ):
        pass
    box.linux["resources"] = {"cpu": {"cpus": "4095"}}
    with pytest.raises(Exception, match="cpuset"), box.created("true", settings=SETTINGS):
        pass
    box.linux["cgroupsPath"] = "/not/of/systemd"
    with (
        pytest.raises(InvalidArgument, match="SLICE:PREFIX:NAME"),
        box.created("true", settings=SETTINGS),
    ):
        pass


def test_a_unit_of_another_container(box: Box, name: str) -> None:
    with box.created("true", settings=SETTINGS):
        other = Box(box.path / "other")
        other.linux["cgroupsPath"] = box.linux["cgroupsPath"]
        with (
            pytest.raises(Conflict, match="not empty"),
            other.created("true", settings=SETTINGS),
        ):
            pass
        assert is_loaded(f"box-{name}.scope")


def test_the_executable(box: Box, name: str) -> None:
    box.write("sh", "-c", "grep -q . /proc/self/cgroup; exit 5")
    command = [sys.executable, "-m", "seacan.runtime.main", "--root", str(box.root)]
    command += ["--systemd-cgroup", "run", "--bundle", str(box.path), name]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 5
    assert not is_loaded(f"box-{name}.scope")


# --- a user's systemd -------------------------------------------------------------------------

USER = 1000


@pytest.fixture
def user_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A user's systemd, as logind starts it at a login; the test runs as root beside it."""
    start_bus().__exit__()  # it has the system's systemd move processes, for it may not
    directory = f"/run/user/{USER}"
    Path(directory).mkdir(mode=0o700, parents=True)
    os.chown(directory, USER, USER)
    unit = "user-manager.service"
    command = ["systemd-run", f"--unit={unit}", f"--uid={USER}", f"--gid={USER}"]
    command += ["-p", "Delegate=yes", "-p", "DefaultDependencies=no", "-p", "PAMName="]
    command += [f"--setenv=XDG_RUNTIME_DIR={directory}", "/lib/systemd/systemd", "--user"]
    subprocess.run(command, check=True)
    wait_until(Path(f"{directory}/systemd/private").exists)
    monkeypatch.setenv("XDG_RUNTIME_DIR", directory)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    yield shown(unit, "ControlGroup")["ControlGroup"]
    subprocess.run(["systemctl", "stop", unit], check=True)


@only_v2
def test_a_users_scope(name: str, user_manager: str) -> None:
    """Made and entered by a process of the user, within what its systemd was given."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setresgid(USER, USER, USER)
            os.setresuid(USER, USER, USER)
            cgroup = new_cgroup(f":pre:{name}", name, {})
            assert cgroup.path == f"{user_manager}/user.slice/pre-{name}.scope"
            cgroup.create()
            cgroup.apply({**ALL_DEVICES, "pids": {"limit": 11}})
            cgroup.join(0)
            assert Path("/proc/self/cgroup").read_text() == f"0::{cgroup.path}\n"
            assert value(cgroup.path, "", "pids.max") == "11"
            SystemdCgroup(cgroup.path).apply({"pids": {"limit": 12}})
            assert value(cgroup.path, "", "pids.max") == "12"
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
