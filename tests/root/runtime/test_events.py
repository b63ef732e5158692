"""events: figures and shortages of memory, as lines of JSON."""

import json
import os
import subprocess
import time

import pytest
from tests.root.runtime.boxes import DEADLINE_S, Box, wait_until
from tests.root.runtime.executable import Runtime, command

pytestmark = pytest.mark.root

HOG = "x=xxxxxxxxxxxxxxxx; while true; do x=$x$x; done"


def test_stats_once(box: Box, runtime: Runtime) -> None:
    box.linux["resources"] = {"pids": {"limit": 20}, "memory": {"limit": 64 << 20}}
    with box.started("sh", "-c", "sleep 60 & wait") as container:
        wait_until(lambda: len(container.cgroup.pids()) == 2)
        done = runtime("events", "--stats", box.id)
        event = json.loads(done.stdout)
    assert (event["type"], event["id"]) == ("stats", box.id)
    data = event["data"]
    assert data["pids"] == {"current": 2, "limit": 20}
    assert data["memory"]["usage"]["limit"] == 64 << 20
    assert 0 < data["memory"]["usage"]["usage"] <= data["memory"]["usage"]["max"]
    assert data["memory"]["raw"]["pgfault"] > 0
    assert data["cpu"]["usage"]["total"] > 0


def test_stats_at_an_interval_until_the_end(box: Box) -> None:
    with box.started("sleep", "60") as container:
        interval = ("events", "--interval=50ms", box.id)
        with subprocess.Popen(command(box, *interval), stdout=subprocess.PIPE) as events:
            assert events.stdout is not None
            started = time.monotonic()
            lines = [json.loads(events.stdout.readline()) for _ in range(3)]
            assert time.monotonic() - started > 0.1
            container.kill(9)
            os.waitpid(container.pid, 0)
            rest = events.stdout.read()
            assert events.wait(DEADLINE_S) == 0
    assert {line["type"] for line in lines} == {"stats"}
    assert all(json.loads(line)["type"] == "stats" for line in rest.splitlines())


def test_running_out_of_memory(box: Box) -> None:
    box.linux["resources"] = {"memory": {"limit": 16 << 20, "swap": 16 << 20}}
    with box.started("sleep", "60") as container:
        interval = ("events", "--interval", "1h", box.id)
        with subprocess.Popen(command(box, *interval), stdout=subprocess.PIPE) as events:
            assert events.stdout is not None
            wait_until(lambda: _is_polling(events.pid))
            assert box.execute(container, "sh", "-c", HOG).code == -9
            assert json.loads(events.stdout.readline()) == {"type": "oom", "id": box.id}
            container.kill(9)
            os.waitpid(container.pid, 0)
            assert events.wait(DEADLINE_S) == 0


def _is_polling(pid: int) -> bool:
    with open(f"/proc/{pid}/wchan") as file:
        return "poll" in file.read()


@pytest.mark.parametrize(
    ("interval", "text"), [("0s", "must be greater than 0"), ("5", "not a duration: '5'")]
)
def test_intervals_that_are_none(box: Box, runtime: Runtime, interval: str, text: str) -> None:
    with box.started("sleep", "60"):
        refused = runtime("events", "--interval", interval, box.id)
        assert refused.returncode == 1
        assert text in refused.stderr


def test_a_stopped_container(box: Box, runtime: Runtime) -> None:
    with box.started("true") as container:
        os.waitpid(container.pid, 0)
        refused = runtime("events", "--stats", box.id)
    assert f"container with id {box.id} is not running" in refused.stderr
