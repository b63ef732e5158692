"""What a builder needs of the store: layers made of what steps wrote, their results, the image.

    step ──▸ upper directory ──▸ its archive ──▸ blob (its digest is the diff id)
                     └───────────────────────▸ layer: the directory itself, moved

Results are what builds find again: the key says all that a step was made of, the row what it came
to. New ones are found at once and written together, after the files that they speak of are durable;
who kills the daemon takes those of the last seconds with it, and never gets one without its layer.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from msgspec.structs import replace

from seacan.errors import Internal, InvalidArgument
from seacan.ids import short
from seacan.images import documents, made
from seacan.images.commit import EMPTY_DIFF_ID
from seacan.images.compaction import compressed
from seacan.images.image import Image, ImageId
from seacan.images.layers import Layer, chain_ids, check_depth
from seacan.images.manifests import manifest_descriptor
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.store import Store, WrittenImage
from seacan.images.streams import chunks
from seacan.spec.image import MEDIA_TYPE_LAYER, Descriptor, ImageConfig

_FLUSH_S: Final = 5.0
_MOST_KNOWN: Final = 1000


class BuiltLayer(msgspec.Struct, frozen=True):
    """One layer of an image: unpacked, and as an archive."""

    layer: Layer
    diff_id: str
    blob: Descriptor

    def is_on(self, below: Sequence[str]) -> bool:
        """Tell whether it is unpacked for a place on the layers of the diff ids `below`."""
        return self.layer.chain_id == chain_ids([*below, self.diff_id])[-1]


class Result(msgspec.Struct, frozen=True):
    """What a step came to: a layer, or none if it changed no file."""

    key: str
    created: str  # RFC 3339
    description: str  # what the step was, for those who look at the cache
    layer: BuiltLayer | None


class NewImage(msgspec.Struct, frozen=True):
    config: ImageConfig
    layers: Sequence[BuiltLayer]


class CacheRecord(msgspec.Struct, frozen=True):
    """A result as it is kept; times are seconds since 1970."""

    key: str
    description: str
    layer: int | None
    size_bytes: int  # of the files in its layer
    made_at: float
    used_at: float
    uses: int


class Building:
    """Every method may be called from any thread, and blocks."""

    def __init__(self, store: Store, told: Callable[[ImageId, Reference | None], None]) -> None:
        self._store = store
        self._told = told
        self._lock = threading.Lock()
        self._new: dict[str, Result] = {}  # not written yet
        self._known: dict[str, Result] = {}  # what was found, as it is written
        self._used: dict[str, int] = {}  # how often since it was written
        self._counting = threading.Lock()  # of uses, which nobody waits for
        self._flushed_at = time.monotonic()

    def adding(self) -> AbstractContextManager[None]:
        """Keep all that is made meanwhile, though no image has it yet."""
        return self._store.adding()

    def layer_path(self, layer: Layer) -> Path:
        return self._store.layers.path(layer.number)

    def find_path(self, chain_id: str) -> Path | None:
        """Return the files of a layer, None if it is not there; who uses them is adding()."""
        layer = self._store.layers.find(chain_id)
        return self.layer_path(layer) if layer else None

    def layers_of(self, image: Image) -> list[BuiltLayer]:
        """Return the layers of an image, the lowest first."""
        manifest = self._store.blobs.read(image.manifest_digest, documents.LIMIT_BYTES)
        blobs = documents.manifest(manifest)["layers"]
        layers = [self._store.layers.find(chain_id) for chain_id in chain_ids(image.diff_ids)]
        found = [
            BuiltLayer(layer, diff_id, blob)
            for layer, diff_id, blob in zip(layers, image.diff_ids, blobs, strict=True)
            if layer is not None
        ]
        if len(found) < len(layers):
            raise Internal("build: a layer of the image is not in the store")
        return found

    def open_archive(self, layer: BuiltLayer) -> BinaryIO:
        return self._store.blobs.open_blob(layer.blob["digest"])

    def add_layer(
        self,
        below: Sequence[str],
        archive: BinaryIO,
        upper: Path,
        size_bytes: Callable[[], int],
    ) -> BuiltLayer | None:
        """Make a layer of an upper directory, which moves away, on those of the diff ids `below`.

        `archive` is its archive; reading it to its end raises if it could not be made, and then
        `size_bytes` tells how large its files are. Returns None if there is nothing in it.
        """
        with self._store.blobs.staging() as staging:
            staged = staging.add(chunks(archive))
            if staged.digest == EMPTY_DIFF_ID:
                return None
            check_depth(len(below) + 1)
            self._store.blobs.keep(staged)
        blob = Descriptor(mediaType=MEDIA_TYPE_LAYER, digest=staged.digest, size=staged.size_bytes)
        chain_id = chain_ids([*below, staged.digest])[-1]
        layer = self._store.layers.adopt(chain_id, size_bytes(), upper)
        return BuiltLayer(layer, staged.digest, blob)

    def put_on(self, below: Sequence[str], layer: BuiltLayer) -> BuiltLayer:
        """Return a layer, that says nothing of those below it, on those of the diff ids `below`.

        If it is not there yet, it is unpacked once more, of its archive.
        """
        check_depth(len(below) + 1)
        chain_id = chain_ids([*below, layer.diff_id])[-1]
        with self.open_archive(layer) as archive:
            unpacked = self._store.layers.add(chain_id, layer.diff_id, archive)
        return replace(layer, layer=unpacked)

    # -- layers of others -------------------------------------------------------------------------

    def known_layer(self, below: Sequence[str], diff_id: str) -> BuiltLayer | None:
        """Return a layer on those of the diff ids `below`, if it is here with its archive."""
        chain_id = chain_ids([*below, diff_id])[-1]
        layer = self._store.layers.find(chain_id)
        if layer is None:
            return None
        if blob := self._store.layer_blob(chain_id):
            return BuiltLayer(layer, diff_id, blob)
        if self._store.blobs.has(diff_id):
            size = self._store.blobs.size_bytes(diff_id)
            own = Descriptor(mediaType=MEDIA_TYPE_LAYER, digest=diff_id, size=size)
            return BuiltLayer(layer, diff_id, own)
        return None

    def receive_layer(
        self, below: Sequence[str], blob: Descriptor, diff_id: str, archive: BinaryIO
    ) -> BuiltLayer:
        """Make a layer of an archive that comes, compressed or not, on those `below`.

        Raises InvalidArgument if it is not what `blob` and the diff id say. Who calls is adding().
        """
        check_depth(len(below) + 1)
        with self._store.blobs.staging() as staging:
            staged = staging.add(_limited(archive, blob))
            if staged.digest != blob["digest"] or staged.size_bytes != blob["size"]:
                raise InvalidArgument(f"layer verification failed for digest {blob['digest']}")
            self._store.blobs.keep(staged)
        chain_id = chain_ids([*below, diff_id])[-1]
        with self._store.blobs.open_blob(blob["digest"]) as file:
            layer = self._store.layers.add(chain_id, diff_id, file)
        return BuiltLayer(layer, diff_id, blob)

    def packed(self, layer: BuiltLayer, *, compresses: bool) -> Descriptor:
        """Return the archive of a layer as it goes over a network; who calls is adding()."""
        if not compresses:
            return layer.blob
        return compressed(self._store, layer.blob, short(layer.diff_id), lambda message: None)

    def keep(self, document: bytes) -> str:
        """Keep a document as a blob, and return its digest; who calls is adding()."""
        return self._store.blobs.write(document)

    def open_blob(self, digest: str) -> BinaryIO:
        """Open what keep() and packed() made. Raises NotFound."""
        return self._store.blobs.open_blob(digest)

    # -- results ----------------------------------------------------------------------------------

    def recall(self, key: str) -> Result | None:
        """Return what find() does, if that needs no look at the disk: it does not block."""
        if result := self._new.get(key):
            return result
        if result := self._known.get(key):
            self._count_use(key)
        return result

    def find(self, key: str) -> Result | None:
        """Return what a step of this key came to, if that is still there; it counts as used."""
        with self._lock:
            if result := self.recall(key):
                return result
            with self._store.database.reading() as sql:
                row = sql.execute(
                    "SELECT created, description, digest, archive_bytes, number, chain_id,"
                    " size_bytes FROM build_results LEFT JOIN layers ON layer = number"
                    " WHERE key = ?",
                    (key,),
                ).fetchone()
            if row is None:
                return None
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            result = self._known[key] = _result(key, *row)
        self._count_use(key)
        return result

    def _count_use(self, key: str) -> None:
        with self._counting:
            self._used[key] = self._used.get(key, 0) + 1

    def remember(self, result: Result) -> None:
        """Let the result be found from now on; who remembers it is adding()."""
        with self._lock:
            self._new[result.key] = result
            self._known.pop(result.key, None)
            is_late = time.monotonic() - self._flushed_at > _FLUSH_S
        if is_late:
            self.flush()

    def flush(self, *, keeps_uses: bool = False) -> None:
        """Write the results that are new, and which were used, after what they speak of.

        With `keeps_uses`, if there are none that are new, the others wait until there are.
        """
        with self._lock:
            new = [*self._new.values()]
        if not new and (not self._used or keeps_uses):
            return
        with self._counting:
            used, self._used = self._used, {}
        if any(result.layer for result in new):
            self._store.sync()
        now = time.time()
        with self._store.database.transaction() as sql:
            sql.executemany(
                "INSERT OR REPLACE INTO build_results (key, created, description, layer, digest,"
                " archive_bytes, made_at, used_at, uses) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
                [_row(result, now) for result in new],
            )
            sql.executemany(
                "UPDATE build_results SET used_at = ?, uses = uses + ? WHERE key = ?",
                [(now, count, key) for key, count in used.items()],
            )
        with self._lock:
            for result in new:
                if self._new.get(result.key) is result:
                    del self._new[result.key]
            self._flushed_at = time.monotonic()

    def records(self) -> list[CacheRecord]:
        """Return the results that are kept, the one used longest ago first."""
        self.flush()
        with self._store.database.reading() as sql:
            rows = sql.execute(
                "SELECT key, description, layer, coalesce(size_bytes, 0), made_at, used_at, uses"
                " FROM build_results LEFT JOIN layers ON layer = number ORDER BY used_at, key"
            ).fetchall()
        return [CacheRecord(*row) for row in rows]

    def forget(self, keys: Sequence[str]) -> None:
        """Drop results, and what nobody else has of their layers."""
        with self._store.database.transaction() as sql:
            sql.executemany("DELETE FROM build_results WHERE key = ?", [(key,) for key in keys])
        with self._lock:  # so that nobody has read a row before, and comes after this
            self._known.clear()
        self._store.collect()

    # -- the image --------------------------------------------------------------------------------

    def add_images(
        self, images: Mapping[Platform, NewImage], references: Sequence[Reference]
    ) -> dict[Platform, ImageId]:
        """Make images of layers that are in the store, and name them: all at once, or nothing.

        They may exist already. A name means the one, or several with an index. Who asks is
        adding().
        """
        ids: dict[Platform, ImageId] = {}
        manifests: dict[Platform, str] = {}
        new: dict[ImageId, WrittenImage] = {}
        for platform, image in images.items():
            document = documents.encode(image.config)
            image_id = ids[platform] = ImageId(documents.digest(document))
            manifests[platform] = self._store.manifest_digest(image_id)
            if not manifests[platform]:
                written = new[image_id] = self._store.write_image(
                    document,
                    [layer.blob for layer in image.layers],
                    [layer.layer for layer in image.layers],
                )
                manifests[platform] = written.manifest_digest
        first, *others = dict.fromkeys(ids.values())
        index = self._index(manifests) if others and references else ""
        if new:
            self._store.sync()
            self._store.add_named(new.values(), references, first, index)
        else:
            for reference in references:
                self._store.set_reference(reference, first, index)
        for image_id in new:
            self._told(image_id, None)
        for reference in references:
            self._told(first, reference)
        return ids

    def index(self, images: Mapping[Platform, ImageId]) -> str:
        """Make the index of images of several platforms, and return its digest; as add_images()."""
        return self._index(
            {platform: self._store.manifest_digest(each) for platform, each in images.items()}
        )

    def _index(self, digests: Mapping[Platform, str]) -> str:
        manifests: list[Descriptor] = []
        for platform, digest in digests.items():
            told = manifest_descriptor(self._store.blobs, digest)
            manifests.append({**told, "platform": platform.to_wire()})
        return self.keep(made.index(manifests))


def _limited(archive: BinaryIO, blob: Descriptor) -> Iterator[bytes]:
    left = blob["size"]
    for chunk in chunks(archive):
        left -= len(chunk)
        if left < 0:
            raise InvalidArgument(f"layer {blob['digest']} is longer than its descriptor says")
        yield chunk


def _result(
    key: str,
    created: str,
    description: str,
    digest: str | None,
    archive_bytes: int,
    number: int,
    chain_id: str,
    size_bytes: int,
) -> Result:
    """Return what find()'s row says."""
    if digest is None:
        return Result(key, created, description, None)
    blob = Descriptor(mediaType=MEDIA_TYPE_LAYER, digest=digest, size=archive_bytes)
    layer = Layer(number, chain_id, size_bytes)
    return Result(key, created, description, BuiltLayer(layer, digest, blob))


def _row(result: Result, now: float) -> tuple[object, ...]:
    layer = result.layer
    number, digest, size = (layer.layer.number, layer.diff_id, layer.blob["size"]) if layer else (
        None, None, 0,
    )  # fmt: skip
    return (result.key, result.created, result.description, number, digest, size, now, now)
