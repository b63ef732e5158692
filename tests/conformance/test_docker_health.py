"""Health checks and OOM with the docker CLI. Times are asked for, never measured."""

import json
import time
from typing import Any

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def _run(docker: Docker, *options: str) -> str:
    flags = ("-d", "--network", "none", "--health-interval", "200ms", *options)
    return docker.ok("run", *flags, "busybox", "sleep", "600")


def _health(docker: Docker, container: str) -> dict[str, Any]:
    health: dict[str, Any] = json.loads(docker.inspect(container, "{{json .State.Health}}"))
    return health


def _wait_health(docker: Docker, container: str, status: str) -> None:
    wait_until(lambda: _health(docker, container)["Status"] == status, f"it to be {status}")


def _actions(docker: Docker, container: str, *names: str) -> list[str]:
    wanted = [word for name in names for word in ("--filter", f"event={name}")]
    told = docker.ok("events", "--since", "0", "--until", str(int(time.time()) + 1), "--filter",
                     f"container={container}", *wanted, "--format", "{{.Action}}")  # fmt: skip
    return told.splitlines()


def test_ill_well_and_ill_again(docker: Docker) -> None:
    container = _run(docker, "--health-cmd", "echo looked; test -e /well", "--health-retries", "2")
    status = ("ps", "--filter", f"id={container}", "--format", "{{.Status}}")
    first = docker.ok(*status)
    assert first.startswith("Up ")
    assert "health: starting" in first or "unhealthy" in first
    _wait_health(docker, container, "unhealthy")
    assert _health(docker, container)["FailingStreak"] >= 2
    assert docker.ok(*status).endswith(" (unhealthy)")

    docker.ok("exec", container, "touch", "/well")
    _wait_health(docker, container, "healthy")
    health = _health(docker, container)
    assert health["FailingStreak"] == 0
    last = health["Log"][-1]
    assert (last["ExitCode"], last["Output"]) == (0, "looked\n")
    assert last["Start"] < last["End"]
    assert docker.ok(*status).endswith(" (healthy)")
    found = docker.ok("ps", "-q", "--no-trunc", "--filter", "health=healthy")
    assert container in found.split()
    assert container not in docker.ok("ps", "-q", "--no-trunc", "--filter", "health=none").split()

    docker.ok("exec", container, "rm", "/well")
    _wait_health(docker, container, "unhealthy")
    wait_until(lambda: len(_health(docker, container)["Log"]) == 5, "five results")
    time.sleep(0.5)
    assert len(_health(docker, container)["Log"]) == 5
    assert _actions(docker, container, "health_status") == [
        "health_status: unhealthy",
        "health_status: healthy",
        "health_status: unhealthy",
    ]

    docker.ok("restart", "-t", "0", container)
    assert _health(docker, container)["Status"] in ("starting", "unhealthy")
    docker.ok("stop", "-t", "0", container)
    assert _health(docker, container)["Status"] == "unhealthy"
    ended = len(_actions(docker, container, "exec_create"))
    time.sleep(0.5)
    assert len(_actions(docker, container, "exec_create")) == ended


def test_a_pause_ends_the_probes(docker: Docker) -> None:
    container = _run(docker, "--health-cmd", "true")
    _wait_health(docker, container, "healthy")
    docker.ok("pause", container)
    assert _health(docker, container)["Status"] == "unhealthy"
    looked = len(_actions(docker, container, "exec_create"))
    time.sleep(0.5)
    assert len(_actions(docker, container, "exec_create")) == looked
    docker.ok("unpause", container)
    _wait_health(docker, container, "healthy")


def test_a_probe_that_is_not_in_time(docker: Docker) -> None:
    container = _run(docker, "--health-cmd", "echo begun; sleep 543", "--health-timeout", "3s",
                     "--health-retries", "1")  # fmt: skip
    _wait_health(docker, container, "unhealthy")
    expected = (-1, "Health check exceeded timeout (3s): begun\n")

    def is_told() -> bool:  # the first may have had no time to begin
        results = _health(docker, container)["Log"]
        return expected in [(result["ExitCode"], result["Output"]) for result in results]

    wait_until(is_told, "what it said until then")


def test_a_probe_that_cannot_be_started(docker: Docker) -> None:
    container = _run(docker, "--health-cmd", "true", "--user", "5", "--health-retries", "1")
    _wait_health(docker, container, "healthy")
    docker.ok("exec", "--user", "0", container, "mv", "/bin/sh", "/bin/not-sh")
    _wait_health(docker, container, "unhealthy")
    result = _health(docker, container)["Log"][-1]
    assert result["ExitCode"] == -1
    assert "/bin/sh" in result["Output"]


def test_so_much_output_is_kept(docker: Docker) -> None:
    container = _run(docker, "--health-cmd", "head -c 100000 /dev/zero | tr '\\0' x")
    _wait_health(docker, container, "healthy")
    assert _health(docker, container)["Log"][0]["Output"] == "x" * 4096 + "..."


def test_the_environment_of_a_probe(docker: Docker) -> None:
    container = _run(docker, "--health-cmd", "echo $WORD $(id -u) $(pwd)", "-e", "WORD=here",
                     "--user", "7", "-w", "/tmp")  # fmt: skip
    _wait_health(docker, container, "healthy")
    assert _health(docker, container)["Log"][0]["Output"] == "here 7 /tmp\n"


def test_failures_of_a_start_do_not_count(docker: Docker) -> None:
    start = ("--health-start-period", "60s", "--health-start-interval", "100ms")
    container = _run(docker, "--health-cmd", "false", "--health-retries", "1", *start)
    wait_until(lambda: len(_health(docker, container)["Log"]) >= 3, "three probes")
    health = _health(docker, container)
    assert (health["Status"], health["FailingStreak"]) == ("starting", 0)


@pytest.mark.parametrize(
    "options", [("--no-healthcheck",), ("--health-interval", "1s"), ()], ids=["none", "half", ""]
)
def test_without_a_check(docker: Docker, options: tuple[str, ...]) -> None:
    container = docker.ok("run", "-d", "--network", "none", *options, "busybox", "sleep", "1000")
    assert docker.inspect(container, "{{json .State.Health}}") == "null"
    found = docker.ok("ps", "-q", "--no-trunc", "--filter", "health=none")
    assert container in found.split()


def test_a_check_that_makes_no_sense(docker: Docker) -> None:
    refused = docker("create", "--health-cmd", "true", "--health-interval", "5us", "busybox")
    assert refused.status == 1
    assert "Interval in Healthcheck cannot be less than 1ms" in refused.err
    refused = docker("ps", "--filter", "health=fine")
    assert "must be one of none, starting, healthy, unhealthy" in refused.err


def test_a_probe_is_not_among_the_execs_for_long(docker: Docker, engine: Engine) -> None:
    if engine.daemon is None:
        pytest.skip("dockerd forgets its execs after minutes")
    container = _run(docker, "--health-cmd", "true")
    _wait_health(docker, container, "healthy")
    docker.ok("stop", "-t", "0", container)
    assert docker.inspect(container, "{{json .ExecIDs}}") == "null"


# All that is killed for memory is started by the shell, which goes on.
EXPENDABLE = "echo 1000 > /proc/self/oom_score_adj"
EATER = f"({EXPENDABLE}; head -c 200m /dev/zero | tail > /dev/null)"


def test_a_child_that_is_killed_for_memory(docker: Docker) -> None:
    """The event and the mark while it runs; and its end is not of it."""
    script = f"{EATER}; while :; do ({EXPENDABLE}; sleep 1); done"
    container = docker.ok("run", "-d", "--network", "none", "--memory", "20m", "busybox",
                          "sh", "-c", script)  # fmt: skip
    wait_until(lambda: _actions(docker, container, "oom"), "the event")
    assert docker.inspect(container, "{{.State.OOMKilled}} {{.State.Status}}") == "true running"
    docker.ok("kill", container)
    assert docker.inspect(container, "{{.State.OOMKilled}}") == "true"
    told = _actions(docker, container, "oom", "die")
    assert told[-1] == "die"
    assert set(told[:-1]) == {"oom"}


def test_a_first_process_that_is_killed_for_memory(docker: Docker) -> None:
    container = docker.ok("run", "-d", "--network", "none", "--memory", "20m", "busybox",
                          "sh", "-c", "exec tail /dev/zero")  # fmt: skip
    assert docker.ok("wait", container) == "137"
    assert docker.inspect(container, "{{.State.OOMKilled}} {{.State.Status}}") == "true exited"
    told = _actions(docker, container, "oom", "die")
    assert told[-1] == "die"
    assert "oom" in told
    docker.ok("start", container)
