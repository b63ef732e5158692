"""What is done about an unhealthy container: beyond Docker, so by seacan's own command line."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.test_seacan_files import seacan
from tests.daemon import Daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def _run(daemon: Daemon, action: str, *options: str) -> str:
    # Well until the trap is set.
    health = ("--health-cmd", "test ! -e /set", "--health-interval", "100ms", "--health-retries")
    words = ("run", "-d", "--network", "none", *health, "2", "--health-on-failure", action)
    command = ("busybox", "sh", "-c", "trap 'exit 3' TERM; touch /set; sleep 600 & wait")
    return seacan(daemon, *words, *options, *command).decode().strip()


@pytest.fixture
def loaded(daemon: Daemon, busybox_tar: Path) -> Daemon:
    daemon.load(busybox_tar)
    return daemon


def _inspect(daemon: Daemon, container: str) -> dict[str, Any]:
    inspected: dict[str, Any] = daemon.request("GET", f"/containers/{container}/json")[1]
    return inspected


def _wait_status(daemon: Daemon, container: str, status: str) -> None:
    wait_until(lambda: daemon.state(container)["Status"] == status, f"it to be {status}")


@pytest.mark.parametrize(("action", "status"), [("kill", 137), ("stop", 3)])
def test_it_is_ended(loaded: Daemon, action: str, status: int) -> None:
    container = _run(loaded, action)
    _wait_status(loaded, container, "exited")
    assert loaded.state(container)["ExitCode"] == status


def test_what_was_killed_is_started_by_its_policy(loaded: Daemon) -> None:
    container = _run(loaded, "kill", "--restart", "on-failure")
    wait_until(lambda: _inspect(loaded, container)["RestartCount"] > 1, "two restarts")


def test_what_was_stopped_is_not(loaded: Daemon) -> None:
    container = _run(loaded, "stop", "--restart", "always")
    _wait_status(loaded, container, "exited")
    assert _inspect(loaded, container)["RestartCount"] == 0


def test_it_is_restarted(loaded: Daemon) -> None:
    container = _run(loaded, "restart")
    first = loaded.state(container)["StartedAt"]
    wait_until(lambda: loaded.state(container)["StartedAt"] != first, "another start")


def test_nothing_is_done_if_so_asked(loaded: Daemon) -> None:
    container = _run(loaded, "none")
    wait_until(
        lambda: loaded.state(container)["Health"]["Status"] == "unhealthy", "it to be unhealthy"
    )
    assert loaded.state(container)["Running"]


def test_another_action_is_refused(loaded: Daemon) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        _run(loaded, "reboot")
    assert b"none of none, kill, restart, stop: reboot" in refused.value.stderr
    assert refused.value.returncode == 125
