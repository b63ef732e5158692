"""The docker CLI with each log driver, and receivers that write down what they get."""

import contextlib
import gzip
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until
from tests.ports import free_port

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SCRIPT = "echo out; echo err >&2; sleep 0.2; printf unfinished"


class Receiver:
    """Collects what is sent to it, over UDP or by one client after the other over TCP."""

    def __init__(self, kind: socket.SocketKind) -> None:
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.packets: list[bytes] = []
        self._is_stream = kind is socket.SOCK_STREAM
        if self._is_stream:
            self._socket.listen()
        self._socket.settimeout(0.1)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._collect)
        self._thread.start()

    def _collect(self) -> None:
        while not self._is_over.is_set():
            with contextlib.suppress(TimeoutError):
                if self._is_stream:
                    self._read(self._socket.accept()[0])
                else:
                    self.packets.append(self._socket.recv(65536))

    def _read(self, connection: socket.socket) -> None:
        connection.settimeout(0.1)
        with connection:
            while not self._is_over.is_set():
                with contextlib.suppress(TimeoutError):
                    data = connection.recv(65536)
                    if not data:
                        return
                    self.packets.append(data)

    @property
    def data(self) -> bytes:
        return b"".join(self.packets)

    def close(self) -> None:
        """Let go; twice is fine."""
        self._is_over.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def udp() -> Iterator[Receiver]:
    receiver = Receiver(socket.SOCK_DGRAM)
    yield receiver
    receiver.close()


@pytest.fixture
def tcp() -> Iterator[Receiver]:
    receiver = Receiver(socket.SOCK_STREAM)
    yield receiver
    receiver.close()


def run(docker: Docker, driver: str, *options: str, script: str = SCRIPT) -> str:
    flags = [word for option in options for word in ("--log-opt", option)]
    docker.ok(
        "run", "-d", "--name", docker.name, "--network", "none", "--log-driver", driver, *flags,
        "busybox", "sh", "-c", script,
    )  # fmt: skip
    docker.ok("wait", docker.name)
    return docker.name


def both(docker: Docker, *words: str) -> tuple[str, str]:
    result = docker("logs", *words)
    assert result.status == 0, result
    return result.out, result.err


@pytest.mark.parametrize(
    ("format_", "pattern"),
    [
        (None, r"<{p}>\w{{3}} [ \d]\d \d\d:\d\d:\d\d {name}\[\d+\]: {text}\n"),
        ("rfc3164", r"<{p}>\w{{3}} [ \d]\d \d\d:\d\d:\d\d \S+ {name}\[\d+\]: {text}\n"),
        ("rfc5424", r"<{p}>1 \d{{4}}-\d\d-\d\dT[\d:]{{8}}\S+ \S+ {name} \d+ {name} - {text}\n"),
        (
            "rfc5424micro",
            r"<{p}>1 \d{{4}}-\d\d-\d\dT[\d:]{{8}}\.\d{{6}}\S+ \S+ {name} \d+ {name} - {text}\n",
        ),
    ],
)
@pytest.mark.parametrize("network", ["udp", "tcp"])
def test_syslog(
    docker: Docker, udp: Receiver, tcp: Receiver, network: str, format_: str | None, pattern: str
) -> None:
    receiver = udp if network == "udp" else tcp
    options = [f"syslog-address={network}://127.0.0.1:{receiver.port}", "tag={{.Name}}"]
    options += ["syslog-facility=local1"] + ([f"syslog-format={format_}"] if format_ else [])
    name = run(docker, "syslog", *options)
    expected = [
        pattern.format(p=priority, name=name, text=text)
        for priority, text in ((17 * 8 + 6, "out"), (17 * 8 + 3, "err"), (17 * 8 + 6, "unfinished"))
    ]
    wait_until(
        lambda: all(re.search(line, receiver.data.decode()) for line in expected),
        f"lines, of which each stream's may be the first: {expected}",
    )
    assert both(docker, name) == ("out\nunfinished", "err\n")


def test_gelf(docker: Docker, udp: Receiver) -> None:
    run(
        docker, "gelf", f"gelf-address=udp://127.0.0.1:{udp.port}",
        "labels=seacan.test", "tag=t/{{.Name}}",
    )  # fmt: skip
    wait_until(lambda: len(udp.packets) == 3, "three datagrams")
    messages: list[dict[str, Any]] = [json.loads(gzip.decompress(p)) for p in udp.packets]
    first = messages[0]
    assert {(m["short_message"], m["level"]) for m in messages} == {
        ("out", 6), ("err", 3), ("unfinished", 6),
    }  # fmt: skip
    identity = docker.inspect(docker.name, "{{.Id}} {{.Image}}").split()
    assert [first["_container_id"], first["_image_id"]] == identity
    assert (first["version"], first["_tag"]) == ("1.1", f"t/{docker.name}")
    assert (first["_container_name"], first["_image_name"]) == (docker.name, "busybox")
    assert (first["_command"], first["host"]) == (f"sh -c {SCRIPT}", socket.gethostname())
    assert first["_seacan.test"] == docker.name
    assert first["_created"] == docker.inspect(docker.name, "{{.Created}}")
    assert abs(first["timestamp"] - messages[2]["timestamp"]) < 30
    assert both(docker, docker.name) == ("out\nunfinished", "err\n")


def test_gelf_over_tcp(docker: Docker, tcp: Receiver) -> None:
    run(docker, "gelf", f"gelf-address=tcp://127.0.0.1:{tcp.port}")
    wait_until(lambda: tcp.data.count(b"\0") == 3, "three messages")
    texts = {json.loads(message)["short_message"] for message in tcp.data.split(b"\0")[:3]}
    assert texts == {"out", "err", "unfinished"}


def test_fluentd(docker: Docker, tcp: Receiver) -> None:
    run(docker, "fluentd", f"fluentd-address=127.0.0.1:{tcp.port}", "tag=app.{{.Name}}", "env=A")
    tag = f"app.{docker.name}".encode()
    begin = b"\x94" + bytes([0xA0 + len(tag)]) + tag + b"\xd2"
    wait_until(
        lambda: tcp.data.count(begin) == 3 and tcp.data.endswith(b"\x80"), "all of three records"
    )
    assert b"\xa6source\xa6stderr" in tcp.data
    assert b"\xa3log\xa3err" in tcp.data
    assert b"\xaccontainer_id\xd9\x40" in tcp.data
    assert b"\xafpartial_message\xa4true" in tcp.data
    assert both(docker, docker.name) == ("out\nunfinished", "err\n")


def test_fluentd_takes_what_it_missed(docker: Docker) -> None:
    """Without it, an async one starts all the same."""
    port = free_port()
    flags = [f"fluentd-address=127.0.0.1:{port}", "fluentd-retry-wait=50ms"]
    result = docker(
        "run", "--name", docker.name, "--network", "none", "--log-driver", "fluentd",
        "--log-opt", flags[0], "busybox", "true",
    )  # fmt: skip
    assert result.status == 125
    assert f"dial tcp 127.0.0.1:{port}: connect: connection refused" in result.err
    docker.ok("rm", docker.name)
    run(docker, "fluentd", *flags, "fluentd-async=true")
    assert both(docker, docker.name) == ("out\nunfinished", "err\n")


@pytest.mark.parametrize("driver", ["json-file", "local"])
def test_logs_of_a_rotated_file(docker: Docker, driver: str) -> None:
    run(
        docker, driver, "max-size=20k", "max-file=50", "compress=true",
        script="i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done",
    )  # fmt: skip
    lines = docker.ok("logs", docker.name).splitlines()
    assert lines == [f"line {n}" for n in range(2000)]
    assert docker.ok("logs", "--tail", "700", docker.name).splitlines() == lines[-700:]


def test_details_are_the_attributes_that_were_asked_for(docker: Docker) -> None:
    docker.ok(
        "run", "--name", docker.name, "--network", "none", "--label", "a=1 2", "--label", "b=x",
        "--env", "V=v,w", "--log-opt", "labels-regex=^[ab]$", "--log-opt", "env=V",
        "--log-opt", "tag={{.ImageName}}", "busybox", "echo", "hi",
    )  # fmt: skip
    assert docker.ok("logs", "--details", docker.name) == "V=v%2Cw,a=1+2,b=x,tag=busybox hi"
    stamped = docker.ok("logs", "--details", "-t", docker.name).split(" ", 1)
    assert stamped[1] == "V=v%2Cw,a=1+2,b=x,tag=busybox hi"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", stamped[0])


def test_details_without_any(docker: Docker) -> None:
    run(docker, "local", script="echo hi")
    assert docker("logs", "--details", docker.name).out == " hi\n"


@pytest.mark.parametrize(
    ("driver", "options"),
    [("none", []), ("syslog", ["syslog-address=udp://127.0.0.1:9", "cache-disabled=true"])],
)
def test_a_log_that_nobody_keeps_cannot_be_read(
    docker: Docker, driver: str, options: list[str]
) -> None:
    run(docker, driver, *options)
    result = docker("logs", docker.name)
    assert "configured logging driver does not support reading" in result.err


@pytest.mark.parametrize(
    ("driver", "options", "message"),
    [
        ("nonsense", [], 'error looking up logging plugin nonsense: plugin "nonsense" not found'),
        ("json-file", ["nonsense=1"], "unknown log opt 'nonsense' for json-file log driver"),
        ("syslog", ["syslog-address=foo://x"], "unsupported scheme: 'foo'"),
        ("gelf", [], "gelf-address is a required parameter"),
        ("json-file", ["max-size=x"], "failed to initialize logging driver: invalid size: 'x'"),
    ],
)
def test_what_is_refused(docker: Docker, driver: str, options: list[str], message: str) -> None:
    flags = [word for option in options for word in ("--log-opt", option)]
    result = docker(
        "run", "--network", "none", "--log-driver", driver, *flags, "busybox", "true"
    )  # fmt: skip
    assert result.status == 125
    assert message in result.err


def test_a_journal_that_is_not_there(docker: Docker) -> None:
    if Path("/run/systemd/journal/socket").is_socket():
        pytest.skip("this machine has a journal")
    result = docker("run", "--network", "none", "--log-driver", "journald", "busybox", "true")
    assert "failed to initialize logging driver: journald is not enabled on this host" in result.err


def test_a_slow_receiver_does_not_hold_up_a_container_in_mode_non_blocking(
    engine: Engine, docker: Docker
) -> None:
    if engine.daemon is None:
        pytest.skip("dockerd waits for it at the end")
    with socket.create_server(("127.0.0.1", 0)) as listener:  # never reads
        port = listener.getsockname()[1]
        run(
            docker, "syslog", f"syslog-address=tcp://127.0.0.1:{port}", "mode=non-blocking",
            "max-buffer-size=64k", script="yes 0123456789 | head -c 4400000; echo done",
        )  # fmt: skip
        assert docker.ok("logs", "--tail", "1", docker.name) == "done"
        listener.accept()[0].close()  # lets what is left go


def test_a_long_line_and_bytes_that_are_no_text(engine: Engine, docker: Docker) -> None:
    script = r"head -c 40000 /dev/zero | tr '\0' x; printf '\n\342\202|\377\n'"
    run(docker, "json-file", script=script)
    raw = docker.ok("logs", docker.name)
    assert raw == "x" * 40000 + "\n\ufffd\ufffd|\ufffd"
    if engine.daemon is None:
        return
    path = Path(docker.inspect(docker.name, "{{.LogPath}}"))
    entries = [json.loads(line)["log"] for line in path.read_text().splitlines()]
    assert [len(entry) for entry in entries] == [16384, 16384, 40000 - 2 * 16384 + 1, 5]
