"""create, start, stop, restart, kill, wait, rm, ps, logs, exec, inspect with the docker CLI."""

import json
import re
import time
from datetime import UTC, datetime

import pytest
from tests.conformance.docker_cli import Docker
from tests.daemon import wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def test_the_states_of_a_container(docker: Docker) -> None:
    container = docker.ok("create", "busybox", "sh", "-c", "exit 3")
    state = "{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.Pid}}"
    assert docker.inspect(container, state) == "created false 0 0"
    docker.ok("start", container)
    assert docker.ok("wait", container) == "3"
    assert docker.inspect(container, state) == "exited false 3 0"
    times = docker.inspect(container, "{{.Created}} {{.State.StartedAt}} {{.State.FinishedAt}}")
    moments = [datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00") for text in times.split()]
    assert moments == sorted(moments)
    assert (datetime.now(UTC) - moments[0]).total_seconds() < 60


def test_start_again(docker: Docker) -> None:
    script = "echo x >> /count; wc -l < /count"
    container = docker.ok("create", "busybox", "sh", "-c", script)
    assert [docker.ok("start", "-a", container) for _ in range(3)] == ["1", "2", "3"]
    assert docker.ok("logs", container) == "1\n2\n3"


def test_start_attached_gives_the_status(docker: Docker) -> None:
    container = docker.ok("create", "busybox", "sh", "-c", "echo hi; exit 12")
    result = docker("start", "-a", container)
    assert (result.status, result.out) == (12, "hi\n")


def test_stop_asks_first(docker: Docker) -> None:
    script = "trap 'echo bye; exit 5' TERM; echo ready; while sleep 0.1; do :; done"
    container = docker.ok("run", "-d", "--stop-timeout", "60", "busybox", "sh", "-c", script)
    _wait_for_log(docker, container, "ready")
    assert docker.ok("stop", container) == container
    assert docker.inspect(container, "{{.State.ExitCode}}") == "5"
    assert docker.ok("logs", container) == "ready\nbye"


def test_stop_kills_when_the_time_is_up(docker: Docker) -> None:
    script = "trap '' TERM; echo ready; while sleep 0.1; do :; done"
    container = docker.ok("run", "-d", "--stop-timeout", "6000", "busybox", "sh", "-c", script)
    _wait_for_log(docker, container, "ready")
    start = time.monotonic()
    docker.ok("stop", "-t", "1", container)
    assert time.monotonic() - start > 0.9
    assert docker.inspect(container, "{{.State.ExitCode}}") == "137"


def test_stop_with_the_containers_own_signal_and_time(docker: Docker) -> None:
    script = "trap 'exit 6' USR1; echo ready; while sleep 0.1; do :; done"
    options = ("--stop-signal", "SIGUSR1", "--stop-timeout", "60")
    container = docker.ok("run", "-d", *options, "busybox", "sh", "-c", script)
    _wait_for_log(docker, container, "ready")
    docker.ok("stop", container)
    assert docker.inspect(container, "{{.State.ExitCode}}") == "6"


def test_what_has_ended_may_be_stopped_but_not_killed(docker: Docker) -> None:
    container = docker.ok("create", "busybox", "true")
    docker.ok("start", "-a", container)
    docker.ok("stop", container)
    refused = docker("kill", container)
    assert refused.status == 1
    assert re.search(f"annot kill container: {container}: container {container} is not running",
                     refused.err)  # fmt: skip


def test_restart(docker: Docker) -> None:
    container = docker.ok("run", "-d", "busybox", "sleep", "1000")
    first = docker.inspect(container, "{{.State.Pid}}")
    docker.ok("restart", "-t", "0", container)
    second, running = docker.inspect(container, "{{.State.Pid}} {{.State.Running}}").split()
    assert running == "true"
    assert first != second


@pytest.mark.parametrize(("signal", "status"), [("KILL", 137), ("SIGTERM", 143), ("9", 137)])
def test_kill(docker: Docker, signal: str, status: int) -> None:
    container = docker.ok("run", "-d", "--init", "busybox", "sleep", "1000")
    docker.wait_for_command(container, "sleep")
    docker.ok("kill", "-s", signal, container)
    assert docker.ok("wait", container) == str(status)


def test_kill_with_a_signal_that_is_survived(docker: Docker) -> None:
    script = "trap 'echo usr1' USR1; echo ready; while sleep 0.1; do :; done"
    container = docker.ok("run", "-d", "busybox", "sh", "-c", script)
    _wait_for_log(docker, container, "ready")
    docker.ok("kill", "-s", "USR1", container)
    _wait_for_log(docker, container, "usr1")
    assert docker.inspect(container, "{{.State.Running}}") == "true"


def test_rm_of_a_running_container_needs_force(docker: Docker) -> None:
    container = docker.ok("run", "-d", "busybox", "sleep", "1000")
    refused = docker("rm", container)
    assert refused.status == 1
    assert "container is running" in refused.err
    docker.ok("rm", "-f", container)
    assert f"No such object: {container}" in docker("inspect", container).err


def test_the_whole_process_tree_dies_with_its_first(docker: Docker) -> None:
    script = "sleep 1234567 & sleep 1234567 & sleep 0.2"
    container = docker.ok("run", "-d", "busybox", "sh", "-c", script)
    assert docker.ok("wait", container) == "0"
    assert docker.inspect(container, "{{.State.Running}}") == "false"


def test_ps(docker: Docker) -> None:
    running = docker.ok("run", "-d", "--name", docker.name, "busybox", "sleep", "1000")
    ended = docker.ok("create", "busybox", "true")
    docker.ok("start", "-a", ended)
    table = docker.ok("ps", "-a", "--no-trunc")
    line = next(line for line in table.splitlines() if line.startswith(running))
    assert re.search(rf'busybox +"sleep 1000" +.* ago +Up .* +{docker.name}$', line)
    assert re.search(rf"{ended} .* Exited \(0\) ", table)
    listed = docker.ok("ps", "-q", "--no-trunc").split()
    assert running in listed
    assert ended not in listed
    for filters in ((f"name={docker.name}",), ("status=running", f"id={running[:12]}")):
        words = [word for text in filters for word in ("--filter", text)]
        assert docker.ok("ps", "-aq", "--no-trunc", *words) == running
    as_json = json.loads(docker.ok("ps", "--filter", f"id={running}", "--format", "json"))
    assert (as_json["State"], as_json["Image"]) == ("running", "busybox")


def test_logs(docker: Docker) -> None:
    container = docker.ok("create", "busybox", "sh", "-c", "echo one; echo two >&2; printf three")
    docker.ok("start", "-a", container)
    whole = docker("logs", container)
    assert (whole.out, whole.err) == ("one\nthree", "two\n")
    assert docker("logs", "--tail", "1", container).out == "three"
    stamped = docker("logs", "-t", container)
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n", stamped.out)
    assert docker("logs", "--since", "1h", "--until", "1s", "nosuchcontainer").status == 1


def test_logs_since_and_until(docker: Docker) -> None:
    script = "echo early; sleep 1.5; echo late"
    container = docker.ok("create", "busybox", "sh", "-c", script)
    docker.ok("start", "-a", container)
    early, late = [line.split()[0] for line in docker.ok("logs", "-t", container).splitlines()]
    assert docker("logs", "--since", late, container).out == "late\n"
    assert docker("logs", "--until", early, container).out == "early\n"
    # Whole seconds, and one that begins between the two.
    between = int(datetime.fromisoformat(early[:19] + "+00:00").timestamp()) + 1
    assert docker("logs", "--since", str(between), container).out == "late\n"
    assert docker("logs", "--until", str(between), container).out == "early\n"


def test_logs_that_are_followed(docker: Docker) -> None:
    script = "for i in 1 2 3 4 5; do echo $i; sleep 0.2; done"
    container = docker.ok("run", "-d", "busybox", "sh", "-c", script)
    assert docker("logs", "-f", container).out == "1\n2\n3\n4\n5\n"


def test_long_lines_are_whole(docker: Docker) -> None:
    script = "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end"
    container = docker.ok("create", "busybox", "sh", "-c", script)
    docker.ok("start", "-a", container)
    assert docker("logs", container).out == "x" * 100_000 + "\nend\n"


def test_exec(docker: Docker) -> None:
    container = docker.ok("run", "-d", "-e", "A=1", "-w", "/tmp", "busybox", "sleep", "1000")
    script = "echo $A $B; pwd; id -u; grep CapEff /proc/self/status; echo err >&2; exit 7"
    result = docker("exec", "-e", "B=2", container, "sh", "-c", script)
    assert (result.status, result.err) == (7, "err\n")
    assert result.out == "1 2\n/tmp\n0\nCapEff:\t00000000a80425fb\n"
    words = ("exec", "-u", "1000", "-w", "/", container, "sh", "-c", "pwd; id -u")
    assert docker.ok(*words) == "/\n1000"
    assert docker("exec", "-i", container, "cat", stdin="through").out == "through"
    docker.ok("exec", "-d", container, "touch", "/tmp/there")
    script = "until ls /tmp/there 2>/dev/null; do sleep 0.1; done"
    assert docker.ok("exec", container, "sh", "-c", script) == "/tmp/there"


def test_exec_privileged(docker: Docker) -> None:
    container = docker.ok("run", "-d", "busybox", "sleep", "1000")
    words = (container, "grep", "CapEff", "/proc/self/status")
    assert docker.ok("exec", *words) == "CapEff:\t00000000a80425fb"
    privileged = docker.ok("exec", "--privileged", *words).split()[1]
    assert int(privileged, 16) & 1 << 21  # CAP_SYS_ADMIN


def test_attach_without_a_terminal(docker: Docker) -> None:
    script = "read line; echo got $line; sleep 0.3; exit 8"
    container = docker.ok("run", "-di", "busybox", "sh", "-c", script)
    with docker.popen("attach", container) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write("words\n")
        client.stdin.flush()
        assert client.stdout.readline() == "got words\n"
        assert client.wait(timeout=60) == 8


def test_wait_for_two(docker: Docker) -> None:
    containers = [
        docker.ok("run", "-d", "busybox", "sh", "-c", f"sleep 0.{n}; exit {n}") for n in (1, 2)
    ]
    assert docker.ok("wait", *containers).split() == ["1", "2"]


def test_inspect(docker: Docker) -> None:
    container = docker.ok(
        "create", "--name", docker.name, "-e", "A=1", "-w", "/tmp", "-u", "1:2", "-h", "box",
        "--entrypoint", "echo", "-m", "64m", "--cpus", "0.5", "--pids-limit", "9", "--cap-add",
        "NET_ADMIN", "--read-only", "--init", "--label", "k=v", "--stop-signal", "INT",
        "--ulimit", "nofile=10:20", "--network", "none", "--restart", "no", "busybox", "a", "b",
    )  # fmt: skip
    (found,) = json.loads(docker.ok("inspect", container))
    config, host = found["Config"], found["HostConfig"]
    assert (found["Id"], found["Name"]) == (container, f"/{docker.name}")
    assert (found["Path"], found["Args"]) == ("echo", ["a", "b"])
    assert found["Image"].startswith("sha256:")
    assert "A=1" in config["Env"]
    assert config["Entrypoint"] == ["echo"]
    assert (config["WorkingDir"], config["User"], config["Hostname"]) == ("/tmp", "1:2", "box")
    assert (config["Cmd"], config["Image"]) == (["a", "b"], "busybox")
    assert config["Labels"]["k"] == "v"
    assert config["StopSignal"] == "INT"
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (67108864, 500000000, 9)
    assert host["CapAdd"] in (["NET_ADMIN"], ["CAP_NET_ADMIN"])
    assert (host["ReadonlyRootfs"], host["Init"], host["NetworkMode"]) == (True, True, "none")
    assert host["Ulimits"] == [{"Name": "nofile", "Hard": 20, "Soft": 10}]
    assert host["LogConfig"]["Type"] == "json-file"
    assert host["RestartPolicy"]["Name"] == "no"
    assert found["State"]["Status"] == "created"
    assert found["GraphDriver"]["Name"] == "overlay2"


def _wait_for_log(docker: Docker, container: str, line: str) -> None:
    wait_until(
        lambda: line in docker("logs", container).out.splitlines(), f"{container} to print {line}"
    )
