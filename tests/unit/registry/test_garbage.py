"""What is collected, and what is not, by a clock that stands still unless told."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seacan.images.blobs import Staged
from seacan.registry.blobs import RepositoryBlobs
from seacan.registry.errors import Refused
from seacan.registry.garbage import Ages, Collected, collect
from seacan.registry.manifests import Manifests
from seacan.registry.names import digest_of
from seacan.registry.store import Store
from seacan.registry.uploads import Uploads
from seacan.spec.image import MEDIA_TYPE_MANIFEST

GRACE_S = 100.0
LAYER = {"digest": digest_of(b"layer", "sha256")}
MANIFEST = json.dumps({"config": LAYER, "layers": []}).encode()


class Registry:
    def __init__(self, root: Path) -> None:
        self.now = 1000.0
        self.store = Store(root, clock=lambda: self.now)
        self.blobs = RepositoryBlobs(self.store)
        self.uploads = Uploads(self.store, self.blobs)
        self.manifests = Manifests(self.store)

    def push_blob(self, repository: str, data: bytes) -> str:
        upload = self.uploads.start(repository, "sha256")
        self.uploads.append(repository, upload, 0, data)
        digest = digest_of(data, "sha256")
        self.uploads.finish(repository, upload, digest)
        return digest

    def push_image(self, repository: str, tag: str, layer: bytes) -> str:
        layers = [{"digest": self.push_blob(repository, layer)}]
        config = {"digest": self.push_blob(repository, b"{}")}
        data = json.dumps({"config": config, "layers": layers}).encode()
        return self.manifests.put(repository, data, MEDIA_TYPE_MANIFEST, tags=[tag])[0].digest

    def collect(self) -> Collected:
        return collect(self.store, self.uploads, Ages(grace_s=GRACE_S, upload_s=GRACE_S))

    def has(self, repository: str, digest: str) -> bool:
        with self.store.database.reading() as sql:
            return bool(
                sql.execute(
                    "SELECT 1 FROM repository_blobs JOIN repositories ON id = repository"
                    " WHERE name = ? AND digest = ?",
                    (repository, digest),
                ).fetchone()
            )


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path)
    yield registry
    registry.store.close()


def test_a_blob_that_no_manifest_names_goes_after_its_time(registry: Registry) -> None:
    digest = registry.push_blob("a", b"layer")
    registry.now += GRACE_S
    assert registry.collect() == Collected(0, 0)
    registry.now += 1

    assert registry.collect() == Collected(1, len(b"layer"))

    assert not registry.store.blobs.has(digest)
    with pytest.raises(Refused):
        registry.blobs.size_bytes("a", digest)


def test_what_a_manifest_names_stays(registry: Registry) -> None:
    manifest = registry.push_image("a", "v1", b"layer")
    registry.now += 10 * GRACE_S
    assert registry.collect() == Collected(0, 0)

    registry.manifests.remove("a", "v1")
    registry.now += 10 * GRACE_S
    assert registry.collect() == Collected(0, 0)  # it may be pulled by digest

    registry.manifests.remove("a", manifest)
    assert registry.collect().blobs == 3
    assert registry.store.blobs.digests() == set()


def test_who_was_told_of_a_blob_may_rely_on_it(registry: Registry) -> None:
    digest = registry.push_blob("a", b"layer")
    registry.now += GRACE_S + 1
    registry.blobs.size_bytes("a", digest)

    assert registry.collect() == Collected(0, 0)


def test_a_blob_stays_while_one_repository_has_it(registry: Registry) -> None:
    registry.push_image("a", "v1", b"layer")
    digest = registry.push_blob("b", b"layer")
    registry.now += GRACE_S + 1

    assert registry.collect() == Collected(0, 0)

    assert not registry.has("b", digest)
    assert registry.has("a", digest)


def test_an_upload_that_nobody_goes_on_with_goes(registry: Registry) -> None:
    upload = registry.uploads.start("a", "sha256")
    path = registry.store.uploads / upload
    registry.now = path.stat().st_mtime + GRACE_S - 1
    registry.collect()
    assert registry.uploads.count() == 1
    registry.now += 2

    registry.collect()

    assert registry.uploads.count() == 0
    assert not path.exists()


def test_files_that_belong_to_nothing_go(registry: Registry) -> None:
    """What a crash leaves: a blob without a row, an upload's file without one, and the reverse."""
    orphan = registry.store.blobs.write(b"orphan")
    lost = registry.uploads.start("a", "sha256")
    (registry.store.uploads / lost).unlink()
    stray = registry.store.uploads / "stray"
    stray.touch()
    registry.now = stray.stat().st_mtime + GRACE_S + 1

    assert registry.collect() == Collected(1, len(b"orphan"))

    assert not registry.store.blobs.has(orphan)
    assert not stray.exists()
    assert registry.uploads.count() == 0


def test_a_cache_forgets_what_nobody_asks_for(registry: Registry) -> None:
    old, wanted = (registry.push_image("a", tag, tag.encode()) for tag in ("old", "wanted"))
    ages = Ages(grace_s=GRACE_S, manifest_s=10 * GRACE_S)
    registry.now += 10 * GRACE_S
    registry.manifests.touch("a", registry.manifests.find("a", wanted))
    registry.now += 1

    collect(registry.store, registry.uploads, ages)

    with pytest.raises(Refused):
        registry.manifests.find("a", old)
    assert registry.manifests.find("a", "wanted").digest == wanted
    assert not registry.store.blobs.has(digest_of(b"old", "sha256"))


def test_a_file_that_is_just_being_named_stays(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a file's becoming a blob and its row, a collection has to wait."""
    commit = registry.store.blobs.commit
    collectors = []

    def commit_and_collect(staged: Staged) -> None:
        commit(staged)
        collector = threading.Thread(target=registry.collect)
        collectors.append(collector)
        collector.start()
        collector.join(0.1)  # it would be done by then, if nothing held it

    monkeypatch.setattr(registry.store.blobs, "commit", commit_and_collect)
    digest = registry.push_blob("a", b"layer")
    registry.manifests.put("a", MANIFEST, MEDIA_TYPE_MANIFEST, tags=["v1"])
    for collector in collectors:
        collector.join()

    assert len(collectors) == 2
    assert registry.store.blobs.read(digest, 100) == b"layer"
    assert registry.manifests.read(registry.manifests.find("a", "v1")) == MANIFEST
