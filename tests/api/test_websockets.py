"""The handshake of attach over a WebSocket; what follows it is the shim's."""

import pytest
from tests.api.conftest import Api, read_until

PATH = "/v1.51/containers/first/attach/ws"
# The example of RFC 6455, section 1.3.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def handshake(path: str = PATH, **changes: str) -> bytes:
    headers = {
        "Host": "docker",
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items() if v), "", ""]
    return "\r\n".join(lines).encode()


def head(api: Api, request: bytes) -> str:
    with api.connect() as client:
        client.sendall(request)
        return read_until(client, b"\r\n\r\n").decode()


def test_the_key_is_answered_and_the_connection_given_away(api: Api) -> None:
    with api.connect() as client:
        client.sendall(handshake(f"{PATH}?stdin=1&stream=1") + b"early")
        answer = read_until(client, b"early").decode()  # the fake engine sends back what it gets
    assert answer.startswith("HTTP/1.1 101 Switching Protocols\r\n")
    assert f"\r\nSec-WebSocket-Accept: {ACCEPT}\r\n" in answer
    assert api.engine.containers.calls == [
        ("attach", "first", True, False, False, True, False, None, "binary")
    ]


@pytest.mark.parametrize(
    ("version", "asked"),
    [
        ("1.41", (True, True, True, True, False, None, "binary")),
        ("1.24", (True, True, True, True, False, None, "text")),
    ],
)
def test_older_versions_have_all_streams_and_the_oldest_text(
    api: Api, version: str, asked: tuple[object, ...]
) -> None:
    head(api, handshake(f"/v{version}/containers/first/attach/ws?stream=1"))
    assert api.engine.containers.calls == [("attach", "first", *asked)]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Origin": "http://docker"}, 101),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_WebSocket_Version": "8"}, 400),
        ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Upgrade": "tcp"}, 400),
        ({"Connection": "close"}, 400),
        ({"Sec_WebSocket_Protocol": "docker"}, 101),
    ],
)
def test_what_a_handshake_needs(api: Api, changes: dict[str, str], status: int) -> None:
    """Origin: pages of other sites may not open WebSockets to a daemon."""
    assert head(api, handshake(**changes)).startswith(f"HTTP/1.1 {status} ")
