"""Compaction: the layers of an image compressed, before they go over a network.

What was imported, committed, built, or loaded from an archive without a manifest has its layers as
plain tar, and a manifest that was made here. For such an image they are compressed, and the
manifest is made anew, with the index that names it; what came with documents of its own stays as it
came, byte by byte.
"""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final, cast

import msgspec
from isal import isal_zlib

from seacan.ids import short
from seacan.images import documents
from seacan.images.image import Image
from seacan.images.made import is_own_index
from seacan.images.progress import Meter, Progress
from seacan.images.store import Store
from seacan.images.streams import chunks
from seacan.spec.image import MEDIA_TYPE_LAYER, MEDIA_TYPE_LAYER_GZIP, Descriptor

_LEVEL: Final = 2  # of 3: as small as zlib's middle ones, several times as fast
_GZIP_WINDOW: Final = 31  # with gzip's frame, whose time is 0: the same bytes every time


class Digests(msgspec.Struct, frozen=True):
    """Of what goes over a network: the manifests of the images, and their index or ""."""

    images: list[str]
    index: str


def compact(store: Store, images: Sequence[Image], index: str, progress: Progress) -> Digests:
    """Compress the layers of images that go with this index, or "", if that is up to us.

    To be called within Store.adding().
    """
    if index and not is_own_index(store.blobs.read(index, documents.LIMIT_BYTES)):
        return Digests([image.manifest_digest for image in images], index)
    compressed = {
        image.id: blobs for image in images if (blobs := _compact(store, image, progress))
    }
    if compressed:
        index = store.renew_manifests(compressed, index)
    return Digests([_manifest_digest(store, image) for image in images], index)


def _manifest_digest(store: Store, image: Image) -> str:
    """Return that of an image now; of one that somebody has removed, the one that it had."""
    return store.manifest_digest(image.id) or image.manifest_digest


def _compact(store: Store, image: Image, progress: Progress) -> list[Descriptor]:
    """Return the layers of an image compressed; none if it is not up to us, or they are."""
    manifest = documents.manifest(store.blobs.read(image.manifest_digest, documents.LIMIT_BYTES))
    layers = manifest["layers"]
    is_plain = any(layer["mediaType"] == MEDIA_TYPE_LAYER for layer in layers)
    if not is_plain or not store.is_own_manifest(image.id, image.manifest_digest, layers):
        return []
    return [
        compressed(store, layer, short(diff_id), progress)
        for layer, diff_id in zip(layers, image.diff_ids, strict=True)
    ]


def compressed(store: Store, layer: Descriptor, name: str, progress: Progress) -> Descriptor:
    """Return the blob of a layer, compressed if it is plain; to be called within Store.adding()."""
    if layer["mediaType"] != MEDIA_TYPE_LAYER:
        return layer
    meter = Meter("Compressing", name, layer["size"], progress)
    with store.blobs.open_blob(layer["digest"]) as file, store.blobs.staging() as staging:
        staged = staging.add(_gzip(file, meter))
        store.blobs.commit(staged)
    return {
        "mediaType": MEDIA_TYPE_LAYER_GZIP,
        "digest": staged.digest,
        "size": staged.size_bytes,
    }


def _gzip(file: BinaryIO, meter: Meter) -> Iterator[bytes]:
    compressor = cast(Any, isal_zlib).compressobj(level=_LEVEL, wbits=_GZIP_WINDOW)
    for chunk in chunks(file):
        meter(chunk)
        yield compressor.compress(chunk)
    yield compressor.flush()
