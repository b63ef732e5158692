"""Attach over a WebSocket, with docker-py and by hand, and the details of every attach.

docker-py speaks WebSocket over TCP alone: a relay stands before the engine's unix socket.
"""

import base64
import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import docker as docker_sdk
import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until

pytestmark = [
    pytest.mark.root,
    pytest.mark.conformance,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("garbage_of_docker_py"),
]


class Client:
    """An attached client: the streams of a container, by whichever transport."""

    def __init__(self, engine: Engine, container: str, query: str, *, websocket: bool) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(engine.host.removeprefix("unix://"))
        self._is_websocket = websocket
        self._data = b""
        self._ask(container, query)

    def _ask(self, container: str, query: str) -> None:
        if self._is_websocket:
            key = base64.b64encode(os.urandom(16)).decode()
            lines = [
                f"GET /v1.51/containers/{container}/attach/ws?{query} HTTP/1.1", "Host: docker",
                "Connection: Upgrade", "Upgrade: websocket", "Origin: http://docker",
                "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
            ]  # fmt: skip
        else:
            lines = [
                f"POST /v1.51/containers/{container}/attach?{query} HTTP/1.1", "Host: docker",
                "Connection: Upgrade", "Upgrade: tcp", "Content-Length: 0",
            ]  # fmt: skip
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._data:
            self._receive()
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head

    def _receive(self) -> bool:
        data = self._socket.recv(65536)
        self._data += data
        return bool(data)

    def _take(self, size: int) -> bytes | None:
        while len(self._data) < size:
            if not self._receive():
                return None
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def read(self) -> bytes | None:
        """Return the next message or frame; None at the end."""
        if self._is_websocket:
            return self._message()
        head = self._take(8)
        return None if head is None else self._take(int.from_bytes(head[4:], "big"))

    def _message(self) -> bytes | None:
        head = self._take(2)
        if head is None or head[0] == 0x88:
            return None
        assert head[0] == 0x82, head
        size = head[1]
        if size > 125:
            size = int.from_bytes(self._take({126: 2, 127: 8}[size]) or b"", "big")
        return self._take(size)

    def read_all(self) -> bytes:
        data = b""
        while (piece := self.read()) is not None:
            data += piece
        return data

    def send(self, data: bytes) -> None:
        if not self._is_websocket:
            self._socket.sendall(data)
            return
        self._socket.sendall(bytes([0x82, 0x80 | len(data), 0, 0, 0, 0]) + data)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=[True, False], ids=["websocket", "hijack"])
def websocket(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def start(docker: Docker, script: str, *flags: str) -> str:
    return docker.ok(
        "run", "-d", "--name", docker.name, "--network", "none", *flags,
        "busybox", "sh", "-c", script,
    )  # fmt: skip


def test_input_and_output(engine: Engine, docker: Docker, websocket: bool) -> None:
    container = start(docker, "read line; echo got $line; echo bad >&2", "-i")
    query = "stream=1&stdin=1&stdout=1&stderr=1"
    client = Client(engine, container, query, websocket=websocket)
    client.send(b"words\n")
    data = client.read_all()
    client.close()
    assert sorted(data.splitlines()) == [b"bad", b"got words"]


def test_only_the_streams_that_are_asked_for(
    engine: Engine, docker: Docker, websocket: bool
) -> None:
    container = start(docker, "read line; echo out; echo err >&2", "-i")
    client = Client(engine, container, "stream=1&stdin=1&stderr=1", websocket=websocket)
    client.send(b"\n")
    data = client.read_all()
    client.close()
    assert data == b"err\n"


def test_history_and_then_what_follows_without_gap_or_double(
    engine: Engine, docker: Docker, websocket: bool
) -> None:
    if engine.daemon is None:
        pytest.skip("dockerd has either, as it happens")
    script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; sleep 2"
    # It prints all the time, and is rotated while the history is read.
    container = start(docker, script, "--log-opt", "max-size=20k", "--log-opt", "max-file=50")
    client = Client(engine, container, "logs=1&stream=1&stdout=1&stderr=1", websocket=websocket)
    data = client.read_all()
    client.close()
    assert data == b"".join(b"line %d\n" % n for n in range(3000))


def test_history_of_a_line_that_is_not_ended(
    engine: Engine, docker: Docker, websocket: bool
) -> None:
    if engine.daemon is None:
        pytest.skip("dockerd leaves it out")
    container = start(docker, "echo one; printf half; read x; echo ' line'", "-i")
    wait_until(lambda: docker("logs", container).out == "one\n", "the first line")
    query = "logs=1&stream=1&stdin=1&stdout=1"
    client = Client(engine, container, query, websocket=websocket)
    data = client.read() or b""
    data += client.read() or b""
    client.send(b"\n")
    data += client.read_all()
    client.close()
    assert data == b"one\nhalf line\n"


def test_history_from_before_a_restart(engine: Engine, docker: Docker, websocket: bool) -> None:
    container = start(docker, "[ -e /seen ] || { touch /seen; echo one; }; read x", "-i")
    wait_until(lambda: docker("logs", container).out == "one\n", "the line")
    docker.ok("restart", "-t", "0", container)
    query = "logs=1&stream=1&stdin=1&stdout=1"
    client = Client(engine, container, query, websocket=websocket)
    assert client.read() == b"one\n"
    client.send(b"\n")
    assert client.read_all() == b""
    client.close()


def test_history_alone(engine: Engine, docker: Docker, websocket: bool) -> None:
    container = start(docker, "echo one; exec sleep 1000")
    wait_until(lambda: docker("logs", container).out == "one\n", "the line")
    client = Client(engine, container, "logs=1&stdout=1", websocket=websocket)
    assert client.read_all() == b"one\n"
    client.close()


def test_the_detach_keys_of_a_terminal(engine: Engine, docker: Docker) -> None:
    container = start(docker, "exec cat", "-it")
    query = "stream=1&stdin=1&stdout=1&detachKeys=ctrl-a,b"
    client = Client(engine, container, query, websocket=True)
    client.send(b"\x01b")
    client.read_all()
    client.close()
    assert docker.inspect(container, "{{.State.Running}}") == "true"


def test_ten_clients_see_the_same_bytes(engine: Engine, docker: Docker) -> None:
    # A client whose line has come is attached.
    script = "for i in 1 2 3 4 5 6 7 8 9 10; do read x; done; seq 200000; echo end"
    container = start(docker, script, "-i")
    query = "stream=1&stdin=1&stdout=1"
    clients = [Client(engine, container, query, websocket=n % 2 == 0) for n in range(10)]
    received: list[bytes] = [b""] * len(clients)

    def read(n: int) -> None:
        received[n] = clients[n].read_all()

    threads = [threading.Thread(target=read, args=(n,)) for n in range(len(clients))]
    for thread in threads:
        thread.start()
    for client in clients:
        client.send(b"\n")
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    expected = b"".join(b"%d\n" % n for n in range(1, 200001)) + b"end\n"
    assert [data == expected for data in received] == [True] * 10


def test_a_client_that_takes_nothing_stops_neither_the_container_nor_the_others(
    engine: Engine, docker: Docker, websocket: bool
) -> None:
    """dockerd waits for it for ever."""
    if engine.daemon is None:
        pytest.skip("dockerd waits")
    container = start(docker, "read x; seq 500000; echo end", "-i")
    dead = Client(engine, container, "stream=1&stdout=1", websocket=websocket)
    other = Client(engine, container, "stream=1&stdin=1&stdout=1", websocket=websocket)
    other.send(b"\n")
    assert other.read_all().endswith(b"500000\nend\n")
    other.close()
    assert docker.ok("wait", container) == "0"
    dead.close()


# -- docker-py ------------------------------------------------------------------------------------


class Relay:
    """A TCP port before the engine's unix socket."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def _serve(self) -> None:
        while not self._is_over.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._relay, args=(client,)))
                self._threads[-1].start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self._path)
            back = threading.Thread(target=_pump, args=(engine, client))
            back.start()
            _pump(client, engine)
            back.join()

    def close(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def client(engine: Engine) -> Iterator[Any]:
    relay = Relay(engine.host.removeprefix("unix://"))
    with contextlib.closing(docker_sdk.DockerClient(base_url=relay.url)) as client:
        yield client
    relay.close()


def test_attach_socket_of_docker_py(client: Any, docker: Docker) -> None:
    pytest.importorskip("websocket")
    container = start(docker, "read line; echo got $line", "-i")
    parameters = {"stdin": 1, "stdout": 1, "stream": 1}
    connection = client.api.attach_socket(container, params=parameters, ws=True)
    connection.send("words\n")
    assert connection.recv() == b"got words\n"
    connection.close()
