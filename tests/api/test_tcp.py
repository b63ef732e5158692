"""The API on TCP: who is let in with TLS, what is given away through it, pages turned away."""

import base64
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.from_thread
import pytest
from tests.api.conftest import read_all, read_until
from tests.fakes.certificates import Authority, Pair
from tests.fakes.engine import FakeEngine

from seacan.api import server
from seacan.api.authorization import Authorized
from seacan.api.listeners import Listener
from seacan.client.endpoint import Endpoint, TlsFiles, parse_host
from seacan.client.transport import holds_bytes
from seacan.http.limits import Limits
from seacan.http.messages import Hijack, Reply, Request
from seacan.http.server import Server
from seacan.http.tls import server_context

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
PING = b"GET /_ping HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
ATTACH = (
    b"POST /v1.51/containers/first/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\n"
    b"Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
)


@dataclass
class Place:
    """A CA with a server of its own, and a client that it knows."""

    authority: Authority
    server: Pair
    client: Pair
    port: int = 0

    def server_context(self, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        ca = self.authority.certificate
        context = server_context(self.server.certificate, self.server.key, clients_ca=ca)
        context.maximum_version = most
        return context

    def endpoint(self, port: int) -> Endpoint:
        endpoint = parse_host(f"tcp://127.0.0.1:{port}")
        files = (self.authority.certificate, self.client.certificate, self.client.key)
        endpoint.tls = TlsFiles(*map(str, files), verifies=True)
        return endpoint

    def context(self, pair: Pair | None, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.authority.certificate)
        if version:
            context.minimum_version = context.maximum_version = version
        if pair:
            context.load_cert_chain(pair.certificate, pair.key)
        return context


@contextmanager
def serving(names: frozenset[str] | None, tls: ssl.SSLContext | None) -> Iterator[int]:
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        listener = Listener(listening, tls, names)
        served = portal.start_task_soon(server.serve, FakeEngine(), [listener])
        try:
            yield listening.getsockname()[1]
        finally:
            served.cancel()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    authority = Authority(tmp_path_factory.mktemp("tls"))
    server, client = authority.sign("server", "serverAuth"), authority.sign("client", "clientAuth")
    place = Place(authority, server, client)
    with serving(None, place.server_context()) as place.port:
        yield place


@contextmanager
def connected(place: Place, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", place.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as client,
    ):
        yield client


@pytest.mark.parametrize("version", VERSIONS)
def test_who_shows_a_certificate_of_the_ca_is_let_in(place: Place, version: ssl.TLSVersion) -> None:
    with connected(place, place.context(place.client, version)) as client:
        client.sendall(PING)
        assert read_all(client).endswith(b"OK")


def test_others_are_not(place: Place, tmp_path: Path) -> None:
    stranger = Authority(tmp_path).sign("stranger", "clientAuth")
    strangers = {
        "certificate required": None,
        "unknown ca": stranger,
        "certificate expired": place.authority.sign("old", "clientAuth", is_expired=True),
        # OpenSSL's word for a usage that does not fit.
        "unsupported certificate": place.authority.sign("other", "serverAuth"),
    }
    for alert, pair in strangers.items():
        context = place.context(pair, ssl.TLSVersion.TLSv1_3)
        with connected(place, context) as client:
            client.sendall(PING)
            with pytest.raises(ssl.SSLError, match=alert.replace(" ", "[ _]")):
                client.recv(100)
        context = place.context(pair, ssl.TLSVersion.TLSv1_2)
        with pytest.raises((ssl.SSLError, ConnectionError)), connected(place, context):
            pytest.fail("the handshake of TLS 1.2 shows the certificate")


def test_older_versions_are_not_spoken(place: Place) -> None:
    context = place.context(place.client)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError), connected(place, context):
        pytest.fail("TLS 1.1 is broken")


def test_who_speaks_no_tls_is_told(place: Place) -> None:
    with socket.create_connection(("127.0.0.1", place.port), timeout=60) as client:
        client.sendall(PING)
        assert read_all(client).endswith(b"Client sent an HTTP request to an HTTPS server.\n")


def test_who_does_not_finish_the_handshake_is_dropped(place: Place) -> None:
    async def application(request: Request) -> Reply:
        return Reply(200)

    limits = Limits(handshake_s=0.05)
    http = Server(application, tls=place.server_context(), limits=limits)
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname(), timeout=60) as client,
    ):
        served = portal.start_task_soon(http.serve, [listening])
        client.sendall(b"\x16\x03\x01")  # the beginning of a hello
        assert client.recv(100) == b""
        served.cancel()


def test_handshakes_that_are_not_finished_keep_nobody_out(place: Place) -> None:
    """Each has ten seconds: with as many of them as there may be connections, nobody got in."""

    async def application(request: Request) -> Reply:
        return Reply(200)

    limits = Limits(connections=2)
    http = Server(application, tls=place.server_context(), limits=limits)
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname(), timeout=60) as silent,
        socket.create_connection(listening.getsockname(), timeout=60),
    ):
        served = portal.start_task_soon(http.serve, [listening])
        there = Place(place.authority, place.server, place.client, listening.getsockname()[1])
        with connected(there, place.context(place.client)) as client:
            client.sendall(PING)
            assert b" 200 OK" in read_all(client)
        assert silent.recv(100) == b""
        served.cancel()


@pytest.mark.parametrize("version", VERSIONS)
def test_what_follows_the_end_of_input_arrives(place: Place, version: ssl.TLSVersion) -> None:
    """The fake engine sends back what it gets, and some more once the input has ended."""
    sent = b"early " + b"later" * 100_000
    with (
        serving(None, place.server_context(version)) as port,
        closing(place.endpoint(port).connect()) as client,
    ):
        client.sendall(ATTACH)
        data = b""
        left = sent
        while left:
            with suppress(BlockingIOError):
                left = left[client.send(left, socket.MSG_DONTWAIT) :]
            select.select([client], [client] if left else [], [])
            if holds_bytes(client) or select.select([client], [], [], 0)[0]:
                data += client.recv(65536)
        client.shutdown(socket.SHUT_WR)
        while piece := client.recv(65536):
            data += piece
    assert data.partition(b"\r\n\r\n")[2] == sent + b"<end>"


@contextmanager
def proxy_of_one_client(target_port: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the port of a proxy whose tunnel ends at `target_port`, and what it is asked."""
    asked: list[bytes] = []

    def serve() -> None:
        client = listener.accept()[0]
        with client, socket.create_connection(("127.0.0.1", target_port)) as server:
            asked.append(read_until(client, b"\r\n\r\n"))
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(server, client))
            back.start()
            pump(client, server)
            back.join()

    def pump(source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], asked
        thread.join()


def test_tls_through_a_proxy(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's name is looked up by the proxy, and verified by the client."""
    pair = place.authority.sign("box", "serverAuth", names="DNS:box.example")
    context = server_context(pair.certificate, pair.key, clients_ca=place.authority.certificate)
    endpoint = place.endpoint(2376)
    endpoint.host = "box.example"
    with serving(None, context) as port, proxy_of_one_client(port) as (proxy_port, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy_port}")
        with closing(endpoint.connect()) as client:
            client.sendall(ATTACH + b"typed")
            client.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.partition(b"\r\n\r\n")[2] == b"typed<end>"
    assert asked[0].startswith(b"CONNECT box.example:2376 HTTP/1.1\r\n")


def test_what_was_said_last_arrives_though_input_is_not_taken(place: Place) -> None:
    """As of a process that prints and ends while its client still sends."""
    said = b"x" * (16 << 20)

    async def application(request: Request) -> Hijack:
        return Hijack(b"HTTP/1.1 101 UPGRADED\r\n\r\n", begin)

    async def begin(given: socket.socket, early: bytes) -> None:
        threading.Thread(target=speak, args=(given,)).start()

    def speak(given: socket.socket) -> None:
        given.setblocking(True)
        with given:
            given.sendall(said)

    with (
        anyio.from_thread.start_blocking_portal() as portal,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        http = Server(application, tls=place.server_context())
        served = portal.start_task_soon(http.serve, [listening])
        with closing(place.endpoint(listening.getsockname()[1]).connect()) as client:
            client.sendall(ATTACH + b"y" * (1 << 20))
            received = b"".join(iter(lambda: client.recv(1 << 20), b""))
        served.cancel()
    assert len(received.partition(b"\r\n\r\n")[2]) == len(said)


def test_a_client_that_is_gone_ends_what_was_given_away(place: Place) -> None:
    with connected(place, place.context(place.client)) as client:
        client.sendall(ATTACH)
        read_until(client, b"\r\n\r\n")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with connected(place, place.context(place.client)) as client:
        client.sendall(PING)
        assert read_all(client).endswith(b"OK")


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:2375", "", 200),
        ("[::1]:2375", "", 200),
        ("localhost", "", 200),
        ("box.example:2375", "", 200),
        ("BOX.example.:2375", "", 200),
        ("evil.example:2375", "", 403),
        ("127.0.0.1.evil.example", "", 403),
        ("", "", 403),
        ("127.0.0.1:2375", "http://127.0.0.1:2375", 200),
        ("127.0.0.1:2375", "http://evil.example", 403),
        ("127.0.0.1:2375", "null", 403),
        ("127.0.0.1:2375", "http://[", 403),
    ],
)
def test_pages_and_names_of_others_are_turned_away(host: str, origin: str, status: int) -> None:
    request = f"GET /_ping HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    request += f"Origin: {origin}\r\n\r\n" if origin else "\r\n"
    with (
        serving(frozenset({"box.example"}), None) as port,
        socket.create_connection(("127.0.0.1", port), timeout=60) as client,
    ):
        client.sendall(request.encode())
        assert read_all(client).split()[1] == str(status).encode()


@pytest.mark.parametrize(
    ("host", "upgrade", "status"),
    [("", "h2c", 101), ("", "websocket", 403), ("evil.example", "h2c", 403)],
)
def test_an_upgrade_to_h2c_needs_no_name(host: str, upgrade: str, status: int) -> None:
    request = f"POST /grpc HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n"
    with (
        serving(frozenset({"box.example"}), None) as port,
        socket.create_connection(("127.0.0.1", port), timeout=60) as client,
    ):
        client.sendall(f"{request}Upgrade: {upgrade}\r\n\r\n".encode())
        assert client.recv(12) == f"HTTP/1.1 {status}".encode()


def test_with_tls_the_certificate_tells_the_name_but_pages_are_turned_away(place: Place) -> None:
    for origin, status in ((b"", b"200"), (b"Origin: https://evil.example\r\n", b"403")):
        with connected(place, place.context(place.client)) as client:
            client.sendall(
                b"GET /_ping HTTP/1.1\r\nHost: any.example\r\n"
                + origin
                + b"Connection: close\r\n\r\n"
            )
            assert read_all(client).split()[1] == status


class Noting:
    """Allows everything, and keeps what it is told."""

    names = ("noting",)

    def __init__(self) -> None:
        self.told: list[Mapping[str, Any]] = []

    async def allow_request(self, described: Mapping[str, Any]) -> None:
        self.told.append(described)

    async def allow_answer(self, described: Mapping[str, Any]) -> None:
        self.told.append(described)


def test_plugins_are_told_who_asks_by_the_certificate(place: Place) -> None:
    judge = Noting()

    async def answer(request: Request) -> Reply:
        return Reply(200, b"OK")

    with (
        anyio.from_thread.start_blocking_portal() as portal,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        http = Server(Authorized(answer, judge), tls=place.server_context())
        served = portal.start_task_soon(http.serve, [listening])
        with closing(place.endpoint(listening.getsockname()[1]).connect()) as client:
            client.sendall(PING)
            received = b"".join(iter(lambda: client.recv(1 << 20), b""))
        served.cancel()
    assert received.endswith(b"OK")
    asked, answered = judge.told
    assert (asked["User"], asked["UserAuthNMethod"]) == ("client", "TLS")
    (pem,) = asked["RequestPeerCertificates"]
    assert base64.b64decode(pem).decode() == place.client.certificate.read_text()
    assert answered["ResponseStatusCode"] == 200
