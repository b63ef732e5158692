"""commit: an image of another one and a layer on top of it."""

import datetime
from collections.abc import Sequence
from io import RawIOBase
from typing import BinaryIO, Final

import msgspec

from seacan.errors import Internal
from seacan.images import documents
from seacan.images.image import Image, ImageId
from seacan.images.layers import Layer, chain_ids
from seacan.images.references import Reference
from seacan.images.store import Store
from seacan.images.streams import chunks
from seacan.spec.image import (
    MEDIA_TYPE_LAYER,
    Descriptor,
    ExecutionConfig,
    History,
    ImageConfig,
)

# Of a tar archive without members: a layer in which nothing is.
EMPTY_DIFF_ID: Final = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


class Commit(msgspec.Struct, frozen=True):
    """What an image is to say of itself."""

    config: ExecutionConfig
    command: Sequence[str]  # of the container that it was made from
    author: str
    comment: str
    reference: Reference | None


def commit(store: Store, parent: Image, archive: BinaryIO | RawIOBase, wanted: Commit) -> ImageId:
    """Add the image to the store; see Images.commit."""
    with store.adding(), store.blobs.staging() as staging:
        manifest = documents.manifest(
            store.blobs.read(parent.manifest_digest, documents.LIMIT_BYTES)
        )
        blobs: list[Descriptor] = [*manifest["layers"]]
        layers = _layers(store, parent.diff_ids)
        diff_ids = [*parent.diff_ids]
        staged = staging.add(chunks(archive))
        is_empty = staged.digest == EMPTY_DIFF_ID
        if not is_empty:
            store.blobs.commit(staged)
            diff_ids.append(staged.digest)
            with store.blobs.open_blob(staged.digest) as file:
                chain_id = chain_ids(diff_ids)[-1]
                layers.append(store.layers.add(chain_id, staged.digest, file, digest=staged.digest))
            store.sync()
            blobs.append(
                {
                    "mediaType": MEDIA_TYPE_LAYER,
                    "digest": staged.digest,
                    "size": staged.size_bytes,
                }
            )
        config = _config(parent, wanted, diff_ids, is_empty=is_empty)
        image_id = store.add_image(documents.encode(config), blobs, layers, parent=parent.id)
        if wanted.reference:
            store.set_reference(wanted.reference, image_id)
    return image_id


def _layers(store: Store, diff_ids: list[str]) -> list[Layer]:
    found = [store.layers.find(chain_id) for chain_id in chain_ids(diff_ids)]
    layers = [layer for layer in found if layer is not None]
    if len(layers) < len(found):
        raise Internal("commit: a layer of the image is not in the store")
    return layers


def _config(parent: Image, wanted: Commit, diff_ids: list[str], *, is_empty: bool) -> ImageConfig:
    created = datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
    entry: History = {"created": created, "created_by": " ".join(wanted.command)}
    if wanted.author:
        entry["author"] = wanted.author
    if wanted.comment:
        entry["comment"] = wanted.comment
    if is_empty:
        entry["empty_layer"] = True
    config: ImageConfig = {
        "architecture": parent.architecture,
        "os": parent.os,
        "created": created,
        "author": wanted.author,
        "comment": wanted.comment,
        "config": wanted.config,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [*(parent.config.get("history") or []), entry],
    }
    if parent.variant:
        config["variant"] = parent.variant
    return config
