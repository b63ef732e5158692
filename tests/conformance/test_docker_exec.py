"""Execs over the API: how their output is framed, how they fail, and keys in any case."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from tests.calls import Answer, ask
from tests.conformance.docker_cli import Docker, Engine

Call = Callable[..., Answer]

pytestmark = [pytest.mark.root, pytest.mark.conformance]

FAILED = "OCI runtime exec failed: exec failed: unable to start container process: "


@pytest.fixture
def call(engine: Engine) -> Call:
    """Method, path and body to an answer."""
    return partial(ask, engine.host.removeprefix("unix://"))


@pytest.fixture
def container(docker: Docker) -> str:
    return docker.ok("run", "-d", "--network", "none", "busybox", "sleep", "1000")


def make(call: Call, container: str, **config: Any) -> str:
    body = {"AttachStdout": True, "AttachStderr": True, **config}
    return str(call("POST", f"/containers/{container}/exec", body).json["Id"])


@pytest.mark.parametrize(
    ("of_exec", "of_start", "output"),
    [
        (False, False, b"\1\0\0\0\0\0\0\2hi"),
        (False, True, b"hi"),
        (True, True, b"hi"),
        (True, False, b"\1\0\0\0\0\0\0\2hi"),  # docker-py leaves it out of the start
    ],
)
def test_the_start_says_how_output_is_framed(
    call: Call, container: str, of_exec: bool, of_start: bool, output: bytes
) -> None:
    exec_id = make(call, container, Cmd=["printf", "hi"], Tty=of_exec)
    answer = call("POST", f"/exec/{exec_id}/start", {"Tty": of_start})
    assert (answer.status, answer.body) == (200, output)


@pytest.mark.parametrize(
    ("config", "exit_code", "sentence"),
    [
        ({"Cmd": ["nosuch"]}, 127, 'exec: "nosuch": executable file not found in $PATH'),
        ({"Cmd": [""]}, 127, 'exec: "": executable file not found in $PATH'),
        ({"Cmd": ["/etc"]}, 126, 'exec: "/etc": is a directory: permission denied'),
        ({"Cmd": ["/etc/passwd"]}, 126, 'exec: "/etc/passwd": permission denied'),
        ({"Cmd": ["true"], "WorkingDir": "/nope"}, 127,
         'chdir to cwd ("/nope") set in config.json failed: no such file or directory'),
        ({"Cmd": ["true"], "WorkingDir": "/etc/passwd"}, 127,
         'chdir to cwd ("/etc/passwd") set in config.json failed: not a directory'),
    ],
)  # fmt: skip
def test_what_cannot_be_executed(
    call: Call, container: str, config: dict[str, Any], exit_code: int, sentence: str
) -> None:
    exec_id = make(call, container, **config)
    attached = call("POST", f"/exec/{exec_id}/start", {})
    assert attached.status == 200
    assert attached.body[:4] == b"\1\0\0\0"
    assert attached.body[8:].decode().startswith(FAILED + sentence)
    assert call("GET", f"/exec/{exec_id}/json").json["ExitCode"] == exit_code

    detached = call("POST", f"/exec/{make(call, container, **config)}/start", {"Detach": True})
    assert (detached.status, detached.message[: len(FAILED + sentence)]) == (400, FAILED + sentence)


def test_a_second_start_is_refused_where_the_client_looks(call: Call, container: str) -> None:
    exec_id = make(call, container, Cmd=["sleep", "1000"])
    assert call("POST", f"/exec/{exec_id}/start", {"Detach": True}).status == 200
    detached = call("POST", f"/exec/{exec_id}/start", {"Detach": True})
    said = f"exec command {exec_id} is already running"
    assert (detached.status, detached.message) == (409, said)
    attached = call("POST", f"/exec/{exec_id}/start", {})
    assert (attached.status, attached.body[8:].decode()) == (200, f"{said}\r\n")


def test_how_an_exec_ended_is_told_after_its_container_has(
    call: Call, container: str, docker: Docker
) -> None:
    exec_id = make(call, container, Cmd=["sleep", "1000"])
    call("POST", f"/exec/{exec_id}/start", {"Detach": True})
    docker.ok("kill", container)
    docker.ok("wait", container)
    found = call("GET", f"/exec/{exec_id}/json").json
    assert (found["Running"], found["ExitCode"]) == (False, 137)
    docker.ok("rm", container)
    assert call("GET", f"/exec/{exec_id}/json").status == 404


def test_keys_in_any_case(call: Call, container: str) -> None:
    exec_id = make(call, container, cmd=["cat"], detachKeys="ctrl-p")
    found = call("GET", f"/exec/{exec_id}/json").json
    assert (found["ProcessConfig"]["entrypoint"], found["DetachKeys"]) == ("cat", "EA==")


def test_execs_that_begin_at_once(call: Call, container: str) -> None:
    """As many as find no place in the queue of a socket: none is told that nothing runs."""
    execs = [make(call, container, Cmd=["true"]) for _ in range(48)]

    def start(exec_id: str) -> int:
        return call("POST", f"/exec/{exec_id}/start", {"Detach": True}).status

    with ThreadPoolExecutor(len(execs)) as threads:
        assert set(threads.map(start, execs)) == {200}


def test_a_container_that_stops_what_joins_it_is_killed_all_the_same(docker: Docker) -> None:
    """A process that joins can be stopped before it is executed; the shim does not wait for it."""
    stop = (
        "while :; do for p in /proc/[0-9]*; do p=${p#/proc/}; "
        "case $p in 1|$$) ;; *) kill -STOP $p && echo stopped;; esac; done; done 2>/dev/null"
    )
    container = docker.ok("run", "-d", "--network", "none", "busybox", "sh", "-c", stop)
    logs, joining = docker.popen("logs", "-f", container), docker.popen("exec", container, "true")
    with logs, joining:
        assert logs.stdout is not None
        assert logs.stdout.readline() == "stopped\n"
        docker.ok("kill", container)
    assert docker.inspect(container, "{{.State.ExitCode}}") == "137"


def test_a_start_that_waits_for_a_removal_finds_nothing(call: Call, docker: Docker) -> None:
    for _ in range(8):
        container = docker.ok("create", "--network", "none", "busybox", "sleep", "1000")
        path = f"/containers/{container}"
        with ThreadPoolExecutor(4) as threads:
            removal = threads.submit(call, "DELETE", f"{path}?force=1")
            starts = [
                threads.submit(call, "POST", f"{path}/{verb}") for verb in ("start", "restart")
            ]
            assert removal.result().status == 204
            statuses = {start.result().status for start in starts}
        assert statuses <= {204, 304, 404}  # before the removal, or after it
