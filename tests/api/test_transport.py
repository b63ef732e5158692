"""Keep-alive, bodies, streams, time-outs, and the end of the server."""

import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import anyio
import pytest
from tests.api.conftest import Api, bound_socket, connect, read_all, read_until

from seacan.engine.containers.container import Status
from seacan.http.limits import Limits
from seacan.http.messages import Answer, Reply, Request, Send, Stream
from seacan.http.server import Server

PING = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"
LAST_PING = b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
ApiWith = Callable[[Limits], AbstractContextManager[Api]]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def test_a_connection_carries_many_requests(api: Api) -> None:
    with api.connect() as client:
        for _ in range(20):
            client.sendall(PING)
            assert read_until(client, b"\r\n\r\nOK").startswith(b"HTTP/1.1 200 OK\r\n")


def test_pipelined_requests_are_answered_in_order(api: Api) -> None:
    missing = b"GET /nope HTTP/1.1\r\nHost: d\r\n\r\n"

    answer = api.exchange(PING + missing + PING + missing + LAST_PING)

    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200", b"404", b"200"]


def test_a_request_after_a_body_is_answered(api: Api) -> None:
    body = b'{"Image":"busybox"}'
    create = (
        b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )

    answer = api.exchange(create + body + LAST_PING)

    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"201", b"200"]


def test_a_chunked_body_is_joined(api: Api) -> None:
    head = (
        b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
        b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    answer = api.exchange(head, b'8\r\n{"Image"\r\n', b'B\r\n:"busybox"}\r\n', b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 201 ")


def test_a_body_nobody_read_does_not_become_a_request(api: Api) -> None:
    smuggled = LAST_PING
    stop = b"POST /containers/first/stop HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n" % len(
        smuggled
    )

    answer = api.exchange(stop + smuggled + LAST_PING)

    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"204", b"200"]


def test_an_endless_body_nobody_read_ends_the_connection(api: Api) -> None:
    head = b"POST /containers/first/stop HTTP/1.1\r\nHost: d\r\nContent-Length: 99999999\r\n\r\n"
    with api.connect() as client:
        client.sendall(head)
        sender = threading.Thread(target=_send_until_broken, args=(client,))
        sender.start()
        answer = read_all(client)
        sender.join(60)

    assert answer.startswith(b"HTTP/1.1 204 ")
    assert not sender.is_alive()


def _send_until_broken(client: socket.socket) -> None:
    try:
        while True:
            client.sendall(b"x" * 65536)
    except OSError:
        return


def test_expect_100_continue(api: Api) -> None:
    body = b'{"Image":"busybox"}'
    with api.connect() as client:
        client.sendall(
            b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        client.sendall(body)
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 201 ")


def test_a_body_that_was_not_asked_for_ends_the_connection(api_with: ApiWith) -> None:
    with api_with(Limits(body_s=600)) as api:  # longer than a client waits here
        answer = api.exchange(
            b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: text/plain\r\n"
            b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_an_upgrade_nobody_speaks_is_ignored(api: Api) -> None:
    # Java's client offers HTTP/2 with every request.
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAE\r\n\r\n"

    answer = api.exchange(b"GET /_ping HTTP/1.1\r\nHost: d\r\n" + offer + LAST_PING)

    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200"]


def test_head_has_no_body(api: Api) -> None:
    with api.connect() as client:
        client.sendall(b"HEAD /_ping HTTP/1.1\r\nHost: d\r\n\r\n" + LAST_PING)
        answer = read_all(client)

    first, _, rest = answer.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_reply_without_content_has_no_length(api: Api) -> None:
    answer = api.ask("POST", "/containers/first/stop")

    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers


def test_an_old_client_gets_a_stream_that_ends_with_the_connection(api: Api) -> None:
    answer = api.exchange(b"POST /containers/first/wait HTTP/1.0\r\n\r\n")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    assert body == b'{"StatusCode":3}\n'


def test_the_head_of_a_stream_comes_at_once(api: Api) -> None:
    api.engine.containers.release = threading.Event()
    with api.connect() as client:
        client.sendall(b"POST /containers/first/wait HTTP/1.1\r\nHost: d\r\n\r\n")
        head = read_until(client, b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head.lower()
        assert api.engine.containers.calls == [("wait", "first", "not-running")]
        api.engine.containers.release.set()
        assert read_until(client, b"0\r\n\r\n") == b'11\r\n{"StatusCode":3}\n\r\n0\r\n\r\n'
        # And the connection goes on.
        client.sendall(LAST_PING)
        assert read_all(client).endswith(b"OK")


def test_a_client_that_goes_away_ends_its_wait(api: Api) -> None:
    api.engine.containers.release = threading.Event()
    with api.connect() as client:
        client.sendall(b"POST /containers/first/wait HTTP/1.1\r\nHost: d\r\n\r\n")
        read_until(client, b"\r\n\r\n")

    assert api.engine.containers.given_up.wait(60)


def test_a_client_that_goes_away_ends_the_log_it_follows(api: Api) -> None:
    with api.connect() as client:
        client.sendall(b"GET /containers/first/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: d\r\n\r\n")
        read_until(client, b"hi\n")

    assert api.engine.containers.log is not None
    assert api.engine.containers.log.closed.wait(60)


def test_a_request_sent_ahead_of_a_stream_waits_for_its_turn(api: Api) -> None:
    api.engine.containers.release = threading.Event()
    with api.connect() as client:
        client.sendall(b"POST /containers/first/wait HTTP/1.1\r\nHost: d\r\n\r\n" + LAST_PING)
        read_until(client, b"\r\n\r\n")
        api.engine.containers.release.set()
        answer = read_all(client)

    assert answer.startswith(b'11\r\n{"StatusCode":3}\n\r\n0\r\n\r\nHTTP/1.1 200 OK')


def test_a_client_that_goes_away_does_not_cancel_what_it_asked_for(api: Api) -> None:
    api.engine.containers.slow_s = 0.05
    api.engine.containers.records["first"].state.status = Status.EXITED
    with api.connect() as client:
        client.sendall(b"POST /containers/first/start HTTP/1.1\r\nHost: d\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        # Half a close is no abort: the answer still comes.
        assert client.recv(4096).startswith(b"HTTP/1.1 204 ")


def test_a_slow_client_holds_up_nobody(api: Api) -> None:
    api.engine.containers.log_pieces = [b"x" * 65536] * 200
    with api.connect() as slow:
        slow.sendall(
            b"GET /containers/first/logs?stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
        )
        for _ in range(10):
            assert api.ask("GET", "/_ping").status == 200
        answer = read_all(slow)
    assert answer.endswith(b"\r\n0\r\n\r\n")
    assert len(answer) > 200 * 65536


def test_a_slow_head_is_cut_off(api_with: ApiWith) -> None:
    with api_with(Limits(head_s=0.05)) as api, api.connect() as client:
        client.sendall(b"GET /_ping HTTP/1.1\r\nHost:")

        assert read_all(client).startswith(b"HTTP/1.1 408 ")


def test_an_idle_connection_is_closed_without_a_word(api_with: ApiWith) -> None:
    with api_with(Limits(idle_s=0.05)) as api, api.connect() as client:
        assert read_all(client) == b""
    with api_with(Limits(idle_s=2)) as api, api.connect() as client:
        client.sendall(PING)
        assert read_all(client).endswith(b"OK")


def test_a_body_that_stops_is_cut_off(api_with: ApiWith) -> None:
    with api_with(Limits(body_s=0.05)) as api, api.connect() as client:
        client.sendall(
            b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )

        assert read_all(client).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_drips_is_cut_off(api_with: ApiWith) -> None:
    limits = Limits(body_turn_bytes=1000, body_turn_s=0.05)
    with api_with(limits) as api, api.connect() as client:
        client.sendall(
            b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100000\r\n\r\n"
        )
        while not select.select([client], [], [], 0.01)[0]:
            client.sendall(b" ")

        assert read_all(client).startswith(b"HTTP/1.1 408 ")


def test_who_only_waits_makes_room(api_with: ApiWith) -> None:
    """Else whoever opens as many as there may be, and says nothing, keeps all others out."""
    with api_with(Limits(connections=2)) as api, api.connect() as silent, api.connect() as idle:
        idle.sendall(PING)
        read_until(idle, b"OK")
        with api.connect() as third:
            third.sendall(LAST_PING)
            assert read_all(third).endswith(b"OK")
        assert read_all(silent) == b""  # the oldest
        idle.sendall(LAST_PING)
        assert read_all(idle).endswith(b"OK")


def test_a_few_descriptors_are_for_few_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seacan.http.server.resource.getrlimit", lambda _: (300, 300))

    async def nobody(request: Request) -> Answer:
        raise AssertionError(request)

    assert Server(nobody)._most == 150
    assert Server(nobody, limits=Limits(connections=9))._most == 9


def test_too_many_connections_are_refused(api_with: ApiWith) -> None:
    with api_with(Limits(connections=2)) as api, api.connect() as one, api.connect() as two:
        api.engine.containers.release = threading.Event()
        for client in (one, two):
            client.sendall(b"POST /containers/first/wait HTTP/1.1\r\nHost: d\r\n\r\n")
            read_until(client, b"\r\n\r\n")
        with api.connect() as third:
            refusal = read_all(third)
        assert refusal.startswith(b"HTTP/1.1 503 ")
        head, _, body = refusal.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        api.engine.containers.release.set()
        one.sendall(LAST_PING)
        read_all(one)
        wait_for(lambda: api.ask("GET", "/_ping").status == 200, "a place was not given back")


class Service:
    """A server of the test's own handler, in a thread, that can be ended at a given moment."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = str(path)
        self.may_answer = threading.Event()
        self.is_asked = threading.Event()
        self.is_over = threading.Event()
        self._listener = bound_socket(path)
        self._limits = limits
        self._thread = threading.Thread(target=anyio.run, args=(self._serve,))
        self._thread.start()

    async def _serve(self) -> None:
        self._stop = anyio.Event()
        self._token = anyio.lowlevel.current_token()
        async with anyio.create_task_group() as group:
            group.start_soon(Server(self._answer, limits=self._limits).serve, [self._listener])
            await self._stop.wait()
            group.cancel_scope.cancel()

    async def _answer(self, request: Request) -> Answer:
        self.is_asked.set()
        if request.target == "/stream":
            return Stream("text/plain", self._stream)
        if request.target == "/endless":
            return Stream("text/plain", self._endless)
        if request.target == "/part":
            length = ("Content-Length", "5")
            return Stream("text/plain", self._part, [length], status=206)
        await anyio.to_thread.run_sync(self.may_answer.wait, 60, abandon_on_cancel=True)
        return Reply(200, b"done")

    async def _stream(self, send: Send) -> None:
        await send(b"first")
        await anyio.sleep_forever()

    async def _endless(self, send: Send) -> None:
        try:
            while True:
                await send(bytes(1 << 20))
        finally:
            self.is_over.set()

    async def _part(self, send: Send) -> None:
        await send(b"fi")
        await send(b"rst")

    def connect(self) -> socket.socket:
        return connect(self.path)

    def stop(self) -> None:
        anyio.from_thread.run_sync(self._stop.set, token=self._token)

    def join(self) -> bool:
        self._thread.join(60)
        return not self._thread.is_alive()


@pytest.fixture
def service(short_path: Path) -> Callable[[float], Service]:
    return lambda grace_s: Service(short_path / "s.sock", Limits(grace_s=grace_s))


def test_the_end_lets_answers_under_way_be_sent(service: Callable[[float], Service]) -> None:
    served = service(10)
    with served.connect() as client, served.connect() as idle:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: d\r\n\r\n")
        assert served.is_asked.wait(60)
        served.stop()
        assert read_all(idle) == b""
        with pytest.raises(OSError, match="refused"):
            served.connect()
        served.may_answer.set()
        assert read_all(client).endswith(b"done")
    assert served.join()


def test_the_end_does_not_wait_for_ever(service: Callable[[float], Service]) -> None:
    served = service(0.05)
    with served.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: d\r\n\r\n")
        assert served.is_asked.wait(60)
        served.stop()
        assert served.join()


def test_the_end_cuts_streams_at_once(service: Callable[[float], Service]) -> None:
    served = service(60)
    with served.connect() as client:
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: d\r\n\r\n")
        read_until(client, b"first")
        served.stop()
        assert b"0\r\n\r\n" not in read_all(client)
        assert served.join()


def test_a_stream_of_known_length_is_not_chunked(service: Callable[[float], Service]) -> None:
    served = service(10)
    with served.connect() as client:
        client.sendall(b"GET /part HTTP/1.1\r\nHost: d\r\n\r\n")
        head, body = read_until(client, b"first").split(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 206 ")
        assert b"Transfer-Encoding" not in head
        assert body == b"first"
        client.sendall(b"HEAD /part HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
        answer = read_all(client)
        assert b"Content-Length: 5\r\n" in answer
        assert answer.endswith(b"\r\n\r\n")
    served.stop()
    assert served.join()


def test_who_takes_nothing_of_an_answer_is_cut_off(short_path: Path) -> None:
    served = Service(short_path / "s.sock", Limits(piece_s=0.05))
    with served.connect() as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: d\r\n\r\n")
        assert served.is_over.wait(60)
        read_all(client)
    served.stop()
    assert served.join()


@pytest.mark.parametrize("path", ["/images/load", "/images/create?fromSrc=-", "/build"])
def test_who_sends_slowly_leaves_threads_to_the_others(api: Api, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\n"
    with ExitStack() as clients:
        for _ in range(41):  # anyio has 40 threads for all that asks for none of its own
            clients.enter_context(api.connect()).sendall(
                f"{head}Content-Length: 1024\r\n\r\nx".encode()
            )
        assert api.ask("GET", "/volumes").status == 200
