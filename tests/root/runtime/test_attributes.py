"""Attributes of the process that config.json describes, and of those that join it."""

import os
from pathlib import Path
from typing import Any

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Internal, Unsupported
from seacan.runtime import labels
from seacan.runtime.container import load

pytestmark = pytest.mark.root

# On cgroup v1 a real-time process needs a share of the time that its cgroup may give to such.
REAL_TIME = {"cpu": {"realtimeRuntime": 10_000, "realtimePeriod": 1_000_000}}
IS_ENABLED = {"AppArmor": labels.has_apparmor(), "SELinux": labels.has_selinux()}
HAS_NUMA = Path("/proc/self/numa_maps").exists()


def scheduling(stat: str) -> tuple[int, int, int]:
    """Return policy, static priority and nice value: proc_pid_stat(5), fields 41, 40 and 19."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return int(fields[38]), int(fields[37]), int(fields[16])


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        ({"policy": "SCHED_OTHER", "nice": 7}, (0, 0, 7)),
        ({"policy": "SCHED_OTHER", "nice": -5}, (0, 0, -5)),
        ({"policy": "SCHED_BATCH", "nice": 19}, (3, 0, 19)),
        ({"policy": "SCHED_FIFO", "priority": 12}, (1, 12, 0)),
        ({"policy": "SCHED_RR", "priority": 3}, (2, 3, 0)),
        ({"policy": "SCHED_IDLE"}, (5, 0, 0)),
    ],
)
def test_scheduler(box: Box, scheduler: dict[str, Any], expected: tuple[int, int, int]) -> None:
    box.process["scheduler"] = scheduler
    box.linux["resources"] = REAL_TIME
    assert scheduling(box.sh("cat /proc/self/stat")) == expected


def test_scheduler_is_not_for_what_the_process_starts(box: Box) -> None:
    box.process["scheduler"] = {
        "policy": "SCHED_RR",
        "priority": 3,
        "flags": ["SCHED_FLAG_RESET_ON_FORK"],
    }
    box.linux["resources"] = REAL_TIME
    script = "read -r own < /proc/$$/stat; echo $own; cat /proc/self/stat | cat"
    own, child = box.sh(script).splitlines()
    assert scheduling(own) == (2, 3, 0)
    assert scheduling(child) == (0, 0, 0)


def test_deadline_scheduler(box: Box) -> None:
    times = {"runtime": 1_000_000, "deadline": 10_000_000, "period": 20_000_000}
    box.process["scheduler"] = {"policy": "SCHED_DEADLINE", **times}
    with box.created("true") as container:
        lines = Path(f"/proc/{container.pid}/sched").read_text().splitlines()
        assert os.sched_getscheduler(container.pid) == 6
    values = dict(line.replace(" ", "").split(":", 1) for line in lines if ":" in line)
    assert int(values["dl.runtime"]) <= 1_000_000  # what is left of it


def test_scheduler_that_the_kernel_refuses(box: Box) -> None:
    box.process["scheduler"] = {"policy": "SCHED_ISO"}
    with pytest.raises(Internal, match=r"process\.scheduler: SCHED_ISO: sched_setattr: invalid"):
        box.run("true")


@pytest.mark.parametrize(
    ("name", "priority", "expected"),
    [
        ("IOPRIO_CLASS_RT", 2, "realtime: prio 2"),
        ("IOPRIO_CLASS_BE", 6, "best-effort: prio 6"),
        ("IOPRIO_CLASS_IDLE", 0, "idle"),
    ],
)
def test_io_priority(box: Box, name: str, priority: int, expected: str) -> None:
    box.process["ioPriority"] = {"class": name, "priority": priority}
    assert box.sh("ionice -p $$").strip() == expected


def test_joining_process_has_what_the_first_one_has(box: Box) -> None:
    box.process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 3}
    box.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 7}
    box.linux["personality"] = {"domain": "LINUX32"}
    box.linux["resources"] = REAL_TIME
    script = "cat /proc/self/stat; ionice -p $$; uname -m"
    with box.started("sleep", "60") as container:
        loaded = load(box.root, box.id)
        bare = {"scheduler": None, "ioPriority": None}
        stat, io, machine = box.execute(loaded, "sh", "-c", script, **bare).out.splitlines()
        assert scheduling(stat) == (3, 0, 3)
        assert io == "best-effort: prio 7"
        assert machine != os.uname().machine
        own = {"policy": "SCHED_FIFO", "priority": 1}
        out = box.execute(container, "cat", "/proc/self/stat", scheduler=own).out
        assert scheduling(out) == (1, 1, 0)


def cpus(status: str) -> str:
    return next(line for line in status.splitlines() if "Cpus_allowed_list" in line).split()[1]


def test_cpus_of_a_joining_process(box: Box) -> None:
    first, *_, last = sorted(os.sched_getaffinity(0))
    box.process["execCPUAffinity"] = {"initial": str(first), "final": str(last)}
    command = ("cat", "/proc/self/status")
    with box.started("sleep", "60") as container:
        every = cpus(Path(f"/proc/{container.pid}/status").read_text())
        assert every == cpus(Path("/proc/self/status").read_text())  # it is not for the first one
        assert cpus(box.execute(container, *command).out) == str(last)
        only_initial = {"initial": str(first)}
        out = box.execute(container, *command, execCPUAffinity=only_initial).out
        assert cpus(out) == str(first)
        with pytest.raises(Internal, match=r"execCPUAffinity\.final: 8000: invalid argument"):
            box.execute(container, "true", execCPUAffinity={"final": "8000"})
        with pytest.raises(Internal, match=r"execCPUAffinity\.initial: 8000: invalid argument"):
            box.execute(container, "true", execCPUAffinity={"initial": "8000"})


@pytest.mark.parametrize(("domain", "persona"), [("LINUX", "00000000"), ("LINUX32", "00000008")])
def test_personality(box: Box, domain: str, persona: str) -> None:
    box.linux["personality"] = {"domain": domain}
    assert box.sh("cat /proc/self/personality").strip() == persona


@pytest.mark.skipif(not HAS_NUMA, reason="a kernel without NUMA has no memory policies")
@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"mode": "MPOL_BIND", "nodes": "0"}, "bind:0"),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, "bind=static:0"),
        ({"mode": "MPOL_LOCAL"}, "local"),
        ({"mode": "MPOL_DEFAULT"}, "default"),
    ],
)
def test_memory_policy(box: Box, policy: dict[str, Any], expected: str) -> None:
    box.linux["memoryPolicy"] = policy
    with box.started("sh", "-c", "cat /proc/self/numa_maps; sleep 60") as container:
        seen = box.execute(container, "cat", "/proc/self/numa_maps").out
        first = Path(f"/proc/{container.pid}/numa_maps").read_text()
    for maps in (seen, first):
        assert {line.split()[1] for line in maps.splitlines()} == {expected}


@pytest.mark.skipif(not HAS_NUMA, reason="a kernel without NUMA has no memory policies")
def test_memory_nodes_that_are_not_there(box: Box) -> None:
    box.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "63"}
    with pytest.raises(Internal, match=r"linux\.memoryPolicy: MPOL_BIND: set_mempolicy: invalid"):
        box.run("true")


def test_oom_score_that_only_a_resource_manager_may_set(box: Box) -> None:
    """Root without CAP_SYS_RESOURCE may not go below what it was started with."""
    text = r"process\.oomScoreAdj: set to -1000: permission denied"
    box.process["oomScoreAdj"] = -1000
    with pytest.raises(Internal, match=text):
        box.run("true")
    box.process["oomScoreAdj"] = 0
    with box.started("sleep", "60") as container, pytest.raises(Internal, match=text):
        box.execute(container, "true", oomScoreAdj=-1000)


@pytest.mark.parametrize(
    ("place", "name", "module"),
    [
        ("process", "apparmorProfile", "AppArmor"),
        ("process", "selinuxLabel", "SELinux"),
        ("linux", "mountLabel", "SELinux"),
    ],
)
def test_label_of_a_module_that_is_not_enabled(
    box: Box, place: str, name: str, module: str
) -> None:
    if IS_ENABLED[module]:
        pytest.skip(f"{module} is enabled in this kernel")
    with box.started("sleep", "60") as container:
        if place == "process":
            with pytest.raises(Unsupported, match=f"{place}.{name}: x: {module} is not enabled"):
                box.execute(container, "true", **{name: "x"})
    box.config[place][name] = "x"
    with pytest.raises(Unsupported, match=f"{place}.{name}: x: {module} is not enabled here"):
        box.run("true")


def test_unconfined_is_what_a_process_is_without_apparmor(box: Box) -> None:
    box.process["apparmorProfile"] = "unconfined"
    with box.started("sleep", "60") as container:
        assert box.execute(container, "true", apparmorProfile="unconfined").code == 0


def test_additional_groups_and_no_others(box: Box) -> None:
    box.process["user"] = {"uid": 1000, "gid": 7, "additionalGids": [8, 4_000_000_000]}
    assert box.sh("id -G").split() == ["7", "8", "4000000000"]
    with box.started("sleep", "60") as container:
        user = {"uid": 0, "gid": 0}
        assert box.execute(container, "id", "-G", user=user).out.split() == ["0"]


def test_annotations_are_in_the_state(box: Box) -> None:
    box.config["annotations"] = {"org.example.a": "b", "org.example.empty": ""}
    with box.created("true"):
        state = load(box.root, box.id).state()
    assert state["annotations"] == {"org.example.a": "b", "org.example.empty": ""}


def test_console_size_without_a_terminal_is_left_alone(box: Box) -> None:
    box.process["consoleSize"] = {"height": 10, "width": 20}
    assert box.run("true").code == 0
