"""`run`, `start`, `exec` and `attach` with a daemon that plays a container."""

import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.scripted import Request, frame, refusal, reply, scripted_daemon, upgraded

CREATED = reply('{"Id":"abc","Warnings":["mind the gap"]}', 201)
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
WAITING = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Container:
    """What the daemon plays: says `output` once started, repeats its input, ends with `code`."""

    output: bytes = b""
    code: int = 0
    raw: bool = False
    ends_by: str = "input"  # or "kill", "itself"
    input: bytes = b""
    started: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    killed: threading.Event = field(default_factory=threading.Event)

    def attach(self, request: Request) -> None:
        media = "raw-stream" if self.raw else "multiplexed-stream"
        connection = request.connection
        connection.sendall(upgraded(f"application/vnd.docker.{media}"))
        self.started.wait()
        connection.sendall(self.output)
        if self.ends_by == "kill":
            self.killed.wait()
        try:
            while self.ends_by == "input" and (data := connection.recv(4096)):
                self.input += data
        finally:
            self.over.set()

    def wait(self, request: Request) -> None:
        request.connection.sendall(WAITING)
        self.over.wait()
        body = b'{"StatusCode":%d}' % self.code
        request.connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    def start(self, _: Request) -> bytes:
        self.started.set()
        return NO_CONTENT

    def exec_start(self, request: Request) -> None:
        self.started.set()
        self.attach(request)

    def kill(self, _: Request) -> bytes:
        self.killed.set()
        return NO_CONTENT

    def replies(self) -> dict[str, Any]:
        inspected = (
            '{"Id":"abc","State":{"Running":true},"HostConfig":{"AutoRemove":false},'
            f'"Config":{{"Tty":{str(self.raw).lower()},"OpenStdin":true}}}}'
        )
        return {
            "POST /containers/create": CREATED,
            "POST /containers/abc/attach": self.attach,
            "POST /containers/abc/wait": self.wait,
            "POST /containers/abc/start": self.start,
            "POST /containers/abc/kill": self.kill,
            "POST /containers/abc/resize": NO_CONTENT,
            "GET /containers/abc/json": reply(inspected),
            "POST /containers/abc/exec": reply('{"Id":"e"}', 201),
            "POST /exec/e/start": self.exec_start,
            "POST /exec/e/resize": NO_CONTENT,
            "GET /exec/e/json": reply(f'{{"ExitCode":{self.code}}}'),
        }


def seacan(host: str, *words: str, **options: Any) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "seacan.cli.main", "-H", host, *words]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, **{**pipes, **options})


def done(host: str, *words: str, given: bytes = b"") -> tuple[int, bytes, bytes]:
    with seacan(host, *words) as process:
        out, err = process.communicate(given)
    return process.returncode, out, err


def test_run_joins_the_streams_before_it_starts(tmp_path: Path) -> None:
    box = Container(output=frame(1, b"out\n") + frame(2, b"err\n"), code=3)
    with scripted_daemon(tmp_path, **box.replies()) as daemon:
        result = done(daemon.host, "run", "-i", "--rm", "busybox", "cat", given=b"typed")
    assert result == (3, b"out\n", b"WARNING: mind the gap\nerr\n")
    assert box.input == b"typed"
    assert [line.partition("/containers/")[2] for line in daemon.asked()[1:]] == [
        "create",
        "abc/attach",
        "abc/wait",
        "abc/start",
    ]
    assert daemon.requests[2].query == "stream=1&stdin=1&stdout=1&stderr=1"
    assert daemon.requests[3].query == "condition=removed"


def test_input_that_nobody_wants_does_not_keep_it(tmp_path: Path) -> None:
    box = Container(output=frame(1, b"out\n"), ends_by="itself")
    with (
        scripted_daemon(tmp_path, **box.replies()) as daemon,
        seacan(daemon.host, "run", "-i", "busybox") as process,
    ):
        assert process.wait() == 0  # Its standard input is still open.


def test_more_output_than_a_pipe_holds(tmp_path: Path) -> None:
    text = b"".join(b"%d\n" % number for number in range(200_000))
    box = Container(output=frame(1, text), ends_by="itself")
    with scripted_daemon(tmp_path, **box.replies()) as daemon:
        assert done(daemon.host, "run", "busybox") == (0, text, b"WARNING: mind the gap\n")


def test_only_input_attached_waits_for_the_end(tmp_path: Path) -> None:
    box = Container(code=6)
    with scripted_daemon(tmp_path, **box.replies()) as daemon:
        assert done(daemon.host, "run", "-i", "-a", "stdin", "x", given=b"typed")[:2] == (6, b"")
    assert box.input == b"typed"


def test_detached_prints_the_id(tmp_path: Path) -> None:
    with scripted_daemon(tmp_path, **Container().replies()) as daemon:
        assert done(daemon.host, "run", "-d", "busybox")[:2] == (0, b"abc\n")
    assert "POST /v1.51/containers/abc/attach" not in daemon.asked()


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("exec: nosuch: executable file not found in $PATH", 127),
        ("exec: /x: stat /x: no such file or directory", 127),
        ("exec: /etc: is a directory: permission denied", 126),
        ("the name is in use", 125),
    ],
)
@pytest.mark.parametrize("step", ["create", "abc/start"])
def test_codes_of_what_cannot_start(tmp_path: Path, message: str, code: int, step: str) -> None:
    replies = {**Container().replies(), f"POST /containers/{step}": refusal(400, message)}
    with scripted_daemon(tmp_path, **replies) as daemon:
        found, out, err = done(daemon.host, "run", "busybox")
    assert (found, out) == (code, b"")
    assert err.decode().endswith(f"seacan: Error response from daemon: {message}\n")


def test_missing_image_is_pulled_and_the_container_made_then(tmp_path: Path) -> None:
    answers = iter([refusal(404, "No such image: team/app:latest"), CREATED])
    box = Container(output=frame(1, b"out\n"), ends_by="itself")
    replies = {
        **box.replies(),
        "POST /containers/create": lambda _: next(answers),
        "POST /images/create": reply('{"status":"Pulling","id":"latest"}\r\n'),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        code, out, err = done(daemon.host, "run", "team/app")
    assert (code, out) == (0, b"out\n")
    assert err.startswith(b"Unable to find image 'team/app:latest' locally\nlatest: Pulling\n")
    assert daemon.requests[2].query == "fromImage=team%2Fapp&tag=latest"


def test_pull_that_fails_says_why(tmp_path: Path) -> None:
    replies = {
        "POST /containers/create": refusal(404, "No such image: app:1"),
        "POST /images/create": reply('{"errorDetail":{"message":"no route"},"error":"no route"}'),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        code, _, err = done(daemon.host, "run", "app:1")
    assert code == 125
    assert err == b"Unable to find image 'app:1' locally\nseacan: no route\n"


def test_pull_never(tmp_path: Path) -> None:
    replies = {"POST /containers/create": refusal(404, "No such image: app:1")}
    with scripted_daemon(tmp_path, **replies) as daemon:
        code, _, err = done(daemon.host, "run", "--pull", "never", "app:1")
    assert (code, err) == (125, b"seacan: Error response from daemon: No such image: app:1\n")


def test_file_of_the_id(tmp_path: Path) -> None:
    path = tmp_path / "cid"
    with scripted_daemon(tmp_path, **Container().replies()) as daemon:
        assert done(daemon.host, "create", "--cidfile", str(path), "busybox")[0] == 0
        assert path.read_text() == "abc"
        code, _, err = done(daemon.host, "run", "--cidfile", str(path), "busybox")
    assert code == 125
    assert b"container ID file found" in err


def test_file_of_an_id_that_does_not_come_to_be(tmp_path: Path) -> None:
    with scripted_daemon(tmp_path, **{"POST /containers/create": refusal(409, "x")}) as daemon:
        assert done(daemon.host, "create", "--cidfile", str(tmp_path / "cid"), "busybox")[0] == 1
    assert not (tmp_path / "cid").exists()


def test_signals_are_the_containers(tmp_path: Path) -> None:
    box = Container(output=frame(1, b"up\n"), ends_by="kill", code=5)
    with (
        scripted_daemon(tmp_path, **box.replies()) as daemon,
        seacan(daemon.host, "run", "busybox") as process,
    ):
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGUSR1)
        assert process.wait() == 5
    assert daemon.requests[-1].query == "signal=USR1"


def test_signal_that_was_ignored_before_stays_ignored(tmp_path: Path) -> None:
    box = Container(output=frame(1, b"up\n"), ends_by="kill")
    script = 'trap "" HUP; exec "$0" -m seacan.cli.main -H "$1" run busybox'
    with scripted_daemon(tmp_path, **box.replies()) as daemon:
        command = ["sh", "-c", script, sys.executable, daemon.host]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGUSR1)
            assert process.wait() == 0
    assert [r.query for r in daemon.requests if r.path.endswith("/kill")] == ["signal=USR1"]


def test_signals_without_proxy_end_it(tmp_path: Path) -> None:
    box = Container(output=frame(1, b"up\n"), ends_by="kill")
    with (
        scripted_daemon(tmp_path, **box.replies()) as daemon,
        seacan(daemon.host, "run", "--sig-proxy=false", "busybox") as process,
    ):
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 143
        box.killed.set()


def test_third_interrupt_ends_it_whatever_the_container_does(tmp_path: Path) -> None:
    box = Container(output=frame(1, b"up\n"), ends_by="kill")
    box.kill = lambda _: NO_CONTENT  # type: ignore[method-assign]
    with (
        scripted_daemon(tmp_path, **box.replies()) as daemon,
        seacan(daemon.host, "run", "busybox") as process,
    ):
        assert process.stdout
        process.stdout.readline()
        for count in (1, 2):
            process.send_signal(signal.SIGINT)
            while daemon.asked().count("POST /v1.51/containers/abc/kill") < count:
                time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 1
        assert process.stderr
        assert process.stderr.read().endswith(b"got 3 SIGTERM/SIGINTs, forcefully exiting\n")
        box.killed.set()


def test_terminal_that_is_none(tmp_path: Path) -> None:
    with scripted_daemon(tmp_path, **Container(raw=True).replies()) as daemon:
        code, _, err = done(daemon.host, "run", "-it", "busybox")
        assert (code, err) == (1, b"the input device is not a TTY\n")
        code, _, err = done(daemon.host, "exec", "-it", "abc", "sh")
        assert (code, err) == (1, b"the input device is not a TTY\n")
    assert daemon.asked().count("POST /v1.51/containers/create") == 0
    assert daemon.asked().count("POST /v1.51/containers/abc/exec") == 0


@dataclass
class Terminal:
    """A pseudo-terminal of 24 rows and 80 columns; `inner` is the program's end."""

    outer: int
    inner: int

    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.inner)[3] & termios.ICANON

    def read_until(self, text: bytes) -> bytes:
        found = b""
        while text not in found:
            found += os.read(self.outer, 1024)
        return found

    def streams(self) -> dict[str, int]:
        return dict.fromkeys(("stdin", "stdout", "stderr"), self.inner)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (24, 80))
    yield Terminal(outer, inner)
    os.close(outer)
    os.close(inner)


def test_terminal_is_raw_until_the_end_and_has_its_size(tmp_path: Path, terminal: Terminal) -> None:
    box = Container(output=b"prompt", raw=True, code=4)
    with (
        scripted_daemon(tmp_path, **box.replies()) as daemon,
        seacan(daemon.host, "run", "-it", "busybox", **terminal.streams()) as process,
    ):
        terminal.read_until(b"prompt")
        assert terminal.is_raw()
        os.write(terminal.outer, b"\x03a\x10b\r")
        while box.input != b"\x03a\x10b\r":
            time.sleep(0.001)
        box.ends_by = "itself"
        os.write(terminal.outer, b"x")
        assert process.wait() == 4
        assert not terminal.is_raw()
    resize = next(r for r in daemon.requests if r.path.endswith("/resize"))
    assert resize.query == "h=24&w=80"
    assert b'"ConsoleSize":[24,80]' in daemon.requests[1].body


@pytest.mark.parametrize(
    ("words", "keys", "code"),
    [
        (("run", "-it", "busybox"), b"\x10\x11", 0),
        (("run", "-it", "--detach-keys", "ctrl-a,d", "busybox"), b"\x01d", 0),
        (("start", "-ai", "abc"), b"\x10\x11", 0),
        (("attach", "abc"), b"\x10\x11", 1),
        (("exec", "-it", "abc", "sh"), b"\x10\x11", 1),
    ],
)
def test_keys_that_leave(
    words: tuple[str, ...], keys: bytes, code: int, tmp_path: Path, terminal: Terminal
) -> None:
    box = Container(output=b"prompt", raw=True)
    if words[0] == "attach":
        box.started.set()
    with (
        scripted_daemon(tmp_path, **box.replies()) as daemon,
        seacan(daemon.host, *words, **terminal.streams()) as process,
    ):
        terminal.read_until(b"prompt")
        os.write(terminal.outer, b"ls" + keys + b"rest")
        assert process.wait() == code
        assert not terminal.is_raw()
        if code:
            terminal.read_until(b"read escape sequence")
        box.over.wait()
    assert b"rest" not in box.input


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_terminal_is_put_right_when_a_signal_ends_it(
    number: signal.Signals, tmp_path: Path, terminal: Terminal
) -> None:
    box = Container(output=b"prompt", raw=True)
    with (
        scripted_daemon(tmp_path, **box.replies()) as daemon,
        seacan(daemon.host, "exec", "-it", "abc", "sh", **terminal.streams()) as process,
    ):
        terminal.read_until(b"prompt")
        process.send_signal(number)
        assert process.wait() == 128 + number
        assert not terminal.is_raw()


def test_new_size_is_told(tmp_path: Path, terminal: Terminal) -> None:
    box = Container(output=b"prompt", raw=True)
    with (
        scripted_daemon(tmp_path, **box.replies()) as daemon,
        seacan(daemon.host, "exec", "-it", "abc", "sh", **terminal.streams()) as process,
    ):
        terminal.read_until(b"prompt")
        termios.tcsetwinsize(terminal.inner, (30, 100))
        process.send_signal(signal.SIGWINCH)
        while not any(r.query == "h=30&w=100" for r in daemon.requests):
            time.sleep(0.001)
        box.ends_by = "itself"
        os.write(terminal.outer, b"x")
        assert process.wait() == 0


def test_exec_has_the_commands_code_and_streams(tmp_path: Path) -> None:
    box = Container(output=frame(1, b"out\n") + frame(2, b"err\n"), code=9)
    with scripted_daemon(tmp_path, **box.replies()) as daemon:
        result = done(daemon.host, "exec", "-i", "-u", "5", "abc", "cat", given=b"typed")
    assert result == (9, b"out\n", b"err\n")
    assert box.input == b"typed"


def test_attach_to_what_does_not_run(tmp_path: Path) -> None:
    replies = {
        **Container().replies(),
        "GET /containers/abc/json": reply('{"Id":"abc","State":{"Running":false}}'),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        code, _, err = done(daemon.host, "attach", "abc")
    assert (code, err) == (1, b"You cannot attach to a stopped container, start it first\n")


def test_logs_are_taken_apart(tmp_path: Path) -> None:
    replies = {
        **Container().replies(),
        "GET /containers/abc/logs": reply(frame(1, b"a\n") + frame(2, b"b\n")),
    }
    with scripted_daemon(tmp_path, **replies) as daemon:
        assert done(daemon.host, "logs", "--tail", "3", "-t", "abc") == (0, b"a\n", b"b\n")
    assert daemon.requests[-1].query == "stdout=1&stderr=1&timestamps=1&tail=3"


def test_standard_input_that_is_closed(tmp_path: Path) -> None:
    """A socket must not take its number: it would be read as input."""
    box = Container(output=frame(1, b"out\n"))
    script = 'exec "$0" -m seacan.cli.main -H "$1" run -i busybox <&-'
    with scripted_daemon(tmp_path, **box.replies()) as daemon:
        command = ["sh", "-c", script, sys.executable, daemon.host]
        ended = subprocess.run(command, capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, box.input) == (0, b"out\n", b"")
