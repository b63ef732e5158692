"""import: an image of one layer, out of a tar archive of a root file system."""

import datetime
from typing import BinaryIO

from seacan.errors import InvalidArgument
from seacan.images import documents, platforms
from seacan.images.compression import Decompressed
from seacan.images.image import ImageId
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.store import Store
from seacan.images.streams import chunks
from seacan.spec.image import MEDIA_TYPE_LAYER, Descriptor, ExecutionConfig, ImageConfig


def import_rootfs(
    store: Store,
    stream: BinaryIO,
    *,
    reference: Reference | None,
    config: ExecutionConfig,
    message: str,
    platform: Platform | None,
) -> ImageId:
    """Add the image to the store; see Images.import_rootfs."""
    platform = platform or platforms.host()
    if platform.os != "linux":
        raise InvalidArgument(f"cannot import {platform.os} image on linux")
    with store.adding(), store.blobs.staging() as staging:
        # Decompressed as it comes: so the blob's digest is the layer's diff id at once.
        staged = staging.add(chunks(Decompressed(stream)))
        store.blobs.commit(staged)
        with store.blobs.open_blob(staged.digest) as file:
            layer = store.layers.add(staged.digest, staged.digest, file, digest=staged.digest)
        store.sync()
        blob: Descriptor = {
            "mediaType": MEDIA_TYPE_LAYER,
            "digest": staged.digest,
            "size": staged.size_bytes,
        }
        document = _document(staged.digest, config, message, platform)
        image_id = store.add_image(documents.encode(document), [blob], [layer])
        if reference:
            store.set_reference(reference, image_id)
    return image_id


def _document(
    diff_id: str, config: ExecutionConfig, message: str, platform: Platform
) -> ImageConfig:
    created = datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
    document: ImageConfig = {
        "architecture": platform.architecture,
        "os": platform.os,
        "created": created,
        "comment": message,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": created, "comment": message}],
    }
    if platform.variant:
        document["variant"] = platform.variant
    return document
