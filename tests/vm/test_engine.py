"""The whole engine on cgroup v2: limits hold, are reported, and leave nothing behind."""

import time
from pathlib import Path

import pytest
from tests.daemon import Daemon, wait_until

pytestmark = pytest.mark.vm

CGROUPS = Path("/sys/fs/cgroup")


def _cgroup(container: str, engine: Daemon) -> Path:
    return CGROUPS / engine.name / container


def _read(container: str, engine: Daemon, name: str) -> str:
    return (_cgroup(container, engine) / name).read_text().strip()


def test_info(engine: Daemon) -> None:
    info = engine.request("GET", "/info")[1]
    assert info["CgroupVersion"] == "2"
    assert info["MemoryLimit"]
    assert info["PidsLimit"]


def test_limits_are_written(engine: Daemon) -> None:
    container = engine.run(
        "sleep 100",
        Memory=64 << 20,
        MemorySwap=96 << 20,
        MemoryReservation=32 << 20,
        NanoCpus=500_000_000,
        CpuShares=512,
        CpusetCpus="0",
        PidsLimit=17,
    )
    assert _read(container, engine, "memory.max") == str(64 << 20)
    assert _read(container, engine, "memory.swap.max") in (str(32 << 20), "max")
    assert _read(container, engine, "memory.low") == str(32 << 20)
    assert _read(container, engine, "cpu.max") == "50000 100000"
    assert _read(container, engine, "cpuset.cpus") == "0"
    assert _read(container, engine, "pids.max") == "17"
    assert 1 < int(_read(container, engine, "cpu.weight")) < 100


def test_update(engine: Daemon) -> None:
    container = engine.run("sleep 100", Memory=64 << 20, MemorySwap=96 << 20)
    path = f"/containers/{container}/update"
    for changes, name, values in (
        ({"Memory": 80 << 20}, "memory.max", (str(80 << 20),)),
        ({"MemorySwap": 100 << 20}, "memory.swap.max", (str(20 << 20), "max")),
        ({"MemorySwap": -1}, "memory.swap.max", ("max",)),
        ({"PidsLimit": 9}, "pids.max", ("9",)),
        ({"PidsLimit": -1}, "pids.max", ("max",)),
        ({"NanoCpus": 250_000_000}, "cpu.max", ("25000 100000",)),
        ({"CpusetCpus": "0"}, "cpuset.cpus", ("0",)),
    ):
        assert engine.request("POST", path, changes) == (200, {"Warnings": None})
        assert _read(container, engine, name) in values


def test_pause(engine: Daemon) -> None:
    container = engine.run("sleep 100")
    assert engine.request("POST", f"/containers/{container}/pause")[0] == 204
    assert _read(container, engine, "cgroup.freeze") == "1"
    assert engine.state(container)["Status"] == "paused"
    engine.kill()
    engine.start()
    assert engine.state(container)["Status"] == "paused"
    assert engine.request("POST", f"/containers/{container}/stop?t=1")[0] == 204
    assert engine.state(container)["Status"] == "exited"


def test_stats(engine: Daemon) -> None:
    container = engine.run("while :; do :; done", Memory=64 << 20)
    status, found = engine.request("GET", f"/containers/{container}/stats?stream=0")
    assert status == 200
    now, before = found["cpu_stats"], found["precpu_stats"]
    assert "percpu_usage" not in now["cpu_usage"]
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    passed = now["system_cpu_usage"] - before["system_cpu_usage"]
    assert 0.1 < used / passed * now["online_cpus"] < 1.5
    memory = found["memory_stats"]
    assert memory["limit"] == 64 << 20
    assert 0 < memory["usage"] < memory["limit"]
    assert {"anon", "inactive_file"} <= memory["stats"].keys()
    assert found["pids_stats"] == {"current": 1, "limit": 2**64 - 1}


def test_out_of_memory(engine: Daemon) -> None:
    hog = "x=x; while true; do x=$x$x; done"
    container = engine.run(hog, Memory=16 << 20, MemorySwap=16 << 20)
    engine.request("POST", f"/containers/{container}/wait")
    state = engine.state(container)
    assert (state["ExitCode"], state["OOMKilled"]) == (137, True)


def test_a_child_out_of_memory(engine: Daemon) -> None:
    """It is told while the container runs, which goes on."""
    since = int(time.time())
    hog = "(x=x; while true; do x=$x$x; done); sleep 100"
    container = engine.run(hog, Memory=16 << 20, MemorySwap=16 << 20)
    wait_until(lambda: engine.state(container)["OOMKilled"], "the mark")
    assert engine.state(container)["Running"]
    query = f"since={since}&filters=%7B%22event%22:%5B%22oom%22%5D%7D"

    def is_told() -> bool:
        told = engine.events(f"{query}&until={time.time():.3f}")
        return container in [event["Actor"]["ID"] for event in told]

    wait_until(is_told, "the event")


def test_a_child_out_of_memory_is_not_the_end(engine: Daemon) -> None:
    hog = "sh -c 'x=x; while true; do x=$x$x; done'; echo child $?"
    assert "child 137" in engine.output(hog, Memory=16 << 20, MemorySwap=16 << 20)


def test_pids(engine: Daemon) -> None:
    many = "for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done"
    assert "can't fork" in engine.output(many, PidsLimit=5)


def test_cpus(engine: Daemon) -> None:
    container = engine.run("while :; do :; done", NanoCpus=200_000_000)
    start, before = time.monotonic(), _cpu_us(container, engine)
    time.sleep(5)  # what runs over in one period, by an emulated processor, is paid back later
    used_s = (_cpu_us(container, engine) - before) / 1e6
    assert 0.05 < used_s / (time.monotonic() - start) < 0.3


def _cpu_us(container: str, engine: Daemon) -> int:
    return int(_read(container, engine, "cpu.stat").split()[1])


def test_devices(engine: Daemon) -> None:
    """The allow-list is a program in the kernel: v2 has no files for it."""
    script = "mknod /mem c 1 1; head -c 1 /mem; head -c 1 /dev/zero | od -An -tx1; mknod /n c 1 3"
    # Of two streams: which line was first, nobody can tell.
    assert sorted(engine.output(script).splitlines()) == [
        " 00",
        "head: /mem: Operation not permitted",
    ]
    latency = "/dev/cpu_dma_latency"
    device = {"PathOnHost": latency, "PathInContainer": "/k", "CgroupPermissions": "r"}
    text = engine.output("head -c 4 /k | wc -c; echo x > /k", Devices=[device])
    assert "4\n" in text
    assert "can't create /k: Operation not permitted\n" in text
    assert engine.output("mknod /m c 1 1; head -c 1 /m | wc -c", Privileged=True) == "1\n"


def test_the_cgroup_namespace_is_private(engine: Daemon) -> None:
    assert engine.output("cat /proc/self/cgroup") == "0::/\n"
    text = engine.output("cat /sys/fs/cgroup/pids.max; mkdir /sys/fs/cgroup/x", PidsLimit=33)
    assert text.startswith("33\n")
    assert "Read-only file system" in text


def test_the_whole_tree_is_killed(engine: Daemon) -> None:
    container = engine.run("for i in 1 2 3; do (setsid sleep 1000 &) & done; sleep 1000")
    wait_until(lambda: int(_read(container, engine, "pids.current")) >= 5, "the children")
    engine.request("POST", f"/containers/{container}/kill")
    engine.request("POST", f"/containers/{container}/wait")
    wait_until(lambda: not _cgroup(container, engine).exists(), "the cgroup to go")


def test_an_adopted_container_keeps_its_limits(engine: Daemon) -> None:
    container = engine.run("sleep 100", Memory=64 << 20)
    engine.kill()
    engine.start()
    assert engine.state(container)["Running"]
    assert _read(container, engine, "memory.max") == str(64 << 20)
