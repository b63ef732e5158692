import socket
from collections.abc import Iterator

import pytest

from seacan.client.transport import HEAD_LIMIT_BYTES, Connection
from seacan.errors import Unavailable


class Line:
    """A connection whose other end is the test."""

    def __init__(self) -> None:
        ours, self.peer = socket.socketpair()
        self.connection = Connection(ours, "localhost")

    def answer(self, data: bytes, *, end: bool = False) -> None:
        self.peer.sendall(data)
        if end:
            self.peer.shutdown(socket.SHUT_WR)

    def sent(self) -> bytes:
        return self.peer.recv(65536)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.connection.close()
    line.peer.close()


def test_request_without_body(line: Line) -> None:
    line.connection.send("GET", "/info", {"User-Agent": "seacan"})
    assert line.sent() == b"GET /info HTTP/1.1\r\nHost: localhost\r\nUser-Agent: seacan\r\n\r\n"


def test_post_without_body_says_so(line: Line) -> None:
    line.connection.send("POST", "/x", {})
    assert b"\r\nContent-Length: 0\r\n" in line.sent()


def test_body_has_its_length(line: Line) -> None:
    line.connection.send("POST", "/x", {}, b"{}")
    assert line.sent().endswith(b"\r\nContent-Length: 2\r\n\r\n{}")


def test_pieces_are_chunks_and_an_empty_one_does_not_end_them(line: Line) -> None:
    line.connection.send("POST", "/x", {}, [b"abc", b"", b"d" * 16])
    head, _, body = line.sent().partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"3\r\nabc\r\n10\r\n" + b"d" * 16 + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\nContent-Length:5\n\nhello",
    ],
)
def test_bodies_after_which_the_connection_goes_on(line: Line, wire: bytes) -> None:
    line.answer(wire)
    response = line.connection.receive()
    assert (response.status, response.read()) == (200, b"hello")
    assert response.may_continue
    line.answer(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert line.connection.receive().status == 204


def test_body_that_lasts_until_the_end(line: Line) -> None:
    line.answer(b"HTTP/1.0 200 OK\r\n\r\nhello", end=True)
    response = line.connection.receive()
    assert response.read() == b"hello"
    assert not response.may_continue


def test_connection_that_the_daemon_closes(line: Line) -> None:
    line.answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    response = line.connection.receive()
    response.read()
    assert not response.may_continue


def test_reply_to_head_has_no_body(line: Line) -> None:
    line.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nApi-Version: 1.51\r\n\r\n")
    response = line.connection.receive(has_body=False)
    assert response.read() == b""
    assert response.headers["api-version"] == "1.51"


def test_body_in_pieces_as_they_come(line: Line) -> None:
    line.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    pieces = line.connection.receive().pieces()
    assert next(pieces) == b"a"
    line.answer(b"1\r\nb\r\n0\r\n\r\n")
    assert list(pieces) == [b"b"]


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"a" * (HEAD_LIMIT_BYTES + 10),
        b"HTTP/1.1 200 OK\r\n" + b"A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 3000,
    ],
)
def test_what_is_no_reply(line: Line, wire: bytes) -> None:
    line.answer(wire, end=True)
    with pytest.raises(Unavailable):
        line.connection.receive()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 9\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n9\r\n"]
)
def test_body_that_ends_too_early(line: Line, framing: bytes) -> None:
    line.answer(b"HTTP/1.1 200 OK\r\n" + framing + b"hello", end=True)
    with pytest.raises(Unavailable):
        line.connection.receive().read()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: x\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nxy\r\n"]
)
def test_body_of_no_length(line: Line, framing: bytes) -> None:
    line.answer(b"HTTP/1.1 200 OK\r\n" + framing + b"hello", end=True)
    with pytest.raises(Unavailable, match="is no length"):
        line.connection.receive().read()


def test_reply_that_comes_before_the_upload_is_through(line: Line) -> None:
    line.answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno", end=True)
    line.peer.close()
    line.connection.send("POST", "/images/load", {}, (b"x" * 65536 for _ in range(100)))
    assert line.connection.receive().read() == b"no"


def test_upgrade_keeps_early_bytes_and_half_closes(line: Line) -> None:
    line.answer(b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/x\r\n\r\nearly")
    stream = line.connection.receive().take_over()
    assert stream.media_type == "application/x"
    assert stream.has_early
    assert (stream.receive(3), stream.receive(9)) == (b"ear", b"ly")
    assert not stream.has_early
    stream.send(b"in")
    stream.end_sending()
    assert (line.sent(), line.sent()) == (b"in", b"")
    line.answer(b"out", end=True)
    assert (stream.receive(), stream.receive()) == (b"out", b"")


def test_sending_never_waits_for_a_reader(line: Line) -> None:
    line.answer(b"HTTP/1.1 101 UPGRADED\r\n\r\n")
    stream = line.connection.receive().take_over()
    sent = [stream.send_some(b"x" * 65536) for _ in range(100)]
    assert 0 < sum(sent) < 100 * 65536
    assert sent[-1] == 0
