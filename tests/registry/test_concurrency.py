"""The same content pushed, deleted and collected at once: what was confirmed is there."""

import json
import threading
from contextlib import closing
from pathlib import Path

from seacan.registry.blobs import RepositoryBlobs
from seacan.registry.garbage import Ages, collect
from seacan.registry.manifests import Entry, Manifests
from seacan.registry.names import digest_of
from seacan.registry.store import Store
from seacan.registry.uploads import Uploads
from seacan.registry.verify import problems
from seacan.spec.image import MEDIA_TYPE_MANIFEST

PUSHERS = 2
PUSHES = 12
LAYERS = [b"a" * 10_000, b"b" * 10_000]
NEEDS = [digest_of(layer, "sha256") for layer in LAYERS]
MANIFEST = json.dumps(
    {"config": {"digest": NEEDS[0]}, "layers": [{"digest": digest} for digest in NEEDS]}
).encode()


class Pusher:
    def __init__(self, store: Store, uploads: Uploads, repository: str) -> None:
        self._store = store
        self._repository = repository
        self._blobs = RepositoryBlobs(store)
        self._uploads = uploads
        self._manifests = Manifests(store)
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            for _ in range(PUSHES):
                entry = self._push()
                assert self._manifests.read(entry) == MANIFEST
                for digest, layer in zip(NEEDS, LAYERS, strict=True):
                    assert self._blobs.size_bytes(self._repository, digest) == len(layer)
                    assert self._store.blobs.read(digest, len(layer)) == layer
                # Their files are collected at once, unless the other repository has them.
                self._manifests.remove(self._repository, entry.digest)
                for digest in NEEDS:
                    self._blobs.remove(self._repository, digest)
        except Exception as err:
            self.failure = err

    def _push(self) -> Entry:
        for layer in LAYERS:
            upload = self._uploads.start(self._repository, "sha256")
            self._uploads.append(self._repository, upload, 0, layer)
            self._uploads.finish(self._repository, upload, digest_of(layer, "sha256"))
        return self._manifests.put(self._repository, MANIFEST, MEDIA_TYPE_MANIFEST, tags=["v1"])[0]


def test_pushes_of_the_same_while_garbage_is_collected(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        uploads = Uploads(store, RepositoryBlobs(store))
        pushers = [Pusher(store, uploads, f"r{number}") for number in range(PUSHERS)]
        threads = [threading.Thread(target=pusher.run) for pusher in pushers]
        for thread in threads:
            thread.start()
        collected = 0
        while any(thread.is_alive() for thread in threads):
            collected += collect(store, uploads, Ages()).blobs
        for thread in threads:
            thread.join()

        assert [pusher.failure for pusher in pushers] == [None] * PUSHERS
        assert collected
        assert list(problems(store)) == []
        collect(store, uploads, Ages())
        assert store.blobs.digests() == set()
