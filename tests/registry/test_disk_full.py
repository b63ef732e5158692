"""A disk that is full: a clear answer, nothing half kept, and it goes on when there is room."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry.conftest import sha256
from tests.registry.process import running_process

pytestmark = pytest.mark.root

ROOM = 12 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    small, large = os.urandom(1 << 20), os.urandom(ROOM)
    with running_process(small_disk) as registry:
        registry.push_blob("a", small)
        answer = registry.ask("POST", "/v2/a/blobs/uploads/")
        location = answer.headers["location"]

        answer = registry.ask("PATCH", location, large)

        assert (answer.status, answer.code) == (503, "UNAVAILABLE")
        assert "No space left" in answer.json["errors"][0]["message"]
        assert registry.ask("GET", f"/v2/a/blobs/{sha256(small)}").body == small
        assert registry.ask("DELETE", location).status == 204
        registry.push_image("a", "v1", os.urandom(1 << 20))
    assert registry.problems() == ""
