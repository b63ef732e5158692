"""import: an image of one layer, out of a tar archive of a root file system."""

import datetime
from collections.abc import Sequence
from typing import BinaryIO

from seacan.errors import InvalidArgument
from seacan.images import changes as changes_
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
    changes: Sequence[str],
    message: str,
    platform: Platform | None,
) -> ImageId:
    """Add the image to the store; see Images.import_rootfs."""
    platform = platform or platforms.host()
    if platform.os != "linux":
        raise InvalidArgument(f"cannot import {platform.os} image on linux")
    execution = changes_.apply(changes)
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
        config = _config(staged.digest, execution, message, platform)
        image_id = store.add_image(documents.encode(config), [blob], [layer])
        if reference:
            store.set_reference(reference, image_id)
    return image_id


def _config(
    diff_id: str, execution: ExecutionConfig, message: str, platform: Platform
) -> ImageConfig:
    created = datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
    config: ImageConfig = {
        "architecture": platform.architecture,
        "os": platform.os,
        "created": created,
        "comment": message,
        "config": execution,
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": created, "comment": message}],
    }
    if platform.variant:
        config["variant"] = platform.variant
    return config
