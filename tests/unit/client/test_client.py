import json
import select
from pathlib import Path

import pytest
from tests.unit.client.scripted import Request, refusal, reply, scripted_daemon, upgraded

from seacan import errors
from seacan.client.client import Client, encode_json, encode_query, messages
from seacan.client.images import split_reference


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_API_VERSION", "DOCKER_TLS_VERIFY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("offered", "spoken"), [("1.51", "1.51"), ("1.99", "1.51"), ("1.9", "1.9"), ("", "1.24")]
)
def test_version_is_the_newest_of_both(tmp_path: Path, offered: str, spoken: str) -> None:
    ping = f"HTTP/1.1 200 OK\r\nApi-Version: {offered}\r\nContent-Length: 0\r\n\r\n".encode()
    with (
        scripted_daemon(tmp_path, **{"HEAD /_ping": ping, "GET /info": reply("{}")}) as daemon,
        Client(daemon.host) as client,
    ):
        client.system.info()
    assert daemon.asked() == ["HEAD /_ping", f"GET /v{spoken}/info"]


def test_chosen_version_is_not_negotiated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_API_VERSION", "1.40")
    with (
        scripted_daemon(tmp_path, **{"GET /info": reply("{}")}) as daemon,
        Client(daemon.host) as client,
    ):
        client.system.info()
    assert daemon.asked() == ["GET /v1.40/info"]


def test_one_connection_serves_request_after_request(tmp_path: Path) -> None:
    with (
        scripted_daemon(tmp_path, **{"GET /info": reply("{}")}) as daemon,
        Client(daemon.host) as client,
    ):
        for _ in range(3):
            client.system.info()
    assert daemon.connections == 1


def test_connection_that_the_daemon_dropped_is_replaced(tmp_path: Path) -> None:
    def answer_and_leave(request: Request) -> None:
        request.connection.sendall(reply('{"a": 1}'))

    with (
        scripted_daemon(tmp_path, **{"GET /info": answer_and_leave}) as daemon,
        Client(daemon.host) as client,
    ):
        client.system.ping()
        assert client.system.info() == {"a": 1}
        select.select(client._idle, [], [])  # The end of the connection is here.
        assert client.system.info() == {"a": 1}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, errors.InvalidArgument),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (418, errors.Internal),
        (500, errors.Internal),
        (501, errors.Unsupported),
        (503, errors.Unavailable),
    ],
)
def test_status_is_the_class_of_the_error(
    tmp_path: Path, status: int, expected: type[Exception]
) -> None:
    with (
        scripted_daemon(tmp_path, **{"GET /info": refusal(status, "why")}) as daemon,
        Client(daemon.host) as client,
        pytest.raises(expected, match=r"^Error response from daemon: why$"),
    ):
        client.system.info()


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"plain text\n", "plain text"), (b"", "status 500 without a message"), (b"[1]", r"\[1\]")],
)
def test_refusal_that_is_no_message(tmp_path: Path, body: bytes, text: str) -> None:
    with (
        scripted_daemon(tmp_path, **{"GET /info": reply(body, 500)}) as daemon,
        Client(daemon.host) as client,
        pytest.raises(errors.Internal, match=f"^Error response from daemon: {text}$"),
    ):
        client.system.info()


def test_reply_that_is_no_json(tmp_path: Path) -> None:
    with (
        scripted_daemon(tmp_path, **{"GET /info": reply(b"<html>")}) as daemon,
        Client(daemon.host) as client,
        pytest.raises(errors.Unavailable, match="the daemon's reply is no JSON"),
    ):
        client.system.info()


def test_create_sends_json_and_returns_id_and_warnings(tmp_path: Path) -> None:
    with (
        scripted_daemon(
            tmp_path, **{"POST /containers/create": reply('{"Id":"abc","Warnings":["w"]}', 201)}
        ) as daemon,
        Client(daemon.host) as client,
    ):
        created = client.containers.create({"Image": "x"}, name="n")
    assert (created.id, created.warnings) == ("abc", ["w"])
    request = daemon.requests[-1]
    assert (request.query, json.loads(request.body)) == ("name=n", {"Image": "x"})
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("status", "changed"), [(204, True), (304, False)])
def test_start_tells_whether_it_was_stopped(tmp_path: Path, status: int, changed: bool) -> None:
    answer = f"HTTP/1.1 {status} X\r\n\r\n".encode()
    with (
        scripted_daemon(tmp_path, **{"POST /containers/c/start": answer}) as daemon,
        Client(daemon.host) as client,
    ):
        assert client.containers.start("c") is changed


def test_wait_returns_when_the_daemon_waits_and_has_the_result_later(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with (
        scripted_daemon(
            tmp_path, **{"POST /containers/c/wait": head, "GET /info": reply("{}")}
        ) as daemon,
        Client(daemon.host) as client,
        client.containers.wait("c", "removed") as waiting,
    ):
        assert not waiting.is_known
        client.system.info()  # On another connection.
        request = daemon.requests[1]
        assert request.query == "condition=removed"
        body = b'{"StatusCode":137}'
        request.connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert waiting.result() == 137


def test_wait_that_fails(tmp_path: Path) -> None:
    answer = reply('{"StatusCode":0,"Error":{"Message":"no idea"}}')
    with (
        scripted_daemon(tmp_path, **{"POST /containers/c/wait": answer}) as daemon,
        Client(daemon.host) as client,
        client.containers.wait("c") as waiting,
    ):
        assert waiting.is_known
        with pytest.raises(errors.Internal, match="no idea"):
            waiting.result()


def test_attach_upgrades(tmp_path: Path) -> None:
    def attach(request: Request) -> None:
        request.connection.sendall(upgraded() + b"early")
        request.connection.sendall(request.connection.recv(100).upper())

    with (
        scripted_daemon(tmp_path, **{"POST /containers/c/attach": attach}) as daemon,
        Client(daemon.host) as client,
        client.containers.attach("c", stdin=True, detach_keys="ctrl-a,b") as stream,
    ):
        stream.send(b"later")
        assert b"".join(iter(stream.receive, b"")) == b"earlyLATER"
    request = daemon.requests[-1]
    assert request.headers["upgrade"] == "tcp"
    assert request.query == "stream=1&stdin=1&stdout=1&stderr=1&detachKeys=ctrl-a%2Cb"


def test_attach_refused_is_an_error(tmp_path: Path) -> None:
    with (
        scripted_daemon(
            tmp_path, **{"POST /containers/c/attach": refusal(404, "No such container: c")}
        ) as daemon,
        Client(daemon.host) as client,
        pytest.raises(errors.NotFound, match="No such container: c"),
    ):
        client.containers.attach("c")


def test_load_sends_the_archive_in_chunks(tmp_path: Path) -> None:
    with (
        scripted_daemon(
            tmp_path, **{"POST /images/load": reply('{"stream":"a"}\r\n{"stream":"b"}')}
        ) as daemon,
        Client(daemon.host) as client,
        client.images.load([b"abc", b"def"]) as response,
    ):
        assert [m["stream"] for m in messages(response.pieces())] == ["a", "b"]
    assert daemon.requests[-1].body == b"abcdef"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, ""),
        ({"a": None, "b": False, "c": {}}, ""),
        ({"all": True, "limit": 3, "t": 0}, "?all=1&limit=3&t=0"),
        ({"changes": ["CMD x", "ENV a=b"]}, "?changes=CMD%20x&changes=ENV%20a%3Db"),
        ({"filters": {"label": ["a"]}}, "?filters=%7B%22label%22%3A%5B%22a%22%5D%7D"),
        ({"name": "ä"}, "?name=%C3%A4"),
    ],
)
def test_query(values: dict[str, object], text: str) -> None:
    assert encode_query(values) == text


def test_name_cannot_leave_its_place_in_the_path(tmp_path: Path) -> None:
    with (
        scripted_daemon(tmp_path) as daemon,
        Client(daemon.host) as client,
    ):
        assert client.path("images", "a/b:c?d#e f\r\n", "json") == (
            "/v1.51/images/a/b:c%3Fd%23e%20f%0D%0A/json"
        )


def test_bytes_that_are_no_utf8_become_replacements_as_in_go() -> None:
    assert encode_json({"Env": ["A=\udcff"], "B": "ä"}) == ('{"Env":["A=\ufffd"],"B":"ä"}'.encode())


def test_messages_are_split_wherever_the_pieces_are() -> None:
    assert list(messages([b'{"a":', b"1}\r\n\r\n", b'{"a":2}\n{"a"', b":3}"])) == [
        {"a": 1},
        {"a": 2},
        {"a": 3},
    ]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("busybox", ("busybox", "")),
        ("busybox:1", ("busybox", "1")),
        ("localhost:5000/a/b", ("localhost:5000/a/b", "")),
        ("localhost:5000/a/b:c", ("localhost:5000/a/b", "c")),
        ("a@sha256:12", ("a", "sha256:12")),
    ],
)
def test_reference_is_split_at_its_tag(name: str, parts: tuple[str, str]) -> None:
    assert split_reference(name) == parts
