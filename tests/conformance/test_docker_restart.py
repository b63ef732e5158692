"""Restart policies with the docker CLI: what is started again by itself, and what stops that."""

import json
import os
import signal
import time

import pytest
from tests.conformance.docker_cli import Docker
from tests.daemon import wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

STATE = "{{.State.Status}} {{.State.Running}} {{.State.Restarting}} {{.State.ExitCode}}"


def _run(docker: Docker, policy: str, script: str, *options: str) -> str:
    flags = ("-d", "--network", "none", "--restart", policy, *options)
    return docker.ok("run", *flags, "busybox", "sh", "-c", script)


def _count(docker: Docker, container: str) -> int:
    return int(docker.inspect(container, "{{.RestartCount}}"))


def _is(docker: Docker, container: str, status: str) -> bool:
    return docker.inspect(container, "{{.State.Status}}") == status


def _backing_off(docker: Docker, restarts: int = 5) -> str:
    """Return a container that waits to be started again: 3 s, twice as long with each restart."""
    container = _run(docker, "always", "exit 3")

    def is_long() -> bool:
        status, count = docker.inspect(container, "{{.State.Status}} {{.RestartCount}}").split()
        return status == "restarting" and int(count) >= restarts

    wait_until(is_long, "a long back-off")
    return container


def test_on_failure_is_tried_so_often(docker: Docker) -> None:
    container = _run(docker, "on-failure:3", "echo x; exit 3")
    wait_until(lambda: _is(docker, container, "exited"), "the last try to end")
    assert _count(docker, container) == 3
    assert docker.inspect(container, STATE) == "exited false false 3"
    assert docker.ok("logs", container) == "x\nx\nx\nx"
    docker.ok("start", container)  # from nothing again
    wait_until(lambda: docker.ok("logs", container).count("x") == 8, "as many tries")
    wait_until(lambda: _is(docker, container, "exited"), "the last try to end")
    assert _count(docker, container) == 3


def test_a_success_is_not_tried_again(docker: Docker) -> None:
    container = _run(docker, "on-failure", "test -e /again || { touch /again; exit 1; }")
    wait_until(lambda: _is(docker, container, "exited"), "its success")
    assert docker.inspect(container, STATE) == "exited false false 0"
    assert _count(docker, container) == 1


def test_always_means_success_too(docker: Docker) -> None:
    container = _run(docker, "always", "exit 0")
    wait_until(lambda: _count(docker, container) >= 2, "two restarts")


def test_between_two_starts(docker: Docker) -> None:
    container = _backing_off(docker, restarts=7)  # time for many commands
    assert docker.inspect(container, STATE) == "restarting true true 3"
    status = docker.ok("ps", "--filter", f"id={container}", "--format", "{{.State}} {{.Status}}")
    assert status.startswith("restarting Restarting (3) ")
    assert docker.ok("ps", "-q", "--no-trunc", "--filter", "status=restarting") == container
    assert docker("start", container).status == 0  # nothing to do
    for command, text in (
        (("exec", container, "true"), "is restarting, wait until the container is running"),
        (("attach", container), "restart"),
        (("rm", container), "container is restarting: stop the container before removing or force"),
    ):
        refused = docker(*command)
        assert refused.status != 0
        assert text in refused.err
    docker.ok("rm", "-f", container)
    assert docker("inspect", container).status == 1


@pytest.mark.parametrize("command", [("stop",), ("kill",), ("kill", "-s", "TERM")])
def test_a_stop_by_hand_wins(docker: Docker, command: tuple[str, ...]) -> None:
    container = _backing_off(docker)
    docker.ok(*command, container)
    count = _count(docker, container)
    assert docker.inspect(container, STATE) == "exited false false 3"
    docker.ok("wait", container)  # does not block
    docker.ok("start", container)
    assert _count(docker, container) < count
    docker.ok("stop", container)


@pytest.mark.parametrize("command", [("stop", "-t", "0"), ("kill",)])
def test_what_runs_is_stopped_for_good(docker: Docker, command: tuple[str, ...]) -> None:
    container = _run(docker, "always", "sleep 1000")
    docker.ok(*command, container)
    assert docker.inspect(container, STATE) == "exited false false 137"
    assert docker("wait", container).out == "137\n"
    assert _count(docker, container) == 0


def test_restart_by_hand_counts_from_nothing(docker: Docker) -> None:
    container = _backing_off(docker)
    docker.ok("restart", container)
    assert _count(docker, container) < 5
    wait_until(lambda: _count(docker, container) >= 2, "restarts by itself")


def test_a_process_that_is_killed_from_outside_comes_again(docker: Docker) -> None:
    container = _run(docker, "unless-stopped", "sleep 1000")
    first = docker.inspect(container, "{{.State.Pid}}")
    os.kill(int(first), signal.SIGKILL)
    wait_until(lambda: _count(docker, container) == 1, "its end to be seen")
    wait_until(lambda: _is(docker, container, "running"), "its restart")
    assert docker.inspect(container, "{{.State.Pid}}") not in ("0", first)


def test_wait_is_for_each_end(docker: Docker) -> None:
    container = _run(docker, "always", "sleep 0.5; exit 7")
    assert docker.ok("wait", container) == "7"
    assert docker.ok("wait", container) == "7"


def test_logs_and_attach_end_with_the_run(docker: Docker) -> None:
    container = _run(docker, "always", "sleep 1; echo one; sleep 2; echo two")
    followed = docker("logs", "-f", container)
    assert (followed.status, followed.out) == (0, "one\ntwo\n")
    attached = docker("run", "--network", "none", "--restart", "on-failure:1", "busybox",
                      "sh", "-c", "echo x; exit 5")  # fmt: skip
    assert (attached.status, attached.out) == (5, "x\n")


def test_a_start_that_fails_is_not_tried_again(docker: Docker) -> None:
    name = docker.name
    refused = docker("run", "-d", "--name", name, "--network", "none", "--restart", "always",
                     "busybox", "/nowhere")  # fmt: skip
    assert refused.status == 127
    assert docker.inspect(name, "{{.State.Status}} {{.State.ExitCode}}") == "created 127"
    assert _count(docker, name) == 0


def test_a_restart_that_fails_is_not_tried_again(docker: Docker) -> None:
    container = _run(docker, "always", "rm /bin/sh; exit 5")
    wait_until(lambda: _is(docker, container, "exited"), "the restart to be given up")
    assert docker.inspect(container, STATE) == "exited false false 5"
    error = docker.inspect(container, "{{.State.Error}}")
    assert "sh" in error
    assert _count(docker, container) == 1


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("foo", "unknown policy 'foo'"),
        ("always:3", "maximum retry count can only be used with 'on-failure'"),
        ("on-failure:-1", "maximum retry count cannot be negative"),
    ],
)
def test_policies_that_there_are_not(docker: Docker, policy: str, text: str) -> None:
    refused = docker("create", "--network", "none", "--restart", policy, "busybox")
    assert refused.status != 0
    assert text in refused.err


def test_every_start_and_end_is_an_event(docker: Docker) -> None:
    container = _run(docker, "on-failure:2", "exit 9")
    wait_until(lambda: _is(docker, container, "exited"), "the last try to end")
    told = docker.ok(
        "events", "--since", "600s", "--until", str(int(time.time()) + 1),
        "--filter", f"container={container}", "--filter", "event=start", "--filter", "event=die",
        "--format", "{{json .}}",
    )  # fmt: skip
    events = [json.loads(line) for line in told.splitlines()]
    assert [event["Action"] for event in events] == ["start", "die"] * 3
    assert {e["Actor"]["Attributes"].get("exitCode") for e in events if e["Action"] == "die"} == {
        "9"
    }


def test_another_policy_counts_from_the_next_end_on(docker: Docker) -> None:
    container = docker.ok("run", "-d", "--network", "none", "busybox", "sleep", "1000")
    docker.ok("update", "--restart", "on-failure:2", container)
    policy = docker.inspect(container, "{{json .HostConfig.RestartPolicy}}")
    assert json.loads(policy) == {"Name": "on-failure", "MaximumRetryCount": 2}
    os.kill(int(docker.inspect(container, "{{.State.Pid}}")), signal.SIGKILL)
    wait_until(lambda: _count(docker, container) == 1, "a restart")
    wait_until(lambda: _is(docker, container, "running"), "it to run")
    docker.ok("update", "--restart", "no", container)
    os.kill(int(docker.inspect(container, "{{.State.Pid}}")), signal.SIGKILL)
    wait_until(lambda: _is(docker, container, "exited"), "its end")
