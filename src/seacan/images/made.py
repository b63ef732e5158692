"""Documents that are made here: manifests of images that came without, indexes of several."""

from collections.abc import Iterable, Mapping

from seacan.images import documents
from seacan.spec.image import (
    MEDIA_TYPE_CONFIG,
    MEDIA_TYPE_INDEX,
    MEDIA_TYPE_MANIFEST,
    Descriptor,
    Index,
    Manifest,
)


def manifest(image_id: str, config_bytes: int, blobs: list[Descriptor]) -> bytes:
    """Return the manifest of an image and of nothing but its layers."""
    config: Descriptor = {"mediaType": MEDIA_TYPE_CONFIG, "digest": image_id, "size": config_bytes}
    document: Manifest = {
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE_MANIFEST,
        "config": config,
        "layers": blobs,
    }
    return documents.encode(document)


def index(manifests: Iterable[Descriptor]) -> bytes:
    """Return the index of manifests that are described with their platforms, and nothing more."""
    document: Index = {
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE_INDEX,
        "manifests": [
            {
                "mediaType": one["mediaType"],
                "digest": one["digest"],
                "size": one["size"],
                "platform": one.get("platform") or {},
            }
            for one in manifests
        ],
    }
    return documents.encode(document)


def is_own_index(data: bytes) -> bool:
    """Return whether an index is as index() makes it."""
    return index(documents.index(data)["manifests"]) == data


def renewed_index(data: bytes, changed: Mapping[str, Descriptor]) -> bytes:
    """Return an own index with other manifests in the place of those `changed`, by digest."""
    return index(
        {**one, **changed.get(one["digest"], {})} for one in documents.index(data)["manifests"]
    )
