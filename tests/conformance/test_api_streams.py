"""Ends of streams over the API: whose input is over, who asks for nothing, who waits for what."""

import json
import re
import select
import socket
from collections.abc import Iterator
from typing import Any, Self

import pytest
from tests.calls import ask, frames
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

QUIET = ("--network", "none", "busybox", "sh", "-c")


@pytest.fixture
def path(engine: Engine) -> str:
    return engine.host.removeprefix("unix://")


class Stream:
    """A connection given over to a container's streams."""

    def __init__(self, path: str, target: str, body: Any = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"POST {target} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(path)
        self._socket.sendall(head.encode() + data)
        self._file = self._socket.makefile("rb")
        assert self._file.readline().startswith(b"HTTP/1.1 101")
        while self._file.readline() != b"\r\n":
            pass

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def end_input(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def read(self, count: int) -> bytes:
        return self._file.read(count)

    def rest(self) -> bytes:
        """Return all up to the end, which has to come."""
        return self._file.read()

    def close(self) -> None:
        self._file.close()
        self._socket.close()


class WaitCall:
    """A wait whose head has come, so that it has begun."""

    def __init__(self, path: str, container: str, condition: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        target = f"/containers/{container}/wait?condition={condition}"
        self._socket.sendall(f"POST {target} HTTP/1.1\r\nHost: d\r\n\r\n".encode())
        self._answer = b""
        assert self._receive_until(b"\r\n\r\n", 60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def is_over(self, *, while_s: float) -> bool:
        """Tell whether there is an answer, or is one within some time."""
        return self._receive_until(b"}", while_s)

    def status_code(self) -> int:
        assert self.is_over(while_s=60)
        return int(re.findall(rb'"StatusCode":(\d+)', self._answer)[0])

    def _receive_until(self, end: bytes, while_s: float) -> bool:
        while end not in self._answer:
            if not select.select([self._socket], [], [], while_s)[0]:
                return False
            self._answer += self._socket.recv(4096)
        return True


@pytest.fixture
def streams(path: str) -> Iterator[Any]:
    opened: list[Stream] = []

    def connect(target: str, body: Any = None) -> Stream:
        opened.append(Stream(path, target, body))
        return opened[-1]

    yield connect
    for stream in opened:
        stream.close()


@pytest.mark.parametrize(
    ("options", "echo"), [(("-i",), b"\1\0\0\0\0\0\0\2x\n"), (("-i", "-t"), b"x\r\nx\r\n")]
)
def test_a_client_whose_input_ends_is_let_go_where_stdin_stays_open(
    docker: Docker, streams: Any, options: tuple[str, ...], echo: bytes
) -> None:
    container = docker.ok("run", "-d", *options, *QUIET, "cat; echo done")
    stream = streams(f"/containers/{container}/attach?stream=1&stdin=1&stdout=1")
    stream.send(b"x\n")
    assert stream.read(len(echo)) == echo
    stream.end_input()
    assert stream.rest() == b""
    assert docker.inspect(container, "{{.State.Status}}") == "running"


def test_input_that_is_ended_once_reaches_its_end(docker: Docker, streams: Any) -> None:
    container = docker.ok("create", "-i", *QUIET, "cat; echo done")
    assert docker.inspect(container, "{{.Config.StdinOnce}}") == "true"
    stream = streams(f"/containers/{container}/attach?stream=1&stdin=1&stdout=1")
    docker.ok("start", container)
    stream.send(b"x\n")
    assert stream.read(10) == b"\1\0\0\0\0\0\0\2x\n"
    stream.end_input()
    assert stream.rest() == b"\1\0\0\0\0\0\0\5done\n"


def test_a_client_that_listens_alone_may_end_its_input(docker: Docker, streams: Any) -> None:
    container = docker.ok("run", "-d", "-i", *QUIET, "cat")
    listener = streams(f"/containers/{container}/attach?stream=1&stdout=1")
    listener.end_input()
    speaker = streams(f"/containers/{container}/attach?stream=1&stdin=1")
    speaker.send(b"x\n")
    assert listener.read(10) == b"\1\0\0\0\0\0\0\2x\n"


def test_a_start_while_the_history_is_being_sent(docker: Docker, streams: Any) -> None:
    """A client that is slow to take it misses nothing of what follows, and its end comes."""
    script = "if [ -e /x ]; then echo more; else touch /x; seq 1 60000; fi"
    container = docker.ok("run", "-d", *QUIET, script)
    docker.ok("wait", container)
    stream = streams(f"/containers/{container}/attach?stream=1&stdout=1&logs=1")
    docker.ok("start", container)
    docker.ok("wait", container)
    output = b"".join(data for _, data in frames(stream.rest()))
    assert output == b"".join(b"%d\n" % n for n in range(1, 60001)) + b"more\n"


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("query", ["stream=1", "stream=1&logs=1", "stream=1&stdin=1", ""])
def test_a_client_that_is_to_get_nothing_is_let_go(
    docker: Docker, streams: Any, query: str, is_running: bool
) -> None:
    container = docker.ok(*(("run", "-d") if is_running else ("create",)), *QUIET, "sleep 1000")
    assert streams(f"/containers/{container}/attach?{query}").rest() == b""


@pytest.mark.parametrize("config", [{}, {"Tty": True}, {"Tty": True, "AttachStderr": True}])
def test_an_exec_without_streams_is_not_waited_for(
    docker: Docker, streams: Any, path: str, config: dict[str, bool]
) -> None:
    container = docker.ok("run", "-d", *QUIET, "sleep 1000")
    body = {"Cmd": ["sleep", "1000"], **config}
    exec_id = ask(path, "POST", f"/containers/{container}/exec", body).json["Id"]
    stream = streams(f"/exec/{exec_id}/start", {"Tty": config.get("Tty", False)})
    assert stream.rest() == b""
    assert ask(path, "GET", f"/exec/{exec_id}/json").json["Running"]


def test_an_exec_that_has_ended_is_shown_and_not_listed(docker: Docker, path: str) -> None:
    container = docker.ok("run", "-d", *QUIET, "sleep 1000")
    body = {"Cmd": ["sh", "-c", "exit 5"], "AttachStdout": True}
    exec_id = ask(path, "POST", f"/containers/{container}/exec", body).json["Id"]
    assert ask(path, "GET", f"/containers/{container}/json").json["ExecIDs"] == [exec_id]
    ask(path, "POST", f"/exec/{exec_id}/start", {})
    assert ask(path, "GET", f"/exec/{exec_id}/json").json["ExitCode"] == 5
    assert ask(path, "GET", f"/containers/{container}/json").json["ExecIDs"] is None
    docker.ok("rm", "-f", container)
    assert ask(path, "GET", f"/exec/{exec_id}/json").status == 404


@pytest.mark.parametrize(
    ("query", "entries"),
    [
        ("since=-5", [b"a\n", b"b\n"]),
        ("since=-1.5", [b"a\n", b"b\n"]),
        ("until=-5", []),
        ("since=0", [b"a\n", b"b\n"]),
        ("until=0", [b"a\n", b"b\n"]),
        ("since=99999999999", []),
        ("until=99999999999", [b"a\n", b"b\n"]),
        ("tail=0", []),
        ("tail=1", [b"b\n"]),
        ("tail=all", [b"a\n", b"b\n"]),
        ("tail=-5", [b"a\n", b"b\n"]),
        ("tail=x", [b"a\n", b"b\n"]),
        ("follow=1", [b"a\n", b"b\n"]),
        ("follow=1&tail=0", []),
        ("follow=1&until=5", []),
    ],
)
def test_which_entries_of_a_log(
    docker: Docker, path: str, query: str, entries: list[bytes]
) -> None:
    container = docker.ok("run", "-d", *QUIET, "echo a; echo b")
    docker.ok("wait", container)
    answer = ask(path, "GET", f"/containers/{container}/logs?stdout=1&{query}")
    assert [data for _, data in frames(answer.body)] == entries


@pytest.mark.parametrize(
    ("condition", "start", "at_start", "at_end"),
    [
        ("not-running", "create", True, True),
        ("next-exit", "create", False, True),
        ("removed", "create", False, False),
        ("", "run -d", False, True),
        ("not-running", "run -d", False, True),
        ("next-exit", "run -d", False, True),
        ("removed", "run -d", False, False),
    ],
)
def test_what_a_wait_waits_for(
    docker: Docker, path: str, condition: str, start: str, at_start: bool, at_end: bool
) -> None:
    """Whether it is over at once, and after the end; all are after the removal."""
    verb, *options = start.split()
    script = "trap 'exit 4' TERM; echo ready; while :; do sleep 0.02; done"
    container = docker.ok(verb, *options, *QUIET, script)
    with WaitCall(path, container, condition) as call:
        assert call.is_over(while_s=60 if at_start else 0.3) == at_start
        docker.ok("start", container)
        wait_until(lambda: docker.ok("logs", container) == "ready", "the trap")
        docker.ok("stop", container)
        assert call.is_over(while_s=60 if at_end else 0.3) == at_end
        docker.ok("rm", container)
        assert call.status_code() == (0 if at_start else 4)
