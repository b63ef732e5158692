import socket
from contextlib import closing
from pathlib import Path

import pytest

from seacan import paths
from seacan.client.endpoint import DEFAULT_SOCKET, parse_host
from seacan.client.ssh import ssh_command
from seacan.errors import InvalidArgument, Unavailable


def test_default_is_the_daemons() -> None:
    assert str(paths.DEFAULT_SOCKET) == DEFAULT_SOCKET


@pytest.mark.parametrize(
    ("host", "text", "authority"),
    [
        ("unix:///run/x.sock", "unix:///run/x.sock", "localhost"),
        ("unix://", f"unix://{DEFAULT_SOCKET}", "localhost"),
        ("tcp://127.0.0.1:2376", "tcp://127.0.0.1:2376", "127.0.0.1:2376"),
        ("tcp://example.org", "tcp://example.org:2375", "example.org:2375"),
        ("example.org", "tcp://example.org:2375", "example.org:2375"),
        (" tcp:// ", "tcp://localhost:2375", "localhost:2375"),
        (":1", "tcp://localhost:1", "localhost:1"),
        ("tcp://[::1]:99/", "tcp://[::1]:99", "[::1]:99"),
        ("tcp://[::1]:", "tcp://[::1]:2375", "[::1]:2375"),
        ("tcp://[::1]:99/behind/proxy", "tcp://[::1]:99/behind/proxy", "[::1]:99"),
        ("ssh://me@there", "ssh://me@there", "localhost"),
        ("ssh://there:22/run/x.sock", "ssh://there:22/run/x.sock", "localhost"),
        ("ssh://[::1]:22", "ssh://[::1]:22", "localhost"),
    ],
)
def test_hosts(host: str, text: str, authority: str) -> None:
    endpoint = parse_host(host)
    assert (str(endpoint), endpoint.authority) == (text, authority)


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("foo://x", "invalid bind address format: foo://x"),
        ("http://127.0.0.1", "invalid bind address format: http://127.0.0.1"),
        ("tcp://a:b", 'parse "tcp://a:b": invalid port ":b" after host'),
        ("tcp://a:70000", 'parse "tcp://a:70000": invalid port ":70000" after host'),
        ("tcp://[::1", "parse \"tcp://[::1\": missing ']' in host"),
        ("tcp://a://b", "invalid proto, expected tcp: a://b"),
        ("unix://a://b", "invalid proto, expected unix: a://b"),
        ("fd://", "unable to parse docker host `fd://`"),
        ("npipe:////./pipe/x", "protocol not available"),
        ("ssh://", "ssh host connection is not valid: invalid SSH URL: hostname is empty"),
        (
            "ssh://u:p@h",
            "ssh host connection is not valid: invalid SSH URL: "
            "plain-text password is not supported",
        ),
        (
            "ssh://h?x=1",
            "ssh host connection is not valid: invalid SSH URL: "
            'query parameters are not allowed: "x=1"',
        ),
        (
            "ssh://h/p#f",
            'ssh host connection is not valid: invalid SSH URL: fragments are not allowed: "f"',
        ),
    ],
)
def test_malformed_hosts(host: str, complaint: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        parse_host(host)
    assert str(raised.value) == complaint


@pytest.mark.parametrize(
    ("host", "words", "remote"),
    [
        ("ssh://there", [], " system dial-stdio"),
        ("ssh://me@there:2222", ["-l", "me", "-p", "2222"], " system dial-stdio"),
        ("ssh://there/run/a.sock", [], " --host='\\''unix:///run/a.sock'\\'' system dial-stdio"),
    ],
)
def test_what_ssh_is_told(host: str, words: list[str], remote: str) -> None:
    assert ssh_command(parse_host(host)) == [
        *("ssh", "-o", "ConnectTimeout=30", "-T", *words, "--", "there"),
        f"sh -c 'command -v seacan >/dev/null && exec seacan{remote}; exec docker{remote}'",
    ]


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as raised:
        parse_host(f"unix://{tmp_path}/none.sock").connect()
    assert str(raised.value) == (
        f"Cannot connect to the Docker daemon at unix://{tmp_path}/none.sock. "
        "Is the docker daemon running?"
    )


def test_socket_path_that_is_too_long() -> None:
    with pytest.raises(Unavailable, match="Cannot connect"):
        parse_host(f"unix:///{'x' * 200}").connect()


def test_tcp_connects() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with closing(parse_host(f"tcp://127.0.0.1:{port}").connect()) as connected:
            accepted, _ = listener.accept()
            with accepted:
                connected.sendall(b"hello")
                assert accepted.recv(10) == b"hello"
