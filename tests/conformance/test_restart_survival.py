"""Restart policies and health checks across daemons: what the next one does with what it finds."""

import signal
from collections.abc import Iterator
from os import kill
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

POLICIES = ("no", "on-failure", "always", "unless-stopped")


@pytest.fixture
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


def _run(daemon: Daemon, policy: str, script: str, **host_config: Any) -> str:
    return daemon.run(script, RestartPolicy={"Name": policy}, **host_config)


def _inspect(daemon: Daemon, container: str) -> dict[str, Any]:
    inspected: dict[str, Any] = daemon.request("GET", f"/containers/{container}/json")[1]
    return inspected


def _lines(daemon: Daemon, container: str) -> int:
    _, frames = daemon.request("GET", f"/containers/{container}/logs?stdout=1")
    return int(frames.count(b"begun\n"))


def _wait_status(daemon: Daemon, container: str, status: str) -> None:
    wait_until(lambda: daemon.state(container)["Status"] == status, f"it to be {status}")


def _wait_back_off(daemon: Daemon, container: str, restarts: int) -> None:
    def is_long() -> bool:
        found = _inspect(daemon, container)
        return bool(found["RestartCount"] >= restarts and found["State"]["Restarting"])

    wait_until(is_long, "a long back-off")


def test_killed_in_the_middle_of_a_back_off(daemon: Daemon) -> None:
    container = _run(daemon, "always", "echo begun; exit 3")
    _wait_back_off(daemon, container, 5)
    daemon.kill()
    daemon.start()
    before = _lines(daemon, container)
    wait_until(lambda: _lines(daemon, container) > before, "a start by the next daemon")
    assert _inspect(daemon, container)["RestartCount"] < 5  # from nothing again
    _wait_back_off(daemon, container, 4)  # long enough to be stopped in
    assert daemon.request("POST", f"/containers/{container}/stop?t=0")[0] == 204
    assert daemon.state(container)["ExitCode"] == 3


def test_ends_while_nobody_looked(daemon: Daemon, tmp_path: Path) -> None:
    scripts = [
        ("no", 3),
        ("on-failure", 3),
        ("on-failure", 0),
        ("always", 0),
        ("unless-stopped", 0),
    ]
    script = (
        "echo begun; test -e /again && sleep 600; touch /again; "
        "while ! test -e /gate/open; do sleep 0.05; done; exit {}"
    )
    gate = [f"{tmp_path}:/gate:ro"]
    containers = {
        case: _run(daemon, case[0], script.format(case[1]), Binds=gate) for case in scripts
    }
    daemon.kill()
    (tmp_path / "open").touch()
    daemon.wait_for_ends()
    daemon.start()
    for case in (("on-failure", 3), ("always", 0), ("unless-stopped", 0)):
        _wait_status(daemon, containers[case], "running")
        wait_until(lambda case=case: _lines(daemon, containers[case]) == 2, "its second line")  # type: ignore[misc]
    for case in (("no", 3), ("on-failure", 0)):
        state = daemon.state(containers[case])
        assert (state["Status"], state["ExitCode"]) == ("exited", case[1])


def test_what_runs_is_left_alone(daemon: Daemon) -> None:
    containers = [_run(daemon, policy, "sleep 600") for policy in POLICIES]
    before = [daemon.state(container)["Pid"] for container in containers]
    daemon.kill()
    daemon.start()
    assert [daemon.state(container)["Pid"] for container in containers] == before
    assert {_inspect(daemon, container)["RestartCount"] for container in containers} == {0}
    # The policies go on: this one ends by itself.
    kill(before[POLICIES.index("always")], signal.SIGKILL)
    container = containers[POLICIES.index("always")]
    wait_until(lambda: _inspect(daemon, container)["RestartCount"] == 1, "a restart")


@pytest.mark.parametrize(
    ("policy", "comes_again"), [("always", True), ("unless-stopped", False), ("no", False)]
)
def test_what_was_stopped_by_hand(daemon: Daemon, policy: str, comes_again: bool) -> None:
    container = _run(daemon, policy, "sleep 600")
    assert daemon.request("POST", f"/containers/{container}/stop?t=0")[0] == 204
    daemon.kill()
    daemon.start()
    if comes_again:
        _wait_status(daemon, container, "running")
    else:
        assert daemon.state(container)["Status"] == "exited"


def test_what_was_never_started_is_not_started(daemon: Daemon) -> None:
    body = {
        "Image": "busybox",
        "HostConfig": {"NetworkMode": "none", "RestartPolicy": {"Name": "always"}},
    }
    container = daemon.request("POST", "/containers/create", body)[1]["Id"]
    daemon.kill()
    daemon.start()
    assert daemon.state(container)["Status"] == "created"


def test_after_a_reboot(daemon: Daemon) -> None:
    containers = {policy: _run(daemon, policy, "sleep 600") for policy in POLICIES}
    daemon.reboot()
    daemon.start()
    for policy in ("always", "unless-stopped", "on-failure"):
        _wait_status(daemon, containers[policy], "running")
    assert daemon.state(containers["no"])["Status"] == "exited"


def test_a_health_check_begins_anew(daemon: Daemon) -> None:
    body = {
        "Image": "busybox",
        "Cmd": ["sleep", "1000"],
        "HostConfig": {"NetworkMode": "none"},
        "Healthcheck": {"Test": ["CMD-SHELL", "echo looked"], "Interval": 200_000_000},
    }
    container = daemon.request("POST", "/containers/create", body)[1]["Id"]
    daemon.request("POST", f"/containers/{container}/start")
    wait_until(lambda: _health(daemon, container)["Status"] == "healthy", "a success")
    daemon.kill()
    daemon.start()
    wait_until(lambda: _health(daemon, container)["Status"] == "healthy", "a success")
    assert _health(daemon, container)["Log"][-1]["Output"] == "looked\n"


def _health(daemon: Daemon, container: str) -> dict[str, Any]:
    health: dict[str, Any] = daemon.state(container)["Health"]
    return health


def test_a_probe_ends_with_the_daemon_that_asked(daemon: Daemon) -> None:
    body = {
        "Image": "busybox",
        "Cmd": ["sleep", "1000"],
        "HostConfig": {"NetworkMode": "none"},
        "Healthcheck": {"Test": ["CMD", "sleep", "4321"], "Interval": 100_000_000},
    }
    container = daemon.request("POST", "/containers/create", body)[1]["Id"]
    daemon.request("POST", f"/containers/{container}/start")
    init = daemon.state(container)["Pid"]
    wait_until(lambda: _beside(init), "a probe")
    daemon.stop()
    wait_until(lambda: not _beside(init), "the probe to end")
    daemon.start()
    assert daemon.state(container)["Running"]


def _beside(init: int) -> list[str]:
    """Return the commands of the other processes in the pid namespace of `init`."""
    namespace = Path(f"/proc/{init}/ns/pid").readlink()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.name != str(init) and (process / "ns/pid").readlink() == namespace:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_out_of_memory_while_nobody_looked(daemon: Daemon) -> None:
    container = daemon.run("sleep 0.5; exec tail /dev/zero", Memory=20 * 2**20)
    daemon.kill()
    daemon.wait_for_ends()
    daemon.start()
    state = daemon.state(container)
    assert (state["OOMKilled"], state["ExitCode"]) == (True, 137)


def test_removed_when_it_ended_while_nobody_looked(daemon: Daemon) -> None:
    container = daemon.run("sleep 0.3", AutoRemove=True)
    daemon.kill()
    daemon.wait_for_ends()
    daemon.start()
    wait_until(
        lambda: daemon.request("GET", f"/containers/{container}/json")[0] == 404, "the removal"
    )
