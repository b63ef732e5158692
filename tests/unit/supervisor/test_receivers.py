"""What receivers get, byte by byte, and what becomes of it when they are slow, gone or back."""

import contextlib
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.ports import free_port

from seacan.errors import Internal, InvalidArgument
from seacan.supervisor.logs import fluentd, gelf, journald, syslog
from seacan.supervisor.logs.lines import Entry, Partial
from seacan.supervisor.logs.receiver import Receiver
from seacan.supervisor.loop import Loop
from seacan.supervisor.protocol import ReceiverRequest

AT_NS = 1_767_355_200_000_001_002  # 2026-01-02T12:00:00.000001002Z
OUT = Entry("stdout", b"hello", AT_NS)
PIECE = Entry("stderr", b"half", AT_NS, Partial("id", 2, last=False))


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def request(**changes: Any) -> ReceiverRequest:
    plain = ReceiverRequest(
        driver="syslog",
        network="tcp",
        addresses=["127.0.0.1"],
        port=0,
        tls={},
        is_blocking=True,
        buffer_bytes=64 * 1024,
        tries=3,
        retry_wait_s=0.01,
        is_checked=True,
        settings={},
    )
    return {**plain, **changes}  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("network", "format_", "message"),
    [
        ("udp", "", "<30>Jan  2 12:00:00 tag[PID]: hello\n"),
        ("tcp", "rfc3164", "<30>Jan  2 12:00:00 host tag[PID]: hello\n"),
        ("tcp", "rfc5424", "<30>1 2026-01-02T12:00:00Z host tag PID tag - hello\n"),
        ("tcp", "rfc5424micro", "<30>1 2026-01-02T12:00:00.000001Z host tag PID tag - hello\n"),
        ("tls", "rfc3164", "<30>Jan  2 12:00:00 host tag[PID]: hello\n"),
        ("tls", "rfc5424", "LENGTH <30>1 2026-01-02T12:00:00Z host tag PID tag - hello\n"),
    ],
)
def test_syslog(network: str, format_: str, message: str) -> None:
    settings = syslog.Settings(tag="tag", hostname="host", facility=3, format=format_)
    encode = syslog.encoder(request(network=network, settings=settings))
    expected = message.replace("PID", str(os.getpid()))
    expected = expected.replace("LENGTH", str(len(expected.removeprefix("LENGTH "))))
    assert encode(OUT) == [expected.encode()]
    [error] = encode(PIECE)
    assert b"<27>" in error
    assert encode(Entry("stdout", b"", AT_NS)) == []


def test_journald() -> None:
    settings = journald.Settings(fields={"CONTAINER_NAME": "n", "LABEL": "two\nlines"})
    encode = journald.encoder(request(driver="journald", settings=settings))
    [first], [second] = encode(OUT), encode(PIECE)
    assert first.startswith(
        b"MESSAGE=hello\nPRIORITY=6\nSYSLOG_TIMESTAMP=2026-01-02T12:00:00.000001002Z\n"
        b"CONTAINER_LOG_ORDINAL=1\nCONTAINER_NAME=n\n"
        b"LABEL\n" + struct.pack("<Q", 9) + b"two\nlines\nCONTAINER_LOG_EPOCH="
    )
    assert b"PRIORITY=3\n" in second
    assert (
        b"CONTAINER_LOG_ORDINAL=2\nCONTAINER_PARTIAL_ID=id\nCONTAINER_PARTIAL_ORDINAL=2\n"
        b"CONTAINER_PARTIAL_LAST=false\nCONTAINER_PARTIAL_MESSAGE=true\n"
    ) in second


@pytest.mark.parametrize("compression", ["gzip", "zlib", "none"])
def test_gelf(compression: str) -> None:
    settings = gelf.Settings(hostname="h", extra={"_tag": "t"}, compression=compression, level=1)
    encode = gelf.encoder(request(driver="gelf", network="udp", settings=settings))
    [packet] = encode(OUT)
    if compression != "none":
        packet = zlib.decompress(packet, wbits=31 if compression == "gzip" else 15)
    assert json.loads(packet) == {
        "version": "1.1", "host": "h", "short_message": "hello", "timestamp": 1767355200.0,
        "level": 6, "_tag": "t",
    }  # fmt: skip


def test_gelf_over_tcp_ends_with_a_zero() -> None:
    settings = gelf.Settings(hostname="h", extra={}, compression="gzip", level=1)
    [packet] = gelf.encoder(request(driver="gelf", settings=settings))(PIECE)
    assert packet.endswith(b'"level":3}\0')


def test_a_long_gelf_message_comes_in_chunks() -> None:
    chunks = gelf.chunks(b"x" * 3000)
    assert [len(chunk) for chunk in chunks] == [1420, 1420, 3000 - 2 * 1408 + 12]
    assert [chunk[:2] + chunk[10:12] for chunk in chunks] == [
        b"\x1e\x0f\0\3", b"\x1e\x0f\1\3", b"\x1e\x0f\2\3",
    ]  # fmt: skip
    assert len({chunk[2:10] for chunk in chunks}) == 1
    assert b"".join(chunk[12:] for chunk in chunks) == b"x" * 3000
    assert gelf.chunks(b"x" * 1408 * 129) == []


def test_fluentd() -> None:
    settings = fluentd.Settings(tag="tag", fields={"k": "v"}, has_subseconds=False)
    [packet] = fluentd.encoder(request(driver="fluentd", settings=settings))(OUT)
    assert packet == (
        b"\x94\xa3tag\xd2" + struct.pack(">i", 1_767_355_200) + b"\x83"
        b"\xa6source\xa6stdout\xa3log\xa5hello\xa1k\xa1v\x80"
    )


def test_fluentd_with_subseconds_and_a_piece() -> None:
    settings = fluentd.Settings(tag="tag", fields={}, has_subseconds=True)
    [packet] = fluentd.encoder(request(driver="fluentd", settings=settings))(PIECE)
    assert packet == (
        b"\x94\xa3tag\xd7\0" + struct.pack(">II", 1_767_355_200, 1002) + b"\x86"
        b"\xa6source\xa6stderr\xa3log\xa4half\xafpartial_message\xa4true\xaapartial_id\xa2id"
        b"\xafpartial_ordinal\xa12\xacpartial_last\xa5false\x80"
    )


@pytest.mark.parametrize(
    ("size", "head"),
    [(31, b"\xbf"), (32, b"\xd9\x20"), (256, b"\xda\1\0"), (1 << 16, b"\xdb\0\1\0\0")],
)
def test_strings_of_messagepack(size: int, head: bytes) -> None:
    assert fluentd.text(b"x" * size) == head + b"x" * size


# -- the connection -------------------------------------------------------------------------------


class Server:
    """A receiver over TCP that can go and come back."""

    def __init__(self) -> None:
        self.port = free_port()  # nobody else's while it is away
        self.listener = socket.create_server(("127.0.0.1", self.port))

    def accept(self) -> socket.socket:
        self.listener.settimeout(60)
        connection, _ = self.listener.accept()
        connection.settimeout(60)
        return connection

    def close(self) -> None:
        self.listener.close()

    def come_back(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def until(loop: Loop, seen: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < deadline
        loop.call_in(0.05, _nothing)
        loop.run_once()


def _nothing() -> None:
    pass


def test_a_slow_receiver_is_waited_for_and_gets_all(server: Server) -> None:
    loop, room = Loop(), []
    receiver = Receiver(loop, request(port=server.port), lambda: room.append(1))
    connection = server.accept()
    packets = [b"%07d\n" % n for n in range(1_000_000)]
    receiver.send(packets)
    assert receiver.is_behind
    received = bytearray()
    connection.setblocking(False)

    def read() -> bool:
        try:
            received.extend(connection.recv(1 << 20))
        except BlockingIOError:
            return False
        return len(received) == 8_000_000

    until(loop, read)
    assert bytes(received) == b"".join(packets)
    assert room
    assert not receiver.is_behind
    receiver.close()
    connection.close()


def test_in_mode_non_blocking_what_does_not_fit_is_dropped(server: Server) -> None:
    loop = Loop()
    receiver = Receiver(
        loop, request(port=server.port, is_blocking=False, buffer_bytes=100_000), _nothing
    )
    connection = server.accept()
    for n in range(200):
        receiver.send([b"%07d\n" % n * 8192])
    assert not receiver.is_behind
    receiver.close()
    received = bytearray()

    def read() -> bool:
        connection.setblocking(False)
        try:
            data = connection.recv(1 << 20)
        except BlockingIOError:
            return False
        received.extend(data)
        return not data

    until(loop, read)
    numbers = [int(n) for n in received.split()]
    # From the first on without a gap, then nothing: whole packets, the newest are lost.
    assert 0 < len(numbers) < 200 * 8192
    assert numbers == sorted(numbers)
    assert len(received) % (8 * 8192) == 0
    connection.close()


def test_a_receiver_that_comes_back_gets_what_waited(server: Server) -> None:
    loop = Loop()
    receiver = Receiver(loop, request(port=server.port, tries=1000), _nothing)
    connection = server.accept()
    receiver.send([b"one\n"])
    assert connection.recv(100) == b"one\n"
    server.close()
    connection.close()
    until(loop, lambda: not receiver._is_connected)
    receiver.send([b"two\n", b"three\n"])
    for _ in range(5):
        loop.run_once()
    server.come_back()
    server.listener.setblocking(False)
    accepted: list[socket.socket] = []

    def accept() -> bool:
        try:
            accepted.append(server.listener.accept()[0])
        except BlockingIOError:
            return False
        return True

    until(loop, accept)
    until(loop, lambda: receiver.is_flushed)
    assert accepted[0].recv(100) == b"two\nthree\n"
    receiver.close()
    accepted[0].close()


def test_when_the_tries_are_used_up_entries_are_lost_and_the_process_goes_on(
    server: Server,
) -> None:
    loop, room = Loop(), []
    receiver = Receiver(loop, request(port=server.port, tries=2), lambda: room.append(1))
    server.accept().close()
    server.close()
    until(loop, lambda: not receiver._is_connected)
    receiver.send([b"x" * 100_000])
    assert receiver.is_behind
    until(loop, lambda: not receiver.is_behind)
    assert room
    assert receiver.is_flushed
    receiver.close()


def test_a_receiver_that_is_not_there_keeps_the_container_from_starting(server: Server) -> None:
    server.close()
    with pytest.raises(Internal, match=re.escape(f"dial tcp 127.0.0.1:{server.port}: connect: ")):
        Receiver(Loop(), request(port=server.port), _nothing)
    loop = Loop()
    receiver = Receiver(loop, request(port=server.port, is_checked=False), _nothing)
    server.come_back()
    receiver.send([b"later\n"])
    until(loop, lambda: receiver.is_flushed)
    connection = server.accept()
    assert connection.recv(100) == b"later\n"
    receiver.close()
    connection.close()


def test_datagrams_to_nobody_are_lost(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind(("127.0.0.1", 0))
        port = there.getsockname()[1]
        receiver = Receiver(Loop(), request(network="udp", port=port), _nothing)
        receiver.send([b"one", b"two"])
        assert (there.recv(100), there.recv(100)) == (b"one", b"two")
    for n in range(10):
        receiver.send([b"%d" % n])
    assert receiver.is_flushed
    receiver.close()


def test_a_unix_socket_of_datagrams(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(path)
        receiver = Receiver(Loop(), request(network="unixgram", addresses=[path]), _nothing)
        receiver.send([b"MESSAGE=x\n"])
        assert there.recv(100) == b"MESSAGE=x\n"
        receiver.send([b"x" * (1 << 22)])  # more than a datagram can be: lost alone
        receiver.send([b"after"])
        assert there.recv(100) == b"after"
        receiver.close()


# -- TLS ------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for localhost, in one file."""
    path = tmp_path / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    with path.open("ab") as file:
        file.write((tmp_path / "cert.pem").read_bytes())
    return path


def serve_tls(server: Server, certificate: Path, received: bytearray) -> threading.Thread:
    """Accept one client after the other, until one has sent `end`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.listener.settimeout(60)

    def serve() -> None:
        while not received.endswith(b"end"):
            plain, _ = server.listener.accept()
            with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as tls:
                received.extend(tls.recv(4096))

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize("is_checked", [True, False])
def test_over_tls_now_and_when_connected_anew(
    server: Server, certificate: Path, is_checked: bool
) -> None:
    loop, received = Loop(), bytearray()
    thread = serve_tls(server, certificate, received)
    tls = {"name": "localhost", "ca": str(certificate)}
    receiver = Receiver(
        loop,
        request(network="tls", port=server.port, tls=tls, tries=1000, is_checked=is_checked),
        _nothing,
    )
    receiver.send([b"first "])
    until(loop, lambda: b"first" in received and not receiver._is_connected)
    receiver.send([b"then the end"])
    until(loop, lambda: received == b"first then the end")
    thread.join()
    receiver.close()


@pytest.mark.parametrize("tls", [{"name": "localhost"}, {"name": "other.example", "ca": "own"}])
def test_a_receiver_whose_certificate_is_not_good_gets_nothing(
    server: Server, certificate: Path, tls: dict[str, str]
) -> None:
    received = bytearray()
    thread = serve_tls(server, certificate, received)
    if "ca" in tls:
        tls = {**tls, "ca": str(certificate)}
    with pytest.raises(Internal, match="certificate verify failed"):
        Receiver(Loop(), request(network="tls", port=server.port, tls=tls), _nothing)
    tls = {**tls, "skip-verify": "1"}
    receiver = Receiver(Loop(), request(network="tls", port=server.port, tls=tls), _nothing)
    receiver.send([b"end"])
    thread.join()
    receiver.close()


def test_certificates_that_are_not_there(server: Server) -> None:
    with pytest.raises(InvalidArgument, match="could not read certificates"):
        Receiver(Loop(), request(network="tls", tls={"name": "x", "ca": "/none"}), _nothing)
