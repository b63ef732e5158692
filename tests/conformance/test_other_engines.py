"""`seacan-runtime` under other engines: dockerd with containerd, and podman with conmon."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.other_engines import OtherEngine, other_engine
from tests.daemon import wait_until

pytestmark = [pytest.mark.conformance, pytest.mark.root]


@pytest.fixture(scope="module", params=["dockerd", "podman"])
def engine(request: pytest.FixtureRequest, busybox_tar: Path) -> Iterator[OtherEngine]:
    with other_engine(request.param, busybox_tar) as engine:
        yield engine


@pytest.fixture
def container(engine: OtherEngine) -> Iterator[str]:
    """Run one that sleeps and give its name; nothing is left of it afterwards."""
    script = "trap 'exit 5' TERM; echo ready; sleep 1000 & wait"
    done = engine.run("-d", "--name", engine.container, "busybox", "sh", "-c", script)
    assert done.status == 0, done
    wait_until(lambda: engine("logs", engine.container) == "ready", "the trap")
    yield engine.container
    engine("rm", "-f", engine.container)
    wait_until(lambda: not engine.cgroups(), "the cgroups to go")


def test_run_passes_output_and_status(engine: OtherEngine) -> None:
    done = engine.run("--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.status, done.out, done.err) == (3, "out\n", "err\n")
    wait_until(lambda: not engine.cgroups(), "the cgroups to go")


def test_exec(engine: OtherEngine, container: str) -> None:
    assert (
        engine("exec", "-e", "A=b", "-w", "/tmp", container, "sh", "-c", "echo $A; pwd")
        == "b\n/tmp"
    )
    assert engine.call("exec", container, "sh", "-c", "exit 7").status == 7
    missing = engine.call("exec", container, "nosuch")
    assert missing.status in (126, 127)  # dockerd says 126 of an exec before its version 28
    assert "executable file not found in $PATH" in missing.err + missing.out


def test_a_terminal(engine: OtherEngine) -> None:
    assert engine.run("-t", "--rm", "busybox", "tty").out.strip() == "/dev/pts/0"


def test_pause_stops_it_and_unpause_lets_it_go_on(engine: OtherEngine, container: str) -> None:
    def state() -> str:
        return engine("inspect", "-f", "{{.State.Status}}", container)

    engine("pause", container)
    assert state() == "paused"
    engine("unpause", container)
    assert state() == "running"
    assert engine("exec", container, "echo", "on") == "on"


def test_stop_reaches_the_handler_of_the_signal(engine: OtherEngine, container: str) -> None:
    engine("stop", container)
    assert engine("inspect", "-f", "{{.State.ExitCode}}", container) == "5"
    engine("start", container)
    engine("kill", container)
    assert engine("wait", container) == "137"


def test_limits(engine: OtherEngine) -> None:
    script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max"
    done = engine.run("--rm", "-m", "64m", "--pids-limit", "33", "busybox", "sh", "-c", script)
    assert done.out.split() == [str(64 << 20), "33"], done


def test_out_of_memory(engine: OtherEngine) -> None:
    hog = "x=x; while true; do x=$x$x; done"
    limits = ("-m", "16m", "--memory-swap", "16m")
    assert engine.run("--rm", *limits, "busybox", "sh", "-c", hog).status == 137


@pytest.mark.parametrize(("command", "status"), [("nosuch", 127), ("/etc", 126)])
def test_a_command_that_cannot_run_leaves_nothing(
    engine: OtherEngine, command: str, status: int
) -> None:
    done = engine.run("--rm", "busybox", command)
    assert done.status == status, done
    wait_until(lambda: not engine.cgroups(), "the cgroups to go")
