import os
import stat
from pathlib import Path

import pytest
from tests.images.archives import digest

from seacan.errors import InvalidArgument, NotFound
from seacan.images.blobs import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    blobs = Blobs(tmp_path)
    blobs.open()
    return blobs


def test_a_blob_is_kept_under_its_digest(blobs: Blobs, tmp_path: Path) -> None:
    assert blobs.write(b"cargo") == digest(b"cargo")
    path = tmp_path / "blobs" / "sha256" / digest(b"cargo").removeprefix("sha256:")
    assert path.read_bytes() == b"cargo"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert blobs.digests() == {digest(b"cargo")}
    assert blobs.read(digest(b"cargo"), 5) == b"cargo"
    assert blobs.size_bytes(digest(b"cargo")) == 5


def test_a_blob_may_come_twice_and_go_twice(blobs: Blobs) -> None:
    blobs.write(b"cargo")
    blobs.write(b"cargo")
    blobs.remove(digest(b"cargo"))
    blobs.remove(digest(b"cargo"))
    with pytest.raises(NotFound, match="not in the store"):
        blobs.read(digest(b"cargo"), 5)


def test_reads_are_bounded(blobs: Blobs) -> None:
    blobs.write(b"cargo")
    with pytest.raises(InvalidArgument, match="longer than 4 bytes"):
        blobs.read(digest(b"cargo"), 4)


def test_what_is_staged_and_not_committed_is_removed(blobs: Blobs, tmp_path: Path) -> None:
    with blobs.staging() as staging:
        staged = staging.add([b"a", b"b"])
        assert (staged.path.read_bytes(), staged.digest) == (b"ab", digest(b"ab"))
    assert list((tmp_path / "ingest").iterdir()) == []
    assert blobs.digests() == set()


def test_a_crash_leaves_nothing_after_the_next_start(blobs: Blobs, tmp_path: Path) -> None:
    leftover = tmp_path / "ingest" / "x"
    leftover.mkdir()
    (leftover / "0").write_bytes(b"half")
    blobs.open()
    assert list((tmp_path / "ingest").iterdir()) == []


def test_a_download_that_broke_off_is_kept_for_a_day(blobs: Blobs) -> None:
    old, new = blobs.partial("sha256:" + "a" * 64), blobs.partial("sha256:" + "b" * 64)
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))

    blobs.open()

    assert (old.exists(), new.read_bytes()) == (False, b"half")
