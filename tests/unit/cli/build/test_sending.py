"""What of a context is sent: to a daemon that knows inventories, and to others."""

import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.scripted import (
    PING,
    Request,
    ScriptedDaemon,
    refusal,
    reply,
    scripted_daemon,
)

from seacan.cli.build import archive, sending, sources
from seacan.client.client import Client
from seacan.spec.inventory import KEY_HEADER, MEDIA_TYPE

SEACAN = PING.replace(b"Ostype", b"Server: seacan/0.1.0 (linux)\r\nOstype")
OLD_NS = 10**18


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # What was changed just now may change again and look the same; so the tests are of a later day.
    now_ns = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + 10**10)
    root = tmp_path / "context"
    (root / "d").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (root / "d" / "f").write_bytes(b"first")
    (root / "link").symlink_to("d/f")
    return root


def send(daemon: ScriptedDaemon, context: Path) -> Request:
    source = sources.find(str(context), "")
    with Client(daemon.host) as client, sending.send(client, source, {"q": "1"}, {}) as answer:
        answer.read()
    return daemon.requests[-1]


def split(request: Request) -> tuple[dict[str, list[Any]], list[str], bytes]:
    """Return the entries by path, the paths of what is sent, and the contents."""
    assert request.headers["content-type"] == MEDIA_TYPE
    line, _, contents = request.body.partition(b"\n")
    said = json.loads(line)
    entries = said["Entries"]
    return {entry[0]: entry for entry in entries}, [entries[n][0] for n in said["Sent"]], contents


def built() -> dict[str, bytes | Callable[[Request], bytes | None]]:
    return {"HEAD /_ping": SEACAN, "POST /build": reply(""), "POST /build/inventory": reply("")}


def test_only_what_changed_is_sent_again(context: Path, tmp_path: Path) -> None:
    with scripted_daemon(tmp_path, **built()) as daemon:
        first = send(daemon, context)
        entries, sent, contents = split(first)
        assert sent == ["Dockerfile", "d/f"]
        assert contents == b"FROM scratch\nCOPY . /\nfirst"
        assert entries["d/f"][4:6] == [5, hashlib.sha256(b"first").hexdigest()]
        assert entries["link"][1:3] == ["link", 0o777]
        assert entries["link"][5] == "d/f"
        (context / "d" / "f").write_bytes(b"other")
        second = send(daemon, context)
        assert split(second)[1:] == (["d/f"], b"other")
        assert split(send(daemon, context))[1:] == ([], b"")
    assert len({request.headers[KEY_HEADER.lower()] for request in (first, second)}) == 1


def test_what_is_as_it_was_is_not_read(
    context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_daemon(tmp_path, **built()) as daemon:
        send(daemon, context)
        monkeypatch.setattr(archive, "open_file", None)
        assert split(send(daemon, context))[1:] == ([], b"")


def test_a_change_that_size_and_time_do_not_show(context: Path, tmp_path: Path) -> None:
    file = context / "d" / "f"
    os.utime(file, ns=(OLD_NS, OLD_NS))
    with scripted_daemon(tmp_path, **built()) as daemon:
        send(daemon, context)
        file.write_bytes(b"tsrif")
        os.utime(file, ns=(OLD_NS, OLD_NS))
        assert split(send(daemon, context))[1:] == (["d/f"], b"tsrif")


def test_what_changed_just_now_is_read_again(
    context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: OLD_NS)
    read: list[str] = []
    open_file = archive.open_file

    def open_and_note(path: str) -> FileIO:
        read.append(path)
        return open_file(path)

    monkeypatch.setattr(archive, "open_file", open_and_note)
    with scripted_daemon(tmp_path, **built()) as daemon:
        send(daemon, context)
        read.clear()
        assert split(send(daemon, context))[1] == []  # the daemon has it all the same
        assert [os.path.basename(path) for path in read] == ["Dockerfile", "f"]


def test_all_is_sent_to_a_daemon_that_keeps_it_no_more(context: Path, tmp_path: Path) -> None:
    def answer(request: Request) -> bytes:
        return reply("") if b"first" in request.body else refusal(404, "not kept; send it")

    replies = {**built(), "POST /build/inventory": answer}
    with scripted_daemon(tmp_path, **replies) as daemon:
        send(daemon, context)
        assert split(send(daemon, context))[1] == ["Dockerfile", "d/f"]
        assert daemon.asked().count("POST /v1.51/build/inventory") == 3


@pytest.mark.parametrize("broken", [b"no JSON", b"[]", b'{"Format": 1, "Key": "x", "Files": 7}'])
def test_a_memory_that_is_none(context: Path, tmp_path: Path, broken: bytes) -> None:
    with scripted_daemon(tmp_path, **built()) as daemon:
        send(daemon, context)
        (file,) = (tmp_path / "cache" / "seacan" / "contexts").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        file.write_bytes(broken)
        assert split(send(daemon, context))[1] == ["Dockerfile", "d/f"]


def test_memories_are_forgotten(context: Path, tmp_path: Path) -> None:
    directory = tmp_path / "cache" / "seacan" / "contexts"
    directory.mkdir(parents=True)
    (directory / "old.json").touch()
    os.utime(directory / "old.json", ns=(OLD_NS, OLD_NS))
    with scripted_daemon(tmp_path, **built()) as daemon:
        send(daemon, context)
    assert len([*directory.iterdir()]) == 1
    assert not (directory / "old.json").exists()


@pytest.mark.parametrize("kind", ["daemon", "name", "fifo"])
def test_archives_for_what_has_no_inventory(context: Path, tmp_path: Path, kind: str) -> None:
    replies = built()
    match kind:
        case "daemon":
            replies["HEAD /_ping"] = PING.replace(b"Ostype", b"Server: Docker/28.5.2\r\nOstype")
        case "name":
            (context / os.fsdecode(b"\xff")).touch()
        case "fifo":
            os.mkfifo(context / "fifo")
    with scripted_daemon(tmp_path, **replies) as daemon:
        request = send(daemon, context)
    assert request.headers["content-type"] == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(request.body)) as archive:
        assert "d/f" in archive.getnames()
