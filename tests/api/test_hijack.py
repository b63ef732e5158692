"""The client's own connection, given away: attach and exec."""

import os
import socket
import time
from pathlib import Path

import pytest
from tests.api.conftest import Api, read_all, read_until

from seacan.errors import Conflict

UPGRADE = b"Connection: Upgrade\r\nUpgrade: tcp\r\n"
ATTACH = b"POST /v1.51/containers/first/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n"


def test_an_upgrade_is_answered_by_101(api: Api) -> None:
    with api.connect() as client:
        client.sendall(ATTACH + UPGRADE + b"\r\n")

        assert read_until(client, b"\r\n\r\n") == (
            b"HTTP/1.1 101 UPGRADED\r\n"
            b"Content-Type: application/vnd.docker.multiplexed-stream\r\n"
            b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        )
    assert api.engine.containers.calls == [
        ("attach", "first", True, True, False, True, False, None)
    ]


def test_without_an_upgrade_it_is_200_and_no_length(api: Api) -> None:
    with api.connect() as client:
        client.sendall(ATTACH + b"\r\n")

        assert read_until(client, b"\r\n\r\n") == (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
        )


@pytest.mark.parametrize(
    ("version", "tty", "expected"),
    [("1.51", False, "multiplexed"), ("1.42", False, "multiplexed"), ("1.41", False, "raw"),
     ("1.51", True, "raw")],
)  # fmt: skip
def test_the_type_tells_whether_frames_follow(
    api: Api, version: str, tty: bool, expected: str
) -> None:
    api.engine.containers.records["first"].config["Tty"] = tty
    with api.connect() as client:
        client.sendall(ATTACH.replace(b"1.51", version.encode()) + UPGRADE + b"\r\n")

        head = read_until(client, b"\r\n\r\n")
    assert f"Content-Type: application/vnd.docker.{expected}-stream\r\n".encode() in head


def test_bytes_sent_with_the_head_arrive(api: Api) -> None:
    with api.connect() as client:
        client.sendall(ATTACH + UPGRADE + b"\r\nearly ")
        client.sendall(b"later")
        client.shutdown(socket.SHUT_WR)

        assert read_all(client).endswith(b"\r\n\r\nearly later<end>")


def test_a_body_of_the_request_is_no_input(api: Api) -> None:
    """As dockerode sends one with an attach: with the head, or after it."""
    head = ATTACH + UPGRADE + b"Content-Type: application/json\r\nContent-Length: 14\r\n\r\n"
    with api.connect() as client:
        client.sendall(head + b'{"stdin"')
        read_until(client, b"\r\n\r\n")
        client.sendall(b":true}early ")
        client.sendall(b"later")
        client.shutdown(socket.SHUT_WR)

        assert read_all(client) == b"early later<end>"


def test_of_a_body_in_chunks_all_is_input(api: Api) -> None:
    """Clients that cannot tell its length, and have the connection itself from then on."""
    with api.connect() as client:
        client.sendall(ATTACH + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\nearly")
        client.shutdown(socket.SHUT_WR)

        assert read_all(client).endswith(b"\r\n\r\nearly<end>")


def test_a_client_that_ends_within_its_body_has_no_input(api: Api) -> None:
    with api.connect() as client:
        client.sendall(ATTACH + UPGRADE + b"Content-Length: 15\r\n\r\n{")
        client.shutdown(socket.SHUT_WR)

        assert read_all(client).endswith(b"\r\n\r\n<end>")


def test_half_a_close_is_no_abort(api: Api) -> None:
    with api.connect() as client:
        client.sendall(ATTACH + UPGRADE + b"Content-Length: 0\r\n\r\n")
        read_until(client, b"\r\n\r\n")
        client.sendall(b"input")
        assert client.recv(100) == b"input"
        client.shutdown(socket.SHUT_WR)
        # The daemon's side of the connection was closed long ago, but not shut down.
        assert read_all(client) == b"<end>"


def test_a_request_of_another_sort_is_not_read_out_of_the_stream(api: Api) -> None:
    with api.connect() as client:
        client.sendall(ATTACH + UPGRADE + b"\r\n")
        read_until(client, b"\r\n\r\n")
        client.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
        assert read_until(client, b"\r\n\r\n").startswith(b"GET /_ping")


def test_an_error_comes_before_the_connection_changes(api: Api) -> None:
    answer = api.exchange(
        b"POST /containers/nope/attach?stream=1 HTTP/1.1\r\nHost: d\r\n" + UPGRADE + b"\r\n"
        b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n"
    )

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b'{"message":"No such container: nope"}' in answer
    assert answer.endswith(b"OK")


def test_exec_reads_its_body_and_gives_what_follows(api: Api) -> None:
    exec_id = api.ask("POST", "/containers/first/exec", {"Cmd": ["sh"], "Tty": True}).json["Id"]
    body = b'{"Tty":true,"ConsoleSize":[24,80]}'
    with api.connect() as client:
        client.sendall(
            b"POST /v1.51/exec/%s/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n%s\r\n%searly" % (exec_id.encode(), len(body), UPGRADE, body)
        )
        client.shutdown(socket.SHUT_WR)
        answer = read_all(client)

    assert answer.startswith(b"HTTP/1.1 101 UPGRADED\r\n")
    assert b"\r\nApi-Version: 1.51\r\n" in answer  # of an exec, but not of an attach
    assert answer.endswith(b"\r\n\r\nearly<end>")
    assert api.engine.execs.calls[-1] == ("start", exec_id, False, True, [24, 80])


def test_aborted_hijacks_leak_no_descriptor(api: Api) -> None:
    api.ask("GET", "/_ping")
    before = _descriptors()
    for round_ in range(30):
        with api.connect() as client:
            client.sendall(ATTACH + UPGRADE + b"\r\n" + b"early" * (round_ % 3))
            if round_ % 2:
                client.recv(10)
    api.engine.containers.attachment_fails = True
    for _ in range(10):
        with api.connect() as client:
            client.sendall(ATTACH + UPGRADE + b"\r\n")
            assert b"UPGRADED" in read_all(client)
    api.engine.containers.fails["attach"] = Conflict("not now")
    for _ in range(10):
        with api.connect() as client:
            client.sendall(ATTACH + UPGRADE + b"\r\n")
    deadline = time.monotonic() + 60
    while _descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.005)
    assert _descriptors() <= before


def _descriptors() -> int:
    # Of sockets alone: other tests' threads of this process may have files open.
    links = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            links.append(os.readlink(link))
        except FileNotFoundError:
            continue
    return sum(link.startswith("socket:") for link in links)
