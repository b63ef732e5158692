"""Which proxy is before a daemon, and the tunnel through it."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from seacan.client.endpoint import parse_host
from seacan.client.proxy import proxy_to
from seacan.errors import InvalidArgument, Unavailable


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("host", "exceptions", "is_asked"),
    [
        ("box.example", "", True),
        ("localhost", "", False),
        ("127.0.0.9", "", False),
        ("::1", "", False),
        ("box.example", "*", False),
        ("box.example", "other, box.example", False),
        ("BOX.example", "box.EXAMPLE", False),
        ("box.example", "example", False),
        ("box.example", ".example", False),
        ("example", ".example", True),
        ("a.box.example", "*.box.example", False),
        ("box.example", "*.box.example", True),
        ("notbox.example", "box.example", True),
        ("box.example", "box.example:2375", False),
        ("box.example", "box.example:2376", True),
        ("10.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", False),
        ("10.1.2.3", "10.1.2.3:1", True),
        ("10.1.2.3", "10.0.0.0/99,11.0.0.0/8", True),
        ("box.example", "10.0.0.0/8", True),
        ("fd00::2", "[fd00::2]:2375", False),
        ("fd00::2", "fd00::/8", False),
    ],
)
def test_who_is_asked_through_a_proxy(
    host: str, exceptions: str, is_asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (proxy_to(host, 2375, is_tls=False) is not None) == is_asked


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://p:3128", "p:3128"),
        ("p:3128", "p:3128"),
        ("http://p", "p:80"),
        ("http://[::1]:3128/", "[::1]:3128"),
        ("http://user:p%40ss@p:3128", "p:3128"),
    ],
)
def test_what_names_a_proxy(url: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", url)
    assert proxy_to("box.example", 2376, is_tls=False) is None
    found = proxy_to("box.example", 2376, is_tls=True)
    assert str(found) == proxy
    monkeypatch.setenv("HTTPS_PROXY", "other")  # comes before the one in lower case
    assert str(proxy_to("box.example", 2376, is_tls=True)) == "other:80"


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("socks5://p:1080", "HTTP_PROXY: a proxy of socks5:// is not supported, only http://"),
        ("http://p:x", "HTTP_PROXY: Port could not be cast to integer"),
        ("http://:3128", "HTTP_PROXY: it names no host"),
    ],
)
def test_what_does_not(url: str, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", url)
    with pytest.raises(InvalidArgument, match=complaint):
        parse_host("tcp://box.example:2375").connect()


class FakeProxy:
    """Answers one request with `answer`, and then sends back what it gets, and a last word."""

    def __init__(self, answer: bytes) -> None:
        self.asked = b""
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        client = self._listener.accept()[0]
        with client, self._listener:
            while b"\r\n\r\n" not in self.asked:
                self.asked += client.recv(4096)
            client.sendall(self._answer)
            while data := client.recv(4096):
                client.sendall(data)
            client.sendall(b"<end>")

    def join(self) -> None:
        self._thread.join()


@pytest.fixture
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProxy]:
    proxy = FakeProxy(request.param)
    monkeypatch.setenv("HTTP_PROXY", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
    yield proxy
    proxy.join()


@pytest.mark.parametrize(
    "proxy", [b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"], indirect=True
)
def test_a_tunnel_passes_all_bytes_and_the_end_of_input(proxy: FakeProxy) -> None:
    with closing(parse_host("tcp://box.example:2375").connect()) as connection:
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: connection.recv(100), b"")) == b"hello<end>"
    pair = base64.b64encode(b"user:p@ss").decode()
    assert proxy.asked.decode().split("\r\n") == [
        "CONNECT box.example:2375 HTTP/1.1",
        "Host: box.example:2375",
        f"Proxy-Authorization: Basic {pair}",
        *("", ""),
    ]


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it answers 407 proxy authenticat"),
        (b"220 mail\r\n\r\n", "it answers mail"),
    ],
    indirect=["proxy"],
)
def test_a_proxy_that_does_not_want_to(proxy: FakeProxy, why: str) -> None:
    expected = f"tcp://box.example:2375 through the proxy 127.0.0.1:{proxy.port}: {why}"
    with pytest.raises(Unavailable, match=expected):
        parse_host("tcp://box.example:2375").connect()


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "127.0.0.1:1")
    with pytest.raises(Unavailable, match=r"through the proxy 127.0.0.1:1: connection refused"):
        parse_host("tcp://box.example:2375").connect()
