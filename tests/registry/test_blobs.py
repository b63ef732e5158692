"""Blobs over HTTP: every way in, every way out."""

import hashlib
import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.daemon import wait_until
from tests.registry.conftest import RegistryWith, Running, sha256

DATA = bytes(range(256)) * 40
DIGEST = sha256(DATA)


def start(registry: Running, query: str = "") -> str:
    answer = registry.ask("POST", f"/v2/team/app/blobs/uploads/{query}")
    assert answer.status == 202
    assert answer.headers["range"] == "0-0"
    return answer.headers["location"]


def chunk(registry: Running, location: str, first: int, last: int) -> int:
    headers = {"Content-Range": f"{first}-{last}", "Content-Type": "application/octet-stream"}
    return registry.ask("PATCH", location, DATA[first : last + 1], headers).status


def finish(
    registry: Running, location: str, digest: str = DIGEST, body: bytes | None = None
) -> int:
    return registry.ask("PUT", f"{location}?digest={digest}", body).status


def content(registry: Running, digest: str = DIGEST) -> bytes:
    answer = registry.ask("GET", f"/v2/team/app/blobs/{digest}")
    assert answer.status == 200
    assert answer.headers["docker-content-digest"] == digest
    return answer.body


def test_one_request(registry: Running) -> None:
    registry.push_blob("team/app", DATA)

    assert content(registry) == DATA


def test_post_then_put(registry: Running) -> None:
    assert finish(registry, start(registry), body=DATA) == 201

    assert content(registry) == DATA


def test_chunks(registry: Running) -> None:
    location = start(registry)
    assert chunk(registry, location, 0, 99) == 202
    assert chunk(registry, location, 100, 5000) == 202
    assert registry.ask("GET", location).headers["range"] == "0-5000"
    assert finish(registry, location, body=DATA[5001:]) == 201

    assert content(registry) == DATA


def test_how_far_one_is_told_is_not_behind_what_is_on_its_way(
    registry: Running, tmp_path: Path
) -> None:
    """Who goes on from there, after a connection that broke, would be told that it is elsewhere."""
    data = bytes(4 << 20)
    location = start(registry)
    with socket.create_connection(("127.0.0.1", registry.port), timeout=60) as sender:
        head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
        sender.sendall(head.encode() + data[: 3 << 20])
        (file,) = (tmp_path / "registry" / "uploads").iterdir()
        wait_until(lambda: file.stat().st_size > 0, "some of it to be taken")
        with ThreadPoolExecutor() as threads:
            told = threads.submit(registry.ask, "GET", location)
            sender.sendall(data[3 << 20 :])
            assert told.result().headers["range"] == f"0-{len(data) - 1}"
        assert sender.recv(100).startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize(("first", "last"), [(0, 99), (101, 200), (50, 99)])
def test_a_chunk_out_of_order(registry: Running, first: int, last: int) -> None:
    location = start(registry)
    assert chunk(registry, location, 0, 99) == 202

    assert chunk(registry, location, first, last) == 416
    headers = {"Content-Range": f"{first}-{last}"}
    put = registry.ask("PUT", f"{location}?digest={DIGEST}", DATA[first : last + 1], headers)
    assert put.status == 416
    assert registry.ask("GET", location).headers["range"] == "0-99"
    assert finish(registry, location, body=DATA[100:]) == 201


@pytest.mark.parametrize("given", ["5-3", "x-y", "-1", "0-", "0-99999999999999999999"])
def test_a_malformed_range_of_a_chunk(registry: Running, given: str) -> None:
    answer = registry.ask("PATCH", start(registry), b"12", {"Content-Range": given})

    assert (answer.status, answer.code) == (400, "BLOB_UPLOAD_INVALID")


def test_a_range_of_another_length_than_the_chunk(registry: Running) -> None:
    answer = registry.ask("PATCH", start(registry), b"12", {"Content-Range": "0-9"})

    assert (answer.status, answer.code) == (400, "SIZE_INVALID")


def test_a_stream_of_unknown_length(registry: Running) -> None:
    location = start(registry)
    connection = http.client.HTTPConnection("127.0.0.1", registry.port)
    pieces = [DATA[at : at + 1000] for at in range(0, len(DATA), 1000)]
    connection.request("PATCH", location, iter(pieces), encode_chunked=True)
    assert connection.getresponse().status == 202
    connection.close()

    assert finish(registry, location) == 201
    assert content(registry) == DATA


@pytest.mark.parametrize("declared", ["", "?digest-algorithm=sha512"])
def test_sha512(registry: Running, declared: str) -> None:
    digest = f"sha512:{hashlib.sha512(DATA).hexdigest()}"

    assert finish(registry, start(registry, declared), digest, DATA) == 201

    assert content(registry, digest) == DATA
    assert registry.ask("GET", f"/v2/team/app/blobs/{DIGEST}").status == 404


def test_nothing_at_all_is_a_blob_too(registry: Running) -> None:
    digest = registry.push_blob("team/app", b"")

    assert content(registry, digest) == b""


def test_bytes_of_another_digest_are_refused(registry: Running) -> None:
    location = start(registry)
    answer = registry.ask("PUT", f"{location}?digest={DIGEST}", DATA[1:])

    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert registry.ask("GET", location).code == "BLOB_UPLOAD_UNKNOWN"
    assert registry.ask("HEAD", f"/v2/team/app/blobs/{DIGEST}").status == 404


@pytest.mark.parametrize(
    "digest",
    ["sha256:abc", "md5:" + "0" * 32, "sha384:" + "0" * 96, "", "sha256:" + "0" * 64 + "/.."],
)
def test_what_is_no_digest_is_refused(registry: Running, digest: str) -> None:
    answer = registry.ask("PUT", f"{start(registry)}?digest={digest}", DATA)

    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


def test_an_upload_belongs_to_its_repository(registry: Running) -> None:
    elsewhere = start(registry).replace("team/app", "other")

    assert registry.ask("PATCH", elsewhere, DATA).code == "BLOB_UPLOAD_UNKNOWN"
    assert registry.ask("GET", elsewhere).status == 404
    assert registry.ask("DELETE", elsewhere).status == 404


def test_an_upload_that_is_cancelled(registry: Running) -> None:
    location = start(registry)
    chunk(registry, location, 0, 99)

    assert registry.ask("DELETE", location).status == 204
    assert registry.ask("GET", location).code == "BLOB_UPLOAD_UNKNOWN"
    assert finish(registry, location) == 404


def test_an_upload_goes_on_after_a_restart(registry_with: RegistryWith) -> None:
    with registry_with() as registry:
        location = start(registry)
        chunk(registry, location, 0, 4999)
    with registry_with() as registry:
        assert registry.ask("GET", location).headers["range"] == "0-4999"
        assert chunk(registry, location, 5000, len(DATA) - 1) == 202
        assert finish(registry, location) == 201
        assert content(registry) == DATA


def test_mount(registry: Running) -> None:
    registry.push_blob("team/app", DATA)

    path = f"/v2/other/blobs/uploads/?mount={DIGEST}&from=team/app"
    answer = registry.ask("POST", path)

    assert answer.status == 201
    assert answer.headers["location"] == f"/v2/other/blobs/{DIGEST}"
    assert registry.ask("GET", f"/v2/other/blobs/{DIGEST}").body == DATA


def test_a_mount_of_what_is_not_there_begins_an_upload(registry: Running) -> None:
    registry.push_blob("team/app", DATA)
    other = sha256(b"other")

    for query in (f"mount={other}&from=team/app", f"mount={DIGEST}&from=nobody", f"mount={other}"):
        assert registry.ask("POST", f"/v2/other/blobs/uploads/?{query}").status == 202


def test_head(registry: Running) -> None:
    registry.push_blob("team/app", DATA)

    answer = registry.ask("HEAD", f"/v2/team/app/blobs/{DIGEST}")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["docker-content-digest"] == DIGEST


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", DATA[:10]),
        ("bytes=100-", DATA[100:]),
        ("bytes=-5", DATA[-5:]),
        ("bytes=10200-99999", DATA[10200:]),
        (f"bytes=-{len(DATA) * 2}", DATA),
    ],
)
def test_a_part(registry: Running, wanted: str, part: bytes) -> None:
    registry.push_blob("team/app", DATA)

    answer = registry.ask("GET", f"/v2/team/app/blobs/{DIGEST}", headers={"Range": wanted})

    assert (answer.status, answer.body) == (206, part)
    first = len(DATA) - len(part) if wanted != "bytes=0-9" else 0
    expected = f"bytes {first}-{first + len(part) - 1}/{len(DATA)}"
    assert answer.headers["content-range"] == expected


@pytest.mark.parametrize(
    "wanted", ["bytes=10240-", "bytes=99999-100000", "bytes=500-0", "bytes=-0"]
)
def test_a_part_that_is_not_there(registry: Running, wanted: str) -> None:
    registry.push_blob("team/app", DATA)

    answer = registry.ask("GET", f"/v2/team/app/blobs/{DIGEST}", headers={"Range": wanted})

    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "lines=1-2", "bytes=a-b"])
def test_a_range_nobody_serves_gets_all(registry: Running, wanted: str) -> None:
    registry.push_blob("team/app", DATA)

    answer = registry.ask("GET", f"/v2/team/app/blobs/{DIGEST}", headers={"Range": wanted})

    assert (answer.status, answer.body) == (200, DATA)


def test_delete(registry: Running) -> None:
    registry.push_blob("team/app", DATA)
    registry.push_blob("other", DATA)
    path = f"/v2/team/app/blobs/{DIGEST}"

    assert registry.ask("DELETE", path).status == 202
    assert registry.ask("DELETE", path).code == "BLOB_UNKNOWN"
    assert registry.ask("GET", path).code == "BLOB_UNKNOWN"
    assert registry.ask("GET", f"/v2/other/blobs/{DIGEST}").body == DATA
