"""`seacan run --trace`: every hop and step of a start, in order."""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest
from tests.daemon import Daemon

from seacan.runtime import init

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def traced(own_daemon: Daemon, *words: str) -> tuple[str, list[dict[str, Any]]]:
    """Return what the container printed, and the marks."""
    command = [sys.executable, "-P", "-m", "seacan.cli.main", "-H", own_daemon.host]
    done = subprocess.run(
        [*command, "run", "--rm", "--trace=json", *words],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("more", [(), ("--ulimit", "nofile=100", "--pid", "host")])
def test_the_whole_way(own_daemon: Daemon, more: tuple[str, ...]) -> None:
    """The second way is by a fork, as what was forked ahead has a pid namespace."""
    _, marks = traced(own_daemon, "--tmpfs", "/scratch", *more, "busybox", "true")
    assert [mark["At"] for mark in marks] == sorted(mark["At"] for mark in marks)
    hops = list(dict.fromkeys(mark["Who"] for mark in marks))
    assert hops == ["client", "daemon", "shim", "starter", "init"]
    done = [mark["What"] for mark in marks if mark["Who"] == "init"]
    steps = [step.__name__.replace("_", " ") for step in init.STEPS]
    # The last is execve, which does not come back; who waits for it tells of it.
    assert [name for name in done if name in steps] == steps[:-1]
    assert "execve done" in [mark["What"] for mark in marks if mark["Who"] == "starter"]
    mounts = [name.split()[-1] for name in done if name.startswith("mount ")]
    assert {"/proc", "/dev", "/sys", "/dev/pts", "/scratch", "/etc/hosts"} <= set(mounts)


def test_the_container_sees_nothing_of_it(own_daemon: Daemon) -> None:
    listed, _ = traced(own_daemon, "busybox", "sh", "-c", "ls /proc/1/fd; true")
    assert listed.split() == ["0", "1", "2"]


def test_another_runtime(own_daemon: Daemon) -> None:
    if shutil.which("runc") is None:
        pytest.skip("there is no runc here")
    _, marks = traced(own_daemon, "--runtime", "runc", "busybox", "true")
    done = [mark["What"].rpartition("/")[2] for mark in marks if mark["Who"] == "starter"]
    assert done == ["asked", "mount layers", "runc create", "runc start"]
