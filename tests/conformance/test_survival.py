"""kill -9 of the daemon and of the launcher: containers, logs and statuses are not concerned."""

import contextlib
import datetime
import json
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.client import HTTPException
from os import kill
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import Daemon, running_daemon, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

TICKER = "i=0; while true; do echo tick $i; i=$((i+1)); sleep 0.05; done"

BUSYBOX_SLEEPS = {"Image": "busybox", "Cmd": ["sleep", "1000"]}


@pytest.fixture
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


def _ticks(daemon: Daemon, container: str) -> list[int]:
    _, frames = daemon.request("GET", f"/containers/{container}/logs?stdout=1")
    return [int(number) for number in re.findall(rb"tick (\d+)\n", frames)]


def _launchers(daemon: Daemon) -> list[int]:
    return [pid for pid, name in daemon.engine_processes().items() if name == "seacan-launcher"]


def _kill_both(daemon: Daemon) -> None:
    daemon.kill()
    for pid in _launchers(daemon):
        with contextlib.suppress(ProcessLookupError):  # it ends with its daemon
            kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("with_launcher", [False, True], ids=["daemon", "daemon and launcher"])
def test_a_container_goes_on(daemon: Daemon, with_launcher: bool) -> None:
    container = daemon.run(TICKER)
    before = daemon.state(container)
    wait_until(lambda: len(_ticks(daemon, container)) > 3, "some ticks")
    _kill_both(daemon) if with_launcher else daemon.kill()
    time.sleep(0.5)
    daemon.start()
    after = daemon.state(container)
    assert (after["Running"], after["Pid"]) == (True, before["Pid"])
    assert after["StartedAt"] == before["StartedAt"]
    count = len(_ticks(daemon, container))
    wait_until(lambda: len(_ticks(daemon, container)) > count + 3, "more ticks")
    ticks = _ticks(daemon, container)
    assert ticks == list(range(len(ticks)))
    assert daemon.request("POST", f"/containers/{container}/stop?t=0")[0] == 204
    assert daemon.state(container)["ExitCode"] == 137


def test_a_dead_launcher_is_replaced(daemon: Daemon) -> None:
    first = daemon.run(TICKER)
    for pid in _launchers(daemon):
        with contextlib.suppress(ProcessLookupError):  # what it has forked ahead ends with it
            kill(pid, signal.SIGKILL)
    second = daemon.run(TICKER)
    assert daemon.state(first)["Running"]
    assert daemon.state(second)["Running"]


@pytest.mark.parametrize("status", [0, 3, 255])
def test_an_exit_while_nobody_looked(daemon: Daemon, status: int) -> None:
    container = daemon.run(f"sleep 0.5; echo last words; exit {status}")
    _kill_both(daemon)
    daemon.wait_for_ends()
    daemon.start()
    state = daemon.state(container)
    assert (state["Status"], state["ExitCode"]) == ("exited", status)
    assert state["StartedAt"] < state["FinishedAt"] < _now()
    _, frames = daemon.request("GET", f"/containers/{container}/logs?stdout=1")
    assert frames.endswith(b"last words\n")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))


def test_a_killed_container_while_nobody_looked(daemon: Daemon) -> None:
    container = daemon.run("sleep 1000")
    pid = daemon.state(container)["Pid"]
    daemon.kill()
    kill(pid, signal.SIGKILL)
    daemon.wait_for_ends()
    daemon.start()
    assert daemon.state(container)["ExitCode"] == 137


@pytest.mark.parametrize("is_watched", [True, False], ids=["watched", "while nobody looked"])
def test_a_container_ends_with_its_shim(daemon: Daemon, is_watched: bool) -> None:
    """Nobody could say any more how it ended; it must not go on unseen, and leaves nothing."""
    container = daemon.run(TICKER)
    pid, shim = daemon.state(container)["Pid"], daemon.shim_of(container)
    if not is_watched:
        daemon.kill()
    kill(shim, signal.SIGKILL)
    if not is_watched:
        daemon.start()
    wait_until(lambda: not daemon.state(container)["Running"], "the end to be noticed")
    state = daemon.state(container)
    assert (state["Status"], state["ExitCode"]) == ("exited", 137)
    assert "shim" in state["Error"]
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "its process to be reaped by the host")
    assert daemon.request("POST", f"/containers/{container}/start")[0] == 204


def test_a_reboot_takes_the_processes_and_leaves_the_containers(daemon: Daemon) -> None:
    container = daemon.run(TICKER)
    daemon.reboot()
    daemon.start()
    assert daemon.state(container)["Status"] == "exited"
    assert daemon.request("POST", f"/containers/{container}/start")[0] == 204


def test_a_removal_whose_row_a_power_cut_brought_back(daemon: Daemon) -> None:
    removed, other = _create(daemon, "one"), _create(daemon, "other")
    # What has a policy is removed durably: if its directory is gone, that was not a removal.
    lost = _create(daemon, "lost", RestartPolicy={"Name": "on-failure"})
    daemon.kill()
    for container in (removed, lost):
        shutil.rmtree(daemon.data_root / "containers" / container)
    daemon.start()
    assert daemon.state(lost)["Status"] == "created"
    assert daemon.request("GET", f"/containers/{removed}/json")[0] == 404
    assert daemon.state(other)["Status"] == "created"
    assert daemon.state(_create(daemon, "one"))["Status"] == "created"


def _create(daemon: Daemon, name: str, **host_config: Any) -> str:
    request = {"Image": "busybox", "HostConfig": host_config}
    status, body = daemon.request("POST", f"/containers/create?name={name}", request)
    assert status == 201, body
    return str(body["Id"])


def test_the_next_start_waits_until_the_layer_is_unmounted(daemon: Daemon) -> None:
    """The end is told before what was written is on the disk; two mounts of it must not be."""
    container = daemon.run("dd if=/dev/zero of=/file bs=1M count=64 2>/dev/null; sleep 0.2")
    shim = daemon.shim_of(container)
    assert daemon.request("POST", f"/containers/{container}/wait")[0] == 200
    assert daemon.request("POST", f"/containers/{container}/start")[0] == 204
    assert shim not in daemon.engine_processes()


def test_auto_remove_while_nobody_looked(daemon: Daemon) -> None:
    container = daemon.run("sleep 0.3", AutoRemove=True)
    daemon.kill()
    daemon.wait_for_ends()
    daemon.start()
    wait_until(
        lambda: daemon.request("GET", f"/containers/{container}/json")[0] == 404, "the removal"
    )


def test_exec_in_an_adopted_container(daemon: Daemon) -> None:
    container = daemon.run("sleep 1000")
    daemon.kill()
    daemon.start()
    assert _exec(daemon, container, "exit 9") == 9


def _exec(daemon: Daemon, container: str, script: str) -> int:
    body = {"Cmd": ["sh", "-c", script], "AttachStdout": True}
    status, answer = daemon.request("POST", f"/containers/{container}/exec", body)
    assert status == 201, answer
    daemon.request("POST", f"/exec/{answer['Id']}/start", {"Detach": True})
    inspected: dict[str, Any] = {}

    def has_ended() -> bool:
        inspected.update(daemon.request("GET", f"/exec/{answer['Id']}/json")[1])
        return not inspected["Running"]

    wait_until(has_ended, "the exec to end")
    return int(inspected["ExitCode"])


def test_wait_of_an_adopted_container(daemon: Daemon) -> None:
    container = daemon.run("sleep 1.5; exit 6")
    daemon.kill()
    daemon.start()
    assert daemon.request("POST", f"/containers/{container}/wait")[1]["StatusCode"] == 6


def test_a_client_that_is_attached_stays_attached(daemon: Daemon, tmp_path: Path) -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker CLI here")
    docker = ["docker", "-H", daemon.host]
    container = daemon.run(TICKER)
    with subprocess.Popen(
        [*docker, "attach", "--no-stdin", container], stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        first = int(client.stdout.readline().split()[1])
        daemon.kill()
        numbers = [int(client.stdout.readline().split()[1]) for _ in range(20)]
        client.kill()
    daemon.start()
    assert numbers == list(range(first + 1, first + 21))


@pytest.mark.slow
def test_kill_at_any_moment(daemon: Daemon) -> None:
    """25 times -9 while containers are created, started, entered, stopped and removed."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    moment = random.Random(seed)
    steady = daemon.run(TICKER)
    for _ in range(25):
        worker = threading.Thread(target=_churn, args=(daemon,))
        worker.start()
        time.sleep(moment.uniform(0.01, 0.4))
        _kill_both(daemon) if moment.random() < 0.3 else daemon.kill()
        worker.join()
        daemon.start()
        # Of what was killed last, the end may be told when one has looked already.
        wait_until(lambda: not _contradictions(daemon), f"none of {_contradictions(daemon)}")
    assert daemon.state(steady)["Running"]
    ticks = _ticks(daemon, steady)
    assert ticks == list(range(len(ticks)))
    daemon.remove_containers()
    wait_until(lambda: not daemon.leftovers(), f"nothing but {daemon.leftovers()}")


def _churn(daemon: Daemon) -> None:
    """Live the life of a container again and again, until the daemon is gone."""
    try:
        while True:
            container = daemon.run("sleep 1000")
            _exec(daemon, container, "true")
            daemon.request("POST", f"/containers/{container}/stop?t=0")
            daemon.request("DELETE", f"/containers/{container}?force=1")
    except (OSError, HTTPException, ValueError):
        return
    except AssertionError as err:
        # An answer that was cut off is no answer; whatever else is wrong, shows afterwards.
        print("churn:", err)


def _contradictions(daemon: Daemon) -> list[Any]:
    """What is said to run does; what is not, has no process; and all of it can be inspected."""
    found: list[Any] = []
    for container in daemon.request("GET", "/containers/json?all=1")[1]:
        state = daemon.state(container["Id"])
        if state["Running"]:
            is_true = Path(f"/proc/{state['Pid']}").exists()
            is_true &= (daemon.exec_root / "containers" / container["Id"]).exists()
        else:
            is_true = state["Pid"] == 0 and state["Status"] in ("created", "exited")
        found += [] if is_true else [(container, state)]
    return found


# What a start says whose launcher, shim, starter or first process is killed.
KILLED = (
    "start shim: ",
    "start process: ",
    "start container: its shim does not answer: ",
    "the process that starts containers was killed",
    "container init ended before it was ",
)


def test_starts_whose_processes_are_killed(daemon: Daemon) -> None:
    """12 times -9 of one of the processes that start a container, while they do."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    moment = random.Random(seed)
    for _ in range(12):
        status, made = daemon.request("POST", "/containers/create", BUSYBOX_SLEEPS)
        assert status == 201, made
        path = f"/containers/{made['Id']}"
        answers: list[tuple[int, Any]] = []
        starting = threading.Thread(target=_start, args=(daemon, path, answers))
        starting.start()
        time.sleep(moment.choice((0, moment.uniform(0, 0.02), moment.uniform(0, 0.1))))
        processes = daemon.engine_processes().items()
        starters = [pid for pid, name in processes if name in ("seacan-launcher", "seacan-shim")]
        for pid in moment.sample(starters, min(len(starters), 1)):
            with contextlib.suppress(ProcessLookupError):
                kill(pid, signal.SIGKILL)
        starting.join()
        [(status, said)] = answers
        assert status == 204 or any(cause in said["message"] for cause in KILLED), said
        assert daemon.request("DELETE", f"{path}?force=1")[0] == 204
        daemon.assert_nothing_left()
    assert daemon.output("echo fine") == "fine\n"


def _start(daemon: Daemon, path: str, answers: list[tuple[int, Any]]) -> None:
    answers.append(daemon.request("POST", f"{path}/start"))


def test_what_is_sent_to_a_receiver_goes_on(daemon: Daemon) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(60)
        address = f"udp://127.0.0.1:{receiver.getsockname()[1]}"
        options = {"syslog-address": address, "cache-max-size": "1k"}
        daemon.run(TICKER, LogConfig={"Type": "syslog", "Config": options})
        receiver.recv(1000)
        daemon.kill()
        texts = [receiver.recv(1000).decode() for _ in range(20)]
    daemon.start()
    numbers = [int(text.split()[-1]) for text in texts]
    assert numbers == list(range(1, 21))


def test_an_unreachable_receiver_leaves_nothing(daemon: Daemon) -> None:
    options = {"gelf-address": "tcp://127.0.0.1:1"}
    body = {
        "Image": "busybox",
        "Cmd": ["true"],
        "HostConfig": {"LogConfig": {"Type": "gelf", "Config": options}, "NetworkMode": "none"},
    }
    container = daemon.request("POST", "/containers/create", body)[1]["Id"]
    status, answer = daemon.request("POST", f"/containers/{container}/start")
    assert status == 500
    assert "dial tcp 127.0.0.1:1: connect: connection refused" in answer["message"]
    assert daemon.state(container)["Status"] == "created"


def test_shared_memory_and_volumes_survive_and_go(daemon: Daemon) -> None:
    """A daemon that died meanwhile gives back what it mounted, and knows whose the volumes are."""
    script = "echo kept >/dev/shm/file; exec sleep 1000"
    container = daemon.run(script, IpcMode="shareable", Binds=["/v"])
    daemon.kill()
    daemon.start()
    script = "until test -s /dev/shm/file; do sleep 0.1; done; cat /dev/shm/file"
    shared = daemon.output(script, IpcMode=f"container:{container}")
    assert shared == "kept\n"
    assert daemon.output("mount | grep -c ' on /v '", VolumesFrom=[container]) == "1\n"
    pid = daemon.state(container)["Pid"]
    daemon.kill()
    kill(pid, signal.SIGKILL)
    daemon.start()
    daemon.remove_containers()
    daemon.assert_nothing_left()


def test_an_end_that_was_recorded_is_not_told_again(daemon: Daemon) -> None:
    """The daemon was killed between its record of the end and the removal of the bundle."""
    container = daemon.run("sleep 1000")
    bundle = daemon.exec_root / "containers" / container
    kept = daemon.directory / "kept"
    shutil.copytree(bundle, kept, ignore=shutil.ignore_patterns("shim.sock", "rootfs"))
    assert daemon.request("POST", f"/containers/{container}/kill")[0] == 204
    wait_until(lambda: daemon.state(container)["Status"] == "exited", "its end")
    finished = daemon.state(container)["FinishedAt"]
    daemon.stop()
    shutil.copytree(kept, bundle)
    shutil.rmtree(kept)
    exit_ = {"status": 137, "oom_killed": False, "finished_at_ns": _nanoseconds(finished)}
    (bundle / "exit.json").write_text(json.dumps(exit_))
    daemon.start()
    assert daemon.state(container)["FinishedAt"] == finished
    assert not bundle.exists()
    told = daemon.events(f"since=0&until={time.time()}&filters={_filters(event=['die'])}")
    assert len(told) == 1


def _nanoseconds(time_text: str) -> int:
    whole, fraction = time_text.removesuffix("Z").split(".")
    seconds = datetime.datetime.fromisoformat(f"{whole}+00:00").timestamp()
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0"))


def _filters(**wanted: list[str]) -> str:
    return urllib.parse.quote(json.dumps(wanted))
