"""The cache of builds, held to what `builder` of daemon.json says."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import Daemon, wait_until
from tests.images.archives import member, tar

pytestmark = [pytest.mark.root, pytest.mark.conformance]

SIZE = 1_000_000


def build(daemon: Daemon, number: int) -> None:
    """Build an image with one layer of SIZE, and remove it: the cache has the layer alone."""
    text = f"FROM busybox\nRUN head -c {SIZE} /dev/urandom > /{number}\n"
    sent = tar([member("Dockerfile", text.encode())])
    status, _, body = daemon.raw("POST", "/build?networkmode=none&t=made&q=1", sent)
    assert (status, b"sha256:" in body) == (200, True), body
    assert daemon.request("DELETE", "/images/made")[0] == 200


def cache(daemon: Daemon) -> dict[str, int]:
    """Return the size of each layer in the cache, by the file that it has."""
    entries: list[dict[str, Any]] = daemon.request("GET", "/system/df")[1]["BuildCache"]
    found = {entry["Description"]: entry["Size"] for entry in entries}
    return {text.rpartition("/")[2].strip(): size for text, size in found.items() if size}


def test_rules(daemon: Daemon, busybox_tar: Path, tmp_path: Path) -> None:
    daemon.load(busybox_tar)
    for number in range(3):
        build(daemon, number)
    assert cache(daemon) == {"0": SIZE, "1": SIZE, "2": SIZE}
    daemon.kill()
    path = tmp_path / "daemon.json"
    gc: dict[str, Any] = {"policy": [{"filter": ["unused-for=1h"]}, {"keepStorage": "1.5m"}]}
    path.write_text(json.dumps({"builder": {"gc": gc}}))
    daemon.start("--config-file", str(path))
    wait_until(lambda: cache(daemon) == {"2": SIZE}, "the cache to be as small as it is to be")
    # Off: what a build leaves stays.
    daemon.kill()
    path.write_text(json.dumps({"builder": {"gc": {**gc, "enabled": False}}}))
    daemon.start("--config-file", str(path))
    build(daemon, 3)
    build(daemon, 4)
    assert cache(daemon).keys() == {"2", "3", "4"}
    status, _, body = daemon.raw("GET", "/system/check")
    assert (status, b"problem" in body) == (200, False), body
