"""Another OCI runtime, by its command line, under the same shim."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.root,
    pytest.mark.skipif(shutil.which("runc") is None, reason="there is no runc here"),
]


@pytest.fixture(autouse=True)
def _is_ours(engine: Engine) -> None:
    if engine.daemon is None:
        pytest.skip("how seacan runs another's runtime")


def run(docker: Docker, *words: str) -> str:
    return docker.ok("run", "--runtime", "runc", *words)


def test_streams_and_status(docker: Docker) -> None:
    command = ("--rm", "busybox", "sh", "-c", "echo out; echo err >&2; cat; exit 3")
    result = docker("run", "-i", "--runtime", "runc", *command, stdin="in")
    assert (result.status, result.out, result.err) == (3, "out\nin", "err\n")


def test_a_terminal_of_its_own(docker: Docker) -> None:
    assert run(docker, "-t", "--rm", "busybox", "tty") == "/dev/pts/0"


def test_exec_stop_and_start_again(docker: Docker) -> None:
    script = "trap 'exit 5' TERM; echo ready; sleep 1000 & wait"
    run(docker, "-d", "--name", docker.name, "busybox", "sh", "-c", script)
    assert docker.ok("exec", docker.name, "cat", "/proc/1/comm") == "sh"
    assert docker("exec", docker.name, "sh", "-c", "exit 9").status == 9
    wait_until(lambda: docker.ok("logs", docker.name) == "ready", "the trap")
    docker.ok("stop", docker.name)
    assert docker.inspect(docker.name, "{{.State.ExitCode}}") == "5"
    docker.ok("start", docker.name)
    docker.ok("kill", docker.name)
    assert docker.ok("wait", docker.name) == "137"


def test_execs_at_once_do_not_meet(docker: Docker) -> None:
    container = run(docker, "-d", "--network", "none", "busybox", "sleep", "600")
    with ThreadPoolExecutor(8) as threads:
        said = threads.map(lambda n: docker.ok("exec", container, "echo", n), "12345678")
        assert "".join(said) == "12345678"


def test_pause_update_and_stats(docker: Docker) -> None:
    run(docker, "-d", "--name", docker.name, "busybox", "sleep", "600")
    docker.ok("update", "--cpu-shares", "300", docker.name)
    docker.ok("pause", docker.name)
    assert docker.inspect(docker.name, "{{.State.Status}}") == "paused"
    stats = docker.ok("stats", "--no-stream", "--format", "{{.PIDs}} {{.Name}}", docker.name)
    assert stats == f"1 {docker.name}"
    docker.ok("kill", docker.name)
    assert docker.ok("wait", docker.name) == "137"


def test_a_command_that_is_not_there_leaves_nothing(docker: Docker) -> None:
    result = docker("run", "--rm", "--runtime", "runc", "busybox", "nosuch")
    assert result.status == 127
    assert 'exec: "nosuch": executable file not found in $PATH' in result.err


def test_it_survives_the_daemon(docker: Docker, engine: Engine) -> None:
    assert engine.daemon is not None
    run(docker, "-d", "--name", docker.name, "busybox", "sh", "-c", "sleep 1; exit 7")
    engine.daemon.kill()
    engine.daemon.start()
    wait_until(
        lambda: docker.inspect(docker.name, "{{.State.Status}}") == "exited", "the end to be known"
    )
    assert docker.inspect(docker.name, "{{.State.ExitCode}}") == "7"


def test_an_unknown_runtime_is_named(docker: Docker) -> None:
    result = docker("run", "--rm", "--runtime", "nosuch", "busybox")
    assert result.status == 125
    assert "unknown or invalid runtime name: nosuch" in result.err
