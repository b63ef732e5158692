"""load: the images of an archive become images of the store."""

import os
import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, BinaryIO, Final

from seacan.errors import InvalidArgument
from seacan.ids import short
from seacan.images import archive, documents
from seacan.images.blobs import Staged, Staging
from seacan.images.compression import Compression, Decompressed
from seacan.images.image import ImageId, Loaded
from seacan.images.layers import Layer, chain_ids, check_depth
from seacan.images.layout import Found, Named
from seacan.images.platforms import Platform
from seacan.images.progress import Meter, Progress
from seacan.images.references import Reference
from seacan.images.store import Store
from seacan.images.streams import Watched, buffered, chunks
from seacan.spec.image import (
    MEDIA_TYPE_LAYER,
    MEDIA_TYPE_LAYER_GZIP,
    MEDIA_TYPE_LAYER_ZSTD,
    Descriptor,
)

# Making files is the kernel's work, for which Python's lock is let go.
_UNPACKERS: Final = min(4, os.cpu_count() or 1)
_LAYER_TYPES: Final[dict[Compression, str]] = {
    "": MEDIA_TYPE_LAYER,
    "gzip": MEDIA_TYPE_LAYER_GZIP,
    "zstd": MEDIA_TYPE_LAYER_ZSTD,
}


def load(
    store: Store, stream: BinaryIO, progress: Progress, platforms: Sequence[Platform] = ()
) -> list[Loaded]:
    """Add the images of an archive to the store; see Images.load."""
    with store.adding(), store.blobs.staging() as staging:
        named = archive.found(stream, staging, platforms)
        images = [image for one in named for image in one.images]
        # All layers before the first image: an archive comes in whole, or not at all.
        blobs = [_commit_layers(store, staging, image) for image in images]
        layers = _unpack_all(store, images, blobs, progress)
        store.sync()
        parts = zip(images, blobs, layers, strict=True)
        return [_add(store, one, list(islice(parts, len(one.images))), progress) for one in named]


def _commit_layers(store: Store, staging: Staging, image: Found) -> list[Descriptor]:
    diff_ids = documents.diff_ids(documents.image_config(image.config))
    if len(diff_ids) != len(image.layers):
        raise InvalidArgument(
            "invalid manifest, layers length mismatch: "
            f"expected {len(image.layers)}, got {len(diff_ids)}"
        )
    check_depth(len(diff_ids))  # before any of thousands is unpacked
    return [
        _known_layer(store, chain_id, layer)
        if isinstance(layer, str)
        else _commit_layer(store, staging, layer)
        for chain_id, layer in zip(chain_ids(diff_ids), image.layers, strict=True)
    ]


def _known_layer(store: Store, chain_id: str, name: str) -> Descriptor:
    """Return the blob of a layer that the archive names and does not have.

    dockerd asks for the file of no layer that is unpacked already, and docker-squash, for one,
    relies on it. Raises InvalidArgument if no image here has the layer.
    """
    blob = store.layer_blob(chain_id)
    if blob is None:
        raise InvalidArgument(f"invalid archive: it does not contain {name!r}")
    return blob


def _unpack_all(
    store: Store, images: list[Found], blobs: list[list[Descriptor]], progress: Progress
) -> list[list[Layer]]:
    """Unpack the layers of all images, several at once; return those of each image."""
    told: queue.SimpleQueue[dict[str, Any] | Future[Layer]] = queue.SimpleQueue()
    with ThreadPoolExecutor(_UNPACKERS) as pool:
        futures = [
            [pool.submit(_unpack, store, *layer, told.put) for layer in _layers(image, described)]
            for image, described in zip(images, blobs, strict=True)
        ]
        try:
            _tell_until_done([one for of_image in futures for one in of_image], told, progress)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [[future.result() for future in of_image] for of_image in futures]


def _layers(image: Found, blobs: list[Descriptor]) -> Iterator[tuple[str, str, Descriptor]]:
    """Yield chain id, diff id and blob of each layer."""
    diff_ids = documents.diff_ids(documents.image_config(image.config))
    return zip(chain_ids(diff_ids), diff_ids, blobs, strict=True)


def _tell_until_done(
    futures: list[Future[Layer]],
    told: queue.SimpleQueue[dict[str, Any] | Future[Layer]],
    progress: Progress,
) -> None:
    """Pass on what is told, in this thread, until all are done. Raises the first error."""
    for future in futures:
        future.add_done_callback(told.put)
    left = len(futures)
    while left:
        message = told.get()
        if isinstance(message, Future):
            left -= 1
            message.result()
        else:
            progress(message)


def _add(
    store: Store,
    named: Named,
    parts: list[tuple[Found, list[Descriptor], list[Layer]]],
    progress: Progress,
) -> Loaded:
    """Add what has the same names, with its index if that still tells of it."""
    is_as_told = all(_describes(image.manifest, blobs) for image, blobs, _ in parts)
    index = named.index if is_as_told else ""
    ids = [
        store.add_image(
            image.config,
            blobs,
            layers,
            image.manifest if _describes(image.manifest, blobs) else None,
            renew=bool(index),
        )
        for image, blobs, layers in parts
    ]
    for document in named.documents if index else ():
        store.blobs.commit(document)
    _name(store, ids, named.names, index, progress)
    return Loaded(ids[0], tuple(named.names))


def _describes(manifest: bytes | None, blobs: list[Descriptor]) -> bool:
    """Return whether a manifest is of these layers as they were kept."""
    if manifest is None:
        return False
    described = [layer["digest"] for layer in documents.manifest(manifest)["layers"]]
    return described == [blob["digest"] for blob in blobs]


def _commit_layer(store: Store, staging: Staging, staged: Staged) -> Descriptor:
    """Keep a layer as it came, or decompressed if OCI has no name for its compression."""
    is_here = store.blobs.has(staged.digest)
    source = store.blobs.path(staged.digest) if is_here else staged.path
    with open(source, "rb") as file:
        decompressed = Decompressed(file)
        compression = decompressed.compression
        if compression not in _LAYER_TYPES:
            staged, compression = staging.add(chunks(decompressed)), ""
    store.blobs.commit(staged)
    return {
        "mediaType": _LAYER_TYPES[compression],
        "digest": staged.digest,
        "size": staged.size_bytes,
    }


def _unpack(
    store: Store, chain_id: str, diff_id: str, blob: Descriptor, progress: Progress
) -> Layer:
    if layer := store.layers.find(chain_id):
        return layer
    watch = Meter("Loading layer", short(diff_id), blob["size"], progress)
    with store.blobs.open_blob(blob["digest"]) as file:
        archive = buffered(Watched(file, watch))
        return store.layers.add(chain_id, diff_id, archive, digest=blob["digest"])


def _name(
    store: Store, ids: list[ImageId], names: list[Reference], index: str, progress: Progress
) -> None:
    for name in names:
        if before := store.set_reference(name, ids[0], index):
            progress(_line(
                f"The image {name.familiar} already exists, "
                f"renaming the old one with ID {before} to empty string"
            ))  # fmt: skip
        progress(_line(f"Loaded image: {name.familiar}"))
    for image_id in ids if not names else ():
        progress(_line(f"Loaded image ID: {image_id}"))


def _line(text: str) -> dict[str, Any]:
    return {"stream": f"{text}\n"}
