"""pause, rename, update, top, stats, prune and the filters of ps, with the docker CLI."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker
from tests.daemon import wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

_COUNT = "n=0; while :; do n=$((n+1)); echo $n > /m; mv /m /n; sleep 0.02; done"


def _sleeper(docker: Docker, *options: str) -> str:
    return docker.ok("run", "-d", "--network", "none", *options, "busybox", "sleep", "600")


# -- pause --------------------------------------------------------------------------------------


def test_pause_and_unpause(docker: Docker) -> None:
    container = docker.ok("run", "-d", "--network", "none", "busybox", "sh", "-c", _COUNT)
    wait_until(lambda: docker("exec", container, "test", "-e", "/n").status == 0, "it to count")
    docker.ok("pause", container)
    state = "{{.State.Status}} {{.State.Running}} {{.State.Paused}}"
    assert docker.inspect(container, state) == "paused true true"
    assert "(Paused)" in docker.ok("ps", "--no-trunc", "--filter", f"id={container}")
    assert docker.ok("ps", "-q", "--no-trunc", "--filter", "status=paused").count(container) == 1
    refused = docker("pause", container)
    assert f"Container {container} is already paused" in refused.err
    refused = docker("exec", container, "true")
    assert f"{container} is paused, unpause the container before exec" in refused.err
    assert "cannot start a paused container, try unpause" in docker("start", container).err
    assert "is paused and must be unpaused first" in docker("rm", container).err
    assert "unpause it first" in docker("attach", container).err
    docker.ok("unpause", container)
    assert docker.inspect(container, state) == "running true false"
    before = int(docker.ok("exec", container, "cat", "/n"))
    wait_until(lambda: int(docker.ok("exec", container, "cat", "/n")) > before, "it to go on")
    assert f"Container {container} is not paused" in docker("unpause", container).err


def test_nothing_moves_in_a_paused_container(docker: Docker) -> None:
    script = "while :; do cut -d ' ' -f 1 /proc/uptime; sleep 0.02; done"
    container = docker.ok("run", "-d", "--network", "none", "busybox", "sh", "-c", script)
    wait_until(lambda: docker.ok("logs", container), "it to move")
    docker.ok("pause", container)
    paused_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    time.sleep(0.5)
    assert all(float(moment) < paused_s for moment in docker.ok("logs", container).split())


@pytest.mark.parametrize("verb", ["stop", "kill", "rm"])
def test_a_paused_container_can_be_ended(docker: Docker, verb: str) -> None:
    script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done"
    container = docker.ok("run", "-d", "--network", "none", "busybox", "sh", "-c", script)
    wait_until(lambda: docker.ok("logs", container) == "ready", "the trap")
    docker.ok("pause", container)
    docker.ok(verb, *(["-f"] if verb == "rm" else []), container)
    if verb != "rm":
        expected = "exited false 7" if verb == "stop" else "exited false 137"
        state = "{{.State.Status}} {{.State.Paused}} {{.State.ExitCode}}"
        assert docker.inspect(container, state) == expected


def test_a_signal_ends_the_pause(docker: Docker) -> None:
    script = "trap 'echo usr1' USR1; echo ready; while :; do sleep 0.1; done"
    container = docker.ok("run", "-d", "--network", "none", "busybox", "sh", "-c", script)
    wait_until(lambda: docker.ok("logs", container) == "ready", "the trap")
    docker.ok("pause", container)
    docker.ok("kill", "-s", "USR1", container)
    wait_until(lambda: docker.ok("logs", container) == "ready\nusr1", "the signal's end")
    assert docker.inspect(container, "{{.State.Status}}") == "running"


def test_restart_of_a_paused_container(docker: Docker) -> None:
    container = _sleeper(docker)
    docker.ok("pause", container)
    docker.ok("restart", "-t", "0", container)
    assert docker.inspect(container, "{{.State.Status}}") == "running"


def test_what_does_not_run_is_not_paused(docker: Docker) -> None:
    container = docker.ok("create", "busybox", "true")
    assert f"container {container} is not running" in docker("pause", container).err
    assert "is not paused" in docker("unpause", container).err


# -- rename -------------------------------------------------------------------------------------


@pytest.fixture(params=["stop", "restart"])
def asked(docker: Docker, request: pytest.FixtureRequest) -> Iterator[str]:
    """A container that does not obey, whom a stop or restart waits for without limit."""
    script = "trap 'echo asked' TERM; echo ready; while :; do sleep 0.1; done"
    container = docker.ok("run", "-d", "--network", "none", "busybox", "sh", "-c", script)
    wait_until(lambda: docker.ok("logs", container) == "ready", "the trap")
    with docker.popen(request.param, "-t", "-1", container) as patient:
        wait_until(lambda: "asked" in docker.ok("logs", container), "the stop")
        yield container
        docker("kill", container)
        patient.wait(60)


@pytest.mark.parametrize("words", [("rm", "-f"), ("stop", "-t", "0"), ("restart", "-t", "0")])
def test_a_stop_that_waits_is_cut_short(docker: Docker, asked: str, words: tuple[str, ...]) -> None:
    docker.ok(*words, asked)


def test_nothing_else_waits_for_a_patient_stop(docker: Docker, asked: str) -> None:
    docker.ok("start", asked)  # it runs: nothing is to be done
    refused = docker("rm", asked)
    assert "container is running: stop the container before removing or force remove" in refused.err
    docker.ok("update", "--memory", "64m", "--memory-swap", "64m", asked)
    assert docker.inspect(asked, "{{.HostConfig.Memory}}") == str(64 << 20)
    docker.ok("rename", asked, f"{docker.name}-patient")
    docker.ok("pause", asked)
    docker.ok("unpause", asked)
    docker.ok("exec", asked, "true")
    docker.ok("rmi", docker.ok("commit", asked))
    docker.ok("kill", "--signal", "HUP", asked)
    assert docker.inspect(asked, "{{.State.Status}}") == "running"


@pytest.mark.parametrize("asked", ["restart"], indirect=True)
def test_a_restart_starts_what_a_less_patient_stop_has_ended(docker: Docker, asked: str) -> None:
    docker.ok("stop", "-t", "0", asked)
    wait_until(lambda: docker.ok("logs", asked).count("ready") == 2, "the restart")


def test_rename(docker: Docker) -> None:
    old, new = docker.name, f"{docker.name}-new"
    container = _sleeper(docker, "--name", old)
    docker.ok("rename", old, new)
    assert docker.inspect(container, "{{.Name}}") == f"/{new}"
    assert docker("inspect", old).status == 1
    assert docker.ok("inspect", "-f", "{{.Id}}", new) == container
    other = docker.ok("create", "--name", old, "busybox", "true")  # is free again
    refused = docker("rename", other, new)
    assert (
        f'Error when allocating new name: Conflict. The container name "/{new}" is already in use '
        f'by container "{container}"' in refused.err
    )
    for name, words in (
        ("a b", "Invalid container name (/a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
        (old, "Renaming a container with the same name as its current name"),
        ("/" + old, "Renaming a container with the same name as its current name"),
    ):
        assert words in docker("rename", other, name).err
    docker.ok("rename", other, f"/{new}-2")
    assert docker.inspect(other, "{{.Name}}") == f"/{new}-2"


# -- update -------------------------------------------------------------------------------------


def test_update_is_live(docker: Docker) -> None:
    container = _sleeper(docker, "-m", "64m")
    docker.ok(
        *("update", "-m", "100m", "--memory-swap", "150m", "--memory-reservation", "50m"),
        *("--cpu-shares", "512", "--cpuset-cpus", "0", "--pids-limit", "40"),
        *("--cpu-period", "50000", "--cpu-quota", "25000", container),
    )
    template = (
        "{{.Memory}} {{.MemorySwap}} {{.MemoryReservation}} {{.CpuShares}} {{.CpusetCpus}} "
        "{{.PidsLimit}} {{.CpuPeriod}} {{.CpuQuota}}"
    )
    shown = docker.inspect(container, "{{with .HostConfig}}" + template + "{{end}}")
    assert shown == "104857600 157286400 52428800 512 0 40 50000 25000"
    pid = docker.inspect(container, "{{.State.Pid}}")
    assert _limit(pid, "memory", "memory.limit_in_bytes") == "104857600"
    assert _limit(pid, "memory", "memory.memsw.limit_in_bytes") == "157286400"
    assert _limit(pid, "memory", "memory.soft_limit_in_bytes") == "52428800"
    assert _limit(pid, "cpu", "cpu.shares") == "512"
    assert _limit(pid, "cpu", "cpu.cfs_period_us") == "50000"
    assert _limit(pid, "cpu", "cpu.cfs_quota_us") == "25000"
    assert _limit(pid, "cpuset", "cpuset.cpus") == "0"
    assert _limit(pid, "pids", "pids.max") == "40"
    docker.ok("update", "--pids-limit", "-1", container)
    assert _limit(pid, "pids", "pids.max") == "max"


def test_update_of_what_does_not_run_counts_at_the_start(docker: Docker) -> None:
    container = docker.ok("create", "--network", "none", "busybox", "sleep", "600")
    docker.ok("update", "-m", "64m", "--memory-swap", "64m", "--cpus", "0.5", container)
    docker.ok("start", container)
    pid = docker.inspect(container, "{{.State.Pid}}")
    assert _limit(pid, "memory", "memory.limit_in_bytes") == "67108864"
    assert _limit(pid, "cpu", "cpu.cfs_quota_us") == "50000"


def test_update_of_a_paused_container(docker: Docker) -> None:
    container = _sleeper(docker)
    docker.ok("pause", container)
    docker.ok("update", "--cpu-shares", "700", container)
    pid = docker.inspect(container, "{{.State.Pid}}")
    assert _limit(pid, "cpu", "cpu.shares") == "700"


def test_update_that_is_refused(docker: Docker) -> None:
    container = _sleeper(docker, "-m", "64m", "--cpus", "0.5")
    for options, words in (
        (("-m", "1m"), "Minimum memory limit allowed is 6MB"),
        (("-m", "300m"), "Memory limit should be smaller than already set memoryswap limit"),
        (("--memory-swap", "10m", "-m", "50m"), "Minimum memoryswap limit should be larger"),
        (("--cpu-quota", "20000"), "CPU Quota cannot be updated as NanoCPUs has already been set"),
        (("--cpu-period", "20"), "CPU cfs period can not be less than 1ms"),
        (("--cpuset-cpus", "77"), "Requested CPUs are not available - requested 77"),
        (("--cpu-shares", "1"), "the minimum allowed cpu-shares is 2"),
        (("--restart", "bogus"), "invalid restart policy"),
    ):
        refused = docker("update", *options, container)
        assert refused.status == 1, options
        assert words in refused.err
    assert docker.inspect(container, "{{.HostConfig.Memory}}") == "67108864"
    pid = docker.inspect(container, "{{.State.Pid}}")
    assert _limit(pid, "memory", "memory.limit_in_bytes") == "67108864"


def _limit(pid: str, controller: str, file: str) -> str:
    """Return the content of a file of a process's cgroup of version 1."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return Path(f"/sys/fs/cgroup/{names}{path}/{file}").read_text().strip()
    pytest.skip("the host has no control groups of version 1")


# -- top ----------------------------------------------------------------------------------------


def test_top(docker: Docker) -> None:
    script = "sleep 611 & sleep 612 & wait"
    container = docker.ok("run", "-d", "--network", "none", "busybox", "sh", "-c", script)

    def last_words() -> list[str]:
        return sorted(line.split()[-1] for line in docker.ok("top", container).splitlines())

    # Before it is executed, a child has its parent's words.
    wait_until(lambda: last_words() == ["611", "612", "CMD", "wait"], "its children")
    head, *lines = docker.ok("top", container).splitlines()
    assert head.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    pid = docker.inspect(container, "{{.State.Pid}}")
    assert pid in [line.split()[1] for line in lines]
    short = docker.ok("top", container, "-o", "pid,comm").splitlines()
    assert len(short) == 4
    assert short[0].split() == ["PID", "COMMAND"]
    for arguments, words in (
        (("-o", "comm"), "Couldn't find PID field in ps output"),
        (("-o", "x=PID"), 'specifying "x=PID" is not allowed'),
        (("--nope",), "ps: "),
    ):
        refused = docker("top", container, *arguments)
        assert refused.status == 1
        assert words in refused.err
    docker.ok("pause", container)
    assert len(docker.ok("top", container).splitlines()) == 4
    docker.ok("kill", container)
    assert f"container {container} is not running" in docker("top", container).err


# -- stats --------------------------------------------------------------------------------------


def test_stats(docker: Docker) -> None:
    busy = docker.ok(
        *("run", "-d", "--network", "none", "-m", "64m", "--cpus", "0.5", "busybox"),
        *("sh", "-c", "while :; do :; done"),
    )
    idle = _sleeper(docker)

    def stats() -> dict[str, dict[str, str]]:
        lines = docker.ok("stats", "--no-stream", "--format", "json", busy, idle).splitlines()
        return {line["Container"]: line for line in map(json.loads, lines)}

    def is_right() -> bool:
        used = {
            container: float(line["CPUPerc"].rstrip("%")) for container, line in stats().items()
        }
        return 0 < used[busy] < 90 and used[idle] < 5

    # What it may have at most; what it gets depends on what else the machine does.
    wait_until(is_right, "half a processor to be used")
    shown = stats()
    assert shown[busy]["MemUsage"].endswith("/ 64MiB")
    assert 0 < float(shown[busy]["MemPerc"].rstrip("%")) < 50
    assert int(shown[busy]["PIDs"]) == 1
    assert shown[busy]["NetIO"] == "0B / 0B"


def test_stats_of_what_does_not_run(docker: Docker) -> None:
    container = docker.ok("create", "busybox", "true")
    shown = json.loads(docker.ok("stats", "--no-stream", "--format", "json", container))
    assert (shown["CPUPerc"], shown["MemUsage"], shown["PIDs"]) == ("0.00%", "0B / 0B", "0")


# -- list and prune -----------------------------------------------------------------------------


def test_filters_of_ps(docker: Docker) -> None:
    label = f"group={docker.name}"
    first = docker.ok("create", "--label", label, "--network", "none", "busybox", "true")
    second = docker.ok(
        *("create", "--label", label, "--network", "host", "--name", docker.name),
        *("-v", "/usr/share:/share:ro", "busybox", "sh", "-c", "exit 3"),
    )
    docker.ok("start", second)
    docker.ok("wait", second)
    third = _sleeper(docker, "--label", label)

    def listed(*filters: str, options: tuple[str, ...] = ("-a",)) -> list[str]:
        words = [word for text in (f"label={label}", *filters) for word in ("--filter", text)]
        return docker.ok("ps", "-q", "--no-trunc", *options, *words).split()

    assert listed() == [third, second, first]
    assert listed(options=()) == [third]
    assert listed(options=("-n", "2")) == [third, second]
    assert listed(f"before={second}") == [first]
    assert listed(f"since={docker.name}") == [third]
    assert listed(f"since={first}", f"before={third}") == [second]
    assert listed("exited=3") == [second]
    assert listed("exited=0") == []
    assert listed("exited=3", options=()) == []
    assert listed("status=created", options=()) == [first]
    assert listed("status=created", "status=exited") == [second, first]
    assert listed("network=host") == [second]
    assert listed("network=none") == [third, first]
    assert listed("volume=/share") == listed("volume=/usr/share") == [second]
    assert listed("volume=/nope") == []
    assert listed(f"name=^/?{docker.name}$") == [second]
    assert listed("name=[") == []
    assert listed("ancestor=busybox") == [third, second, first]
    assert listed("ancestor=nosuchimage") == []
    assert listed("is-task=true") == []
    assert listed("is-task=0") == [third, second, first]
    assert listed("isolation=hyperv") == [third, second, first]
    assert listed("expose=80/tcp") == listed("publish=80-90") == []
    assert listed("label=group", "label=nope") == []
    for text, words in (
        ("nope=1", "invalid filter 'nope'"),
        ("status=nope", "invalid value for state (nope): must be one of created, running"),
        ("exited=x", "invalid filter 'exited=x'"),
        ("is-task=x", "invalid filter 'is-task=[x]'"),
        ("before=nosuchcontainer", "No such container: nosuchcontainer"),
        ("publish=1:2", "filter for 'publish' should not contain ':': 1:2"),
        ("expose=99999", "error while looking up for expose 99999"),
        ("expose=9-8", "Invalid range specified for the Port: 9-8"),
    ):
        refused = docker("ps", "--filter", text)
        assert refused.status == 1, text
        assert words in refused.err


def test_sizes(docker: Docker) -> None:
    script = "head -c 1000000 /dev/zero > /x; ln /x /y; mkdir /d; ln -s /usr /d/usr"
    container = docker.ok("create", "--network", "none", "busybox", "sh", "-c", script)
    docker.ok("start", "-a", container)
    (found,) = json.loads(docker.ok("inspect", "-s", container))
    assert 1_000_000 <= found["SizeRw"] < 1_001_000
    image = int(docker.inspect("busybox", "{{.Size}}"))
    assert found["SizeRootFs"] == found["SizeRw"] + image
    shown = docker.ok("ps", "-as", "--filter", f"id={container}")
    assert re.search(r"1MB \(virtual [0-9.]+[kM]B\)", shown)
    (found,) = json.loads(docker.ok("inspect", container))
    assert "SizeRw" not in found


def test_prune(docker: Docker) -> None:
    label = f"group={docker.name}"
    script = "head -c 1000000 /dev/zero > /x"
    ended = docker.ok(
        "create", "--label", label, "--network", "none", "busybox", "sh", "-c", script
    )
    docker.ok("start", "-a", ended)
    other = docker.ok("create", "--label", f"{label}-other", "busybox", "true")
    running = _sleeper(docker, "--label", label)
    paused = _sleeper(docker, "--label", label)
    docker.ok("pause", paused)

    def prune(*filters: str) -> str:
        words = [word for text in filters for word in ("--filter", text)]
        return docker.ok("container", "prune", "-f", *words)

    assert "reclaimed space: 0B" in prune(f"label={label}", "until=10m")
    assert ended not in prune(f"label={label}", "label!=group")
    told = prune(f"label={label}")
    assert ended in told
    assert "reclaimed space: 1MB" in told
    left = docker.ok("ps", "-aq", "--no-trunc").split()
    assert {other, running, paused} <= set(left)
    assert ended not in left
    for text, words in (
        ("nope=1", "invalid filter 'nope'"),
        ("until=x", 'failed to parse value as time or duration: "x"'),
    ):
        refused = docker("container", "prune", "-f", "--filter", text)
        assert refused.status == 1
        assert words in refused.err


# -- events -------------------------------------------------------------------------------------


def test_what_is_told(docker: Docker) -> None:
    start = time.time()
    container = _sleeper(docker, "--name", docker.name)
    for words in (
        ("pause", container),
        ("unpause", container),
        ("rename", container, f"{docker.name}-new"),
        ("update", "--cpu-shares", "99", container),
        ("top", container),
        ("pause", container),
        ("kill", "-s", "CONT", container),
    ):
        docker.ok(*words)
    time.sleep(0.2)  # dockerd hears of the end of a pause from another
    docker.ok("kill", container)
    docker.ok("container", "prune", "-f", "--filter", f"label=none={docker.name}")
    span = ("--since", f"{start:.9f}", "--until", f"{time.time():.9f}")
    lines = docker.ok(
        "events", *span, "--format", "json", "--filter", "type=container"
    ).splitlines()
    events = [event for event in map(json.loads, lines)
              if event["Actor"]["ID"] in (container, "")]  # fmt: skip
    told = [event["Action"] for event in events]
    expected = [
        *("create", "start", "pause", "unpause", "rename", "update", "top"),
        *("pause", "kill", "unpause", "kill", "die", "prune"),
    ]
    assert told == expected
    renamed = next(event["Actor"]["Attributes"] for event in events if event["Action"] == "rename")
    assert (renamed["oldName"], renamed["name"]) == (f"/{docker.name}", f"{docker.name}-new")
    pruned = next(event["Actor"] for event in events if event["Action"] == "prune")
    assert pruned == {"ID": "", "Attributes": {"reclaimed": "0"}}
