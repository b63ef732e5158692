"""pause and resume, and what the other commands do to a paused container."""

import json
import os
import signal

import pytest
from tests.root.runtime.boxes import Box, wait_until
from tests.root.runtime.executable import Runtime, command, detached

pytestmark = pytest.mark.root

TICK = "while true; do echo . >> /tmp/ticks; sleep 0.01; done"


def status(box: Box, runtime: Runtime) -> str:
    document: dict[str, str] = json.loads(runtime("state", box.id).stdout)
    return document["status"]


def test_processes_stand_still_until_resumed(box: Box, runtime: Runtime) -> None:
    ticks = box.rootfs / "tmp/ticks"
    with box.started("sh", "-c", TICK):
        wait_until(ticks.exists)
        assert runtime("pause", box.id).returncode == 0
        assert status(box, runtime) == "paused"
        size = ticks.stat().st_size
        assert json.loads(runtime("list", "-f", "json").stdout)[0]["status"] == "paused"
        assert ticks.stat().st_size == size
        assert "container not running" in runtime("pause", box.id).stderr
        assert runtime("resume", box.id).returncode == 0
        assert status(box, runtime) == "running"
        wait_until(lambda: ticks.stat().st_size > size)
        assert "container not paused" in runtime("resume", box.id).stderr


def test_a_paused_container_takes_no_process_but_if_asked(box: Box, runtime: Runtime) -> None:
    with box.started("sleep", "60") as container:
        container.pause()
        refused = runtime("exec", box.id, "true")
        assert refused.returncode == 255
        assert "cannot exec in a paused container" in refused.stderr
        waiting = os.posix_spawn(
            "/usr/bin/env",
            ["env", *command(box, "exec", "--ignore-paused", box.id, "touch", "/tmp/done")],
            os.environ,
        )
        wait_until(lambda: len(container.cgroup.pids()) == 2)
        assert not (box.rootfs / "tmp/done").exists()
        container.resume()
        assert os.waitstatus_to_exitcode(os.waitpid(waiting, 0)[1]) == 0
        assert (box.rootfs / "tmp/done").exists()


@pytest.mark.parametrize("has_pid_namespace", [True, False])
def test_sigkill_ends_a_paused_container(
    box: Box, runtime: Runtime, has_pid_namespace: bool
) -> None:
    if not has_pid_namespace:
        box.linux["namespaces"].remove({"type": "pid"})
    with box.started("sleep", "60") as container:
        container.pause()
        assert runtime("kill", box.id, "TERM").returncode == 0  # waits for the resume
        assert status(box, runtime) == "paused"
        assert runtime("kill", box.id, "KILL").returncode == 0
        assert os.WTERMSIG(os.waitpid(container.pid, 0)[1]) in (signal.SIGKILL, signal.SIGTERM)
        assert status(box, runtime) == "stopped"
        assert "container not running" in runtime("kill", box.id, "KILL").stderr
        assert runtime("kill", "--all", box.id, "KILL").returncode == 0


def test_delete_of_a_paused_container_needs_force(box: Box, runtime: Runtime) -> None:
    box.write("sleep", "60")
    assert detached(box, "run", "-d", box.id).returncode == 0
    assert runtime("pause", box.id).returncode == 0
    assert "that is not stopped" in runtime("delete", box.id).stderr
    assert runtime("delete", "--force", box.id).returncode == 0
    assert box.leftovers() == []


def test_a_created_container_may_be_paused_but_not_started_then(box: Box, runtime: Runtime) -> None:
    with box.created("true") as container:
        assert runtime("pause", box.id).returncode == 0
        assert "paused state" in runtime("start", box.id).stderr
        assert runtime("resume", box.id).returncode == 0
        assert status(box, runtime) == "created"
        assert runtime("start", box.id).returncode == 0
        os.waitpid(container.pid, 0)
        for command_name in ("pause", "resume"):
            assert runtime(command_name, box.id).returncode == 1
