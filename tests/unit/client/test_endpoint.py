import socket
from pathlib import Path

import pytest

from seacan import paths
from seacan.client.endpoint import DEFAULT_SOCKET, parse_host, resolve
from seacan.errors import InvalidArgument, Unavailable, Unsupported


def test_default_is_the_daemons() -> None:
    assert str(paths.DEFAULT_SOCKET) == DEFAULT_SOCKET


@pytest.mark.parametrize(
    ("host", "text", "authority"),
    [
        ("unix:///run/x.sock", "unix:///run/x.sock", "localhost"),
        ("unix://", f"unix://{DEFAULT_SOCKET}", "localhost"),
        ("tcp://127.0.0.1:2376", "tcp://127.0.0.1:2376", "127.0.0.1:2376"),
        ("tcp://example.org", "tcp://example.org:2375", "example.org:2375"),
        ("tcp://[::1]:99/", "tcp://[::1]:99", "[::1]:99"),
        ("tcp://[::1]", "tcp://[::1]:2375", "[::1]:2375"),
    ],
)
def test_hosts(host: str, text: str, authority: str) -> None:
    endpoint = parse_host(host)
    assert (str(endpoint), endpoint.authority) == (text, authority)


@pytest.mark.parametrize(
    "host", ["x", "/run/x.sock", "foo://x", "tcp://", "tcp://:1", "tcp://a:b", "tcp://[::1"]
)
def test_malformed_hosts(host: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_host(host)


@pytest.mark.parametrize("host", ["ssh://me@there", "npipe:////./pipe/x", "https://x"])
def test_hosts_that_cannot_be_reached_yet(host: str) -> None:
    with pytest.raises(Unsupported):
        parse_host(host)


def test_order_of_flag_environment_and_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert resolve().path == DEFAULT_SOCKET
    monkeypatch.setenv("DOCKER_HOST", "unix:///env.sock")
    assert resolve().path == "/env.sock"
    assert resolve("unix:///flag.sock").path == "/flag.sock"


def test_tls_is_refused_rather_than_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    with pytest.raises(Unsupported, match="TLS"):
        resolve("tcp://127.0.0.1")


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"no such file or directory\. Is the daemon running\?"):
        parse_host(f"unix://{tmp_path}/none.sock").connect()


def test_socket_path_that_is_too_long() -> None:
    with pytest.raises(Unavailable, match="too long"):
        parse_host(f"unix:///{'x' * 200}").connect()


def test_tcp_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        connected = parse_host(f"tcp://127.0.0.1:{port}").connect()
        assert connected.gettimeout() is None
        connected.close()
