"""--output: the files of an image, out of the archive of a container."""

import io
import tarfile

import pytest
from tests.images.archives import directory, member, tar

from seacan.cli.build.output import without_mark

FILES = [member("a", b"x" * 700), directory("d"), member("d/.dockerenv"), member("z", b"z")]


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 511, 512, 513, 1 << 20])
@pytest.mark.parametrize("at", [0, 1, 4])
def test_the_mark_of_a_container_is_left_out(size: int, at: int) -> None:
    data = tar([*FILES[:at], member(".dockerenv", mode=0o755), *FILES[at:]])
    left = [*without_mark(pieces(data, size))]
    assert all(left)  # nothing would mean the end
    found = b"".join(left)
    assert names(found) == [info.name for info, _ in FILES]
    assert len(found) == len(data) - 512


def test_what_is_no_mark_stays() -> None:
    for data in (
        tar(FILES),
        tar([member(".dockerenv", b"of the image"), *FILES]),
        b"no archive" * 99,
    ):
        assert b"".join(without_mark(pieces(data, 600))) == data
