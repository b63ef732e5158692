"""The assembled init as pid 1 of a real pid namespace."""

import signal
import subprocess
from pathlib import Path

import pytest
from tests.unit.elf.programs import command

pytestmark = pytest.mark.root

NEW_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


@pytest.fixture(params=["amd64", "arm64"])
def init(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    return command(tmp_path, "init", request.param)


def test_orphans_are_reaped(init: list[str]) -> None:
    # Each true is orphaned by its dying parent, so its status goes to pid 1. A zombie would still
    # be in /proc; the loop ends when only pid 1, the shell and the listing itself are left.
    script = (
        "for i in 1 2 3 4 5; do (true & exec true); done; "
        "while [ $(ls -d /proc/[0-9]* | wc -l) -gt 4 ]; do :; done; cat /proc/1/comm"
    )
    done = subprocess.run(
        [*NEW_PID_NAMESPACE, *init, "sh", "-c", script], capture_output=True, timeout=120
    )
    assert done.returncode == 0
    assert done.stdout


def test_pid_1_forwards_a_signal_that_the_kernel_would_drop(init: list[str]) -> None:
    # The kernel delivers no TERM to a pid 1 that does not ask for it.
    script = "trap 'exit 9' TERM; kill -TERM 1; while :; do :; done"
    done = subprocess.run([*NEW_PID_NAMESPACE, *init, "sh", "-c", script], timeout=120)
    assert done.returncode == 9


def test_death_by_signal_is_told(init: list[str]) -> None:
    done = subprocess.run(
        [*NEW_PID_NAMESPACE, *init, "sh", "-c", "kill -SEGV $$"], capture_output=True, timeout=120
    )
    assert done.returncode == 128 + signal.SIGSEGV
