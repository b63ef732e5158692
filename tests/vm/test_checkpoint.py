"""checkpoint and restore, by Debian's criu: older than many a host's kernel, not the guest's."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box, wait_until
from tests.root.runtime.executable import Runtime, call, command, detached

pytestmark = pytest.mark.vm

SLOW_S = 120.0  # the guest's processors may be emulated
COUNT = "i=0; while true; do echo $i >> /mnt/count; i=$((i+1)); sleep 0.05; done"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    (box.path / "shared").mkdir()
    box.mount("/mnt", "bind", "shared", "bind")
    yield box
    call(box, "delete", "--force", box.id, timeout_s=SLOW_S)
    assert_nothing_is_left(box)


def assert_nothing_is_left(box: Box) -> None:
    left = [entry for entry in box.leftovers() if not entry.startswith("process ")]
    assert left == []
    assert not Path("/sys/fs/cgroup", box.id).exists()


@pytest.fixture
def runtime(box: Box) -> Runtime:
    return partial(call, box, timeout_s=SLOW_S)


@pytest.fixture
def network() -> Iterator[Path]:
    """A network namespace to join."""
    with subprocess.Popen(["unshare", "--net", "sleep", "600"]) as holder:
        namespace = Path(f"/proc/{holder.pid}/ns/net")
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(namespace) != own, deadline_s=SLOW_S)
        yield namespace
        holder.kill()


def numbers(box: Box) -> list[int]:
    count = box.path / "shared/count"
    return [int(line) for line in count.read_text().split()] if count.exists() else []


def wait_for_more(box: Box) -> None:
    before = len(numbers(box))
    wait_until(lambda: len(numbers(box)) > before + 3, deadline_s=SLOW_S)


def test_goes_on_where_it_was(box: Box, runtime: Runtime, network: Path) -> None:
    box.linux["resources"] = {"pids": {"limit": 31}}
    box.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 111}],
    }
    joined = {"type": "network", "path": str(network)}
    others = [entry for entry in box.linux["namespaces"] if entry["type"] != "network"]
    box.linux["namespaces"] = [*others, joined]
    box.write("sh", "-c", COUNT)
    done = detached(box, "run", "-d", box.id, timeout_s=SLOW_S)
    assert done.returncode == 0, done.stderr
    wait_for_more(box)
    for arguments in (
        ["--pre-dump", "--image-path", "images/first"],
        ["--image-path", "images/second", "--parent-path", "../first", "--work-path", "work"],
    ):
        assert json.loads(runtime("state", box.id).stdout)["status"] == "running"
        done = runtime("checkpoint", *arguments, box.id)
        assert done.returncode == 0, done.stderr
    assert (box.path / "images/second/parent").exists()
    assert (box.path / "work/dump.log").exists()
    assert runtime("list", "-q").stdout == ""
    assert_nothing_is_left(box)

    shutil.copytree(box.path / "images/second", box.path / "broken", symlinks=True)
    (box.path / "broken/core-1.img").unlink()
    failed = runtime("restore", "-d", "--image-path", "broken", box.id)
    assert failed.returncode == 1
    assert "criu restore: " in failed.stderr
    assert "broken/restore.log" in failed.stderr
    assert_nothing_is_left(box)

    restored = detached(
        box, "restore", "-d", "--image-path", "images/second", box.id, timeout_s=SLOW_S
    )
    assert restored.returncode == 0, restored.stderr
    wait_for_more(box)
    counted = numbers(box)  # it goes on
    assert counted == list(range(len(counted)))
    state = json.loads(runtime("state", box.id).stdout)
    assert state["status"] == "running"
    assert os.readlink(f"/proc/{state['pid']}/ns/net") == os.readlink(network)
    assert Path("/sys/fs/cgroup", box.id, "pids.max").read_text() == "31\n"
    assert "Connection refused" in runtime("exec", box.id, "mkdir", "/tmp/x").stderr
    assert runtime("kill", box.id, "KILL").returncode == 0


def test_in_the_foreground_with_streams(box: Box, runtime: Runtime) -> None:
    box.write("sh", "-c", "echo one; while ! [ -e /mnt/go ]; do sleep 0.02; done; echo two; exit 5")
    arguments = command(box, "run", "-b", str(box.path), box.id)
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, cwd=box.path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"one\n"
        done = runtime("checkpoint", "--leave-running", box.id)
        assert done.returncode == 0, done.stderr
        (box.path / "shared/go").touch()
        assert first.stdout.read() == b"two\n"
        assert first.wait(SLOW_S) == 5
    restored = runtime("restore", box.id)
    assert (restored.returncode, restored.stdout) == (5, "two\n"), restored.stderr
    assert_nothing_is_left(box)
