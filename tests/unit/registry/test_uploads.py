"""Two who send to one upload, a disk that is full, a digest of another algorithm."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seacan.registry import uploads as uploads_module
from seacan.registry.blobs import RepositoryBlobs
from seacan.registry.errors import Refused
from seacan.registry.names import digest_of
from seacan.registry.store import Store
from seacan.registry.uploads import Uploads

DATA = b"0123456789"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def uploads(store: Store) -> Uploads:
    return Uploads(store, RepositoryBlobs(store))


def test_two_who_send_the_same_do_not_mix_it(uploads: Uploads) -> None:
    upload = uploads.start("a", "sha256")
    assert uploads.append("a", upload, 0, DATA[:4]) == 4
    with pytest.raises(Refused) as refused:
        uploads.append("a", upload, 0, DATA[:6])
    assert refused.value.status == 416
    uploads.append("a", upload, 4, DATA[4:])

    uploads.finish("a", upload, digest_of(DATA, "sha256"))


@pytest.mark.parametrize("declared", ["sha256", "sha512"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_digest_of_either_algorithm(
    store: Store, uploads: Uploads, declared: str, algorithm: str
) -> None:
    upload = uploads.start("a", declared)
    uploads.append("a", upload, 0, DATA)
    digest = digest_of(DATA, algorithm)

    uploads.finish("a", upload, digest)

    assert store.blobs.read(digest, 100) == DATA
    assert uploads.count() == 0


def test_a_piece_that_does_not_fit_leaves_nothing(
    store: Store, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = uploads.start("a", "sha256")
    uploads.append("a", upload, 0, DATA)

    def write_half(fd: int, data: bytes) -> None:
        os.write(fd, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(uploads_module, "write_all", write_half)
        with pytest.raises(OSError, match="No space"):
            uploads.append("a", upload, len(DATA), DATA)
    assert uploads.size_bytes("a", upload) == len(DATA)

    uploads.append("a", upload, len(DATA), DATA)
    uploads.finish("a", upload, digest_of(DATA * 2, "sha256"))


def test_a_blob_that_is_here_already_is_pushed_again(store: Store, uploads: Uploads) -> None:
    digest = digest_of(DATA, "sha256")
    first, second = uploads.start("a", "sha256"), uploads.start("b", "sha256")
    for repository, upload in (("a", first), ("b", second)):
        uploads.append(repository, upload, 0, DATA)
    uploads.finish("a", first, digest)
    uploads.finish("b", second, digest)

    assert store.blobs.read(digest, 100) == DATA
    assert list(store.uploads.iterdir()) == []
