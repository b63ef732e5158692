"""Containers of a daemon whose cgroups systemd makes: in a machine whose first process it is."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon import Daemon, running_daemon, wait_until
from tests.images.busybox import busybox_archive

pytestmark = [
    pytest.mark.vm_systemd,
    pytest.mark.skipif(
        not os.path.exists("/run/systemd/private"), reason="needs systemd as the first process"
    ),
]

SLICE = f"seacantest{secrets.token_hex(4)}.slice"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose containers are in a slice of its own; no unit of it may be left."""
    archive = tmp_path_factory.mktemp("image") / "busybox.tar"
    busybox_archive(archive)
    flags = ("--exec-opt", "native.cgroupdriver=systemd", "--cgroup-parent", SLICE)
    with running_daemon(*flags) as daemon:
        daemon.load(archive)
        yield daemon
        daemon.remove_containers()
        wait_until(lambda: "seacan-" not in systemctl("list-units", "seacan-*.scope"), "all to end")


def systemctl(*words: str) -> str:
    command = ["systemctl", "--no-legend", "--plain", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def shown(container: str, name: str) -> str:
    """Return a property of its unit, as systemctl(1) shows it."""
    return systemctl("show", f"seacan-{container}.scope", f"--property={name}", "--value")


def is_gone(container: str) -> bool:
    return shown(container, "LoadState") == "not-found"


def test_a_container_is_a_scope_with_its_limits_and_their_changes(daemon: Daemon) -> None:
    assert daemon.request("GET", "/info")[1]["CgroupDriver"] == "systemd"
    container = daemon.run("sleep 1000", Memory=64 << 20, MemorySwap=64 << 20, PidsLimit=50)
    assert shown(container, "ActiveState") == "active"
    assert shown(container, "Slice") == SLICE
    assert shown(container, "Delegate") == "yes"
    assert shown(container, "TasksMax") == "50"
    assert {shown(container, "MemoryMax"), shown(container, "MemoryLimit")} & {str(64 << 20)}
    place = Path(f"/proc/{daemon.state(container)['Pid']}/cgroup").read_text()
    assert f"/{SLICE}/seacan-{container}.scope" in place
    changes = {"Memory": 32 << 20, "MemorySwap": 32 << 20, "PidsLimit": 20}
    assert daemon.request("POST", f"/containers/{container}/update", changes)[0] == 200
    systemctl("daemon-reload")  # it writes its own limits anew
    assert shown(container, "TasksMax") == "20"
    stats = daemon.request("GET", f"/containers/{container}/stats?stream=0&one-shot=1")[1]
    assert stats["memory_stats"]["limit"] == 32 << 20
    assert stats["pids_stats"]["limit"] == 20


def test_a_container_goes_the_whole_way(daemon: Daemon) -> None:
    container = daemon.run("sleep 1000", Memory=64 << 20)
    path = f"/containers/{container}"
    assert daemon.request("POST", f"{path}/pause")[0] == 204
    assert daemon.state(container)["Paused"]
    assert daemon.request("POST", f"{path}/unpause")[0] == 204
    exec_id = daemon.request("POST", f"{path}/exec", {"Cmd": ["sleep", "1000"]})[1]["Id"]
    assert daemon.request("POST", f"/exec/{exec_id}/start", {"Detach": True})[0] == 200
    titles = daemon.request("GET", f"{path}/top")[1]["Processes"]
    assert [line[-1] for line in titles] == ["sleep 1000", "sleep 1000"]
    assert daemon.request("POST", f"{path}/stop?t=0")[0] == 204
    wait_until(lambda: is_gone(container), "its unit to go")
    assert daemon.request("POST", f"{path}/start")[0] == 204
    assert shown(container, "ActiveState") == "active"


def test_a_container_that_is_out_of_memory(daemon: Daemon) -> None:
    container = daemon.run("tail /dev/zero", Memory=16 << 20, MemorySwap=16 << 20)
    daemon.request("POST", f"/containers/{container}/wait")
    state = daemon.state(container)
    assert (state["ExitCode"], state["OOMKilled"]) == (137, True)


def test_a_container_outlives_the_daemon_and_not_its_shim(daemon: Daemon) -> None:
    container = daemon.run("sleep 1000")
    pid = daemon.state(container)["Pid"]
    daemon.kill()
    daemon.start()
    assert daemon.state(container)["Pid"] == pid
    assert shown(container, "ActiveState") == "active"
    status = Path(f"/proc/{pid}/status").read_text()
    shim = int(status.partition("PPid:")[2].split()[0])
    os.kill(shim, signal.SIGKILL)
    wait_until(lambda: not daemon.state(container)["Running"], "its end to be seen")
    wait_until(lambda: is_gone(container), "its unit to go")


def test_the_parent_is_a_slice(daemon: Daemon) -> None:
    inner = SLICE.replace(".slice", "-inner.slice")
    container = daemon.run("sleep 1000", CgroupParent=inner)
    assert shown(container, "Slice") == inner
    assert f"/{SLICE}/{inner}/" in shown(container, "ControlGroup")
    body = {"Image": "busybox", "Cmd": ["true"], "HostConfig": {"CgroupParent": "/mine"}}
    status, answer = daemon.request("POST", "/containers/create", body)
    wanted = 'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"'
    assert (status, answer["message"]) == (400, wanted)


@pytest.mark.skipif(shutil.which("runc") is None, reason="there is no runc here")
def test_a_container_of_another_runtime_is_a_scope_too(daemon: Daemon) -> None:
    container = daemon.run("sleep 1000", Runtime="runc", Memory=64 << 20)
    assert shown(container, "Slice") == SLICE
    daemon.request("DELETE", f"/containers/{container}?force=1")
    wait_until(lambda: is_gone(container), "its unit to go")
