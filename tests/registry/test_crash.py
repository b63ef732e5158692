"""kill -9 in the midst of pushes, deletions and collections: the store is whole, and goes on."""

import http.client
import json
import os
import random
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from tests.registry.conftest import MANIFEST_TYPE, sha256
from tests.registry.process import Process
from tests.registry.upstreams import PATIENCE_S, running_upstream

ROUNDS = 12
PUSHERS = 3


def push_and_delete(process: Process, number: int, pushed: dict[str, bytes]) -> None:
    """Push images for ever, delete every third; note those whose push was confirmed."""
    for turn in range(10_000):
        layer = os.urandom(random.randrange(1, 200_000))
        repository, tag = f"r{number}", f"t{turn % 5}"
        data = json.dumps(process.image(repository, layer)).encode()
        pushed.pop(f"/v2/{repository}/manifests/{tag}", None)
        path = f"/v2/{repository}/manifests/{tag}"
        if process.ask("PUT", path, data, {"Content-Type": MANIFEST_TYPE}).status == 201:
            pushed[path] = layer
        if turn % 3 == 2:
            pushed.pop(path, None)
            process.ask("DELETE", f"/v2/{repository}/manifests/{sha256(data)}")


@pytest.mark.slow
def test_what_was_confirmed_is_there_and_all_is_whole(tmp_path: Path) -> None:
    process = Process(tmp_path, "--gc-interval", "0.05s", "--gc-grace", "1h")
    pushed: dict[str, bytes] = {}
    chance = random.Random(1)
    for _ in range(ROUNDS):
        process.start()
        for path, layer in pushed.items():
            answer = process.ask("GET", path)
            assert answer.status == 200, path
            repository = path.split("/")[2]
            digest = answer.json["layers"][0]["digest"]
            assert digest == sha256(layer)
            assert process.ask("GET", f"/v2/{repository}/blobs/{digest}").body == layer
        pushers = [
            threading.Thread(target=until_it_dies, args=(process, number, pushed))
            for number in range(PUSHERS)
        ]
        for pusher in pushers:
            pusher.start()
        process.wait_for_log("garbage collected")
        threading.Event().wait(chance.random() / 2)
        process.kill()
        for pusher in pushers:
            pusher.join()
        assert process.problems() == ""
    assert pushed


def until_it_dies(process: Process, number: int, pushed: dict[str, bytes]) -> None:
    with suppress(OSError, AssertionError, http.client.HTTPException):
        push_and_delete(process, number, pushed)


def test_an_upload_outlives_the_server(tmp_path: Path) -> None:
    process = Process(tmp_path)
    process.start()
    location = process.ask("POST", "/v2/a/blobs/uploads/").headers["location"]
    process.ask("PATCH", location, b"first ")
    process.kill()
    process.start()
    assert process.ask("GET", location).headers["range"] == "0-5"
    digest = sha256(b"first second")
    assert process.ask("PUT", f"{location}?digest={digest}", b"second").status == 201
    assert process.ask("GET", f"/v2/a/blobs/{digest}").body == b"first second"
    assert process.stop() == 0
    assert process.problems() == ""


def test_a_cache_dies_while_it_fetches(tmp_path: Path) -> None:
    data = os.urandom(4 << 20)
    with running_upstream() as upstream:
        path = f"/v2/a/blobs/{upstream.add_blob('a', data)}"
        upstream.hold = threading.Event()
        cache = Process(tmp_path, f"--proxy={upstream.url}")
        cache.start()
        asker = threading.Thread(target=ask_in_vain, args=(cache, path))
        asker.start()
        assert upstream.half_sent.wait(PATIENCE_S)
        cache.kill()
        asker.join()
        assert cache.problems() == ""
        upstream.hold.set()
        cache.start()
        assert cache.ask("GET", path).body == data
        cache.stop()
    assert cache.problems() == ""


def ask_in_vain(cache: Process, path: str) -> None:
    with suppress(OSError, http.client.HTTPException):
        cache.ask("GET", path)


def test_a_directory_has_one_registry(tmp_path: Path) -> None:
    process = Process(tmp_path)
    process.start()
    second = Process(tmp_path)
    with pytest.raises(AssertionError, match="another registry has it"):
        second.start()
    process.kill()


def test_verify_tells_what_is_wrong(tmp_path: Path) -> None:
    process = Process(tmp_path)
    process.start()
    kept, spoilt = process.push_blob("a", b"kept"), process.push_blob("a", b"spoilt")
    process.stop()
    path = process.root / "blobs" / "sha256" / spoilt.removeprefix("sha256:")
    path.chmod(0o600)
    path.write_bytes(b"SPOILT")
    (process.root / "blobs" / "sha256" / kept.removeprefix("sha256:")).unlink()

    assert process.problems().splitlines() == [
        f"{kept}: missing",
        f"{spoilt}: its bytes are those of {sha256(b'SPOILT')}",
    ]
