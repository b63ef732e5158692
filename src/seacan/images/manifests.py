"""Which manifests the names of an image lead to, and what of them is here."""

from seacan.images import documents, indexes, platforms
from seacan.images.blobs import Blobs
from seacan.images.image import Image, ImageManifest, ImageManifests
from seacan.images.platforms import Platform
from seacan.images.store import Store
from seacan.spec.image import (
    INDEX_TYPES,
    MEDIA_TYPE_INDEX,
    MEDIA_TYPE_MANIFEST,
    Descriptor,
)


def of_image(store: Store, image: Image) -> ImageManifests:
    """Return what the names of an image lead to. Raises NotFound if it was removed meanwhile."""
    here = {one.manifest_digest: one for one in image.of_all_platforms}
    own = _own(store.blobs, image)
    found: dict[str, ImageManifest] = {}
    for index in image.indexes:
        for descriptor in indexes.walk(store.blobs, index):
            if descriptor["mediaType"] not in INDEX_TYPES:
                one = here.get(descriptor["digest"])
                found[descriptor["digest"]] = _named(store.blobs, descriptor, one)
    # Of two indexes, each may have another manifest of the same image.
    found.setdefault(own.descriptor["digest"], own)
    target = index_descriptor(store.blobs, image.indexes[0]) if image.indexes else own.descriptor
    return ImageManifests(target, tuple(found.values()))


def index_descriptor(blobs: Blobs, digest: str) -> Descriptor:
    """Return the descriptor of an index that is here."""
    data = blobs.read(digest, documents.LIMIT_BYTES)
    media_type = documents.index(data).get("mediaType") or MEDIA_TYPE_INDEX
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def manifest_descriptor(blobs: Blobs, digest: str) -> Descriptor:
    """Return the descriptor of a manifest that is here."""
    data = blobs.read(digest, documents.LIMIT_BYTES)
    media_type = documents.manifest(data).get("mediaType") or MEDIA_TYPE_MANIFEST
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _own(blobs: Blobs, image: Image) -> ImageManifest:
    digest = image.manifest_digest
    descriptor = manifest_descriptor(blobs, digest)
    return ImageManifest(descriptor, _content_bytes(blobs, digest), image.platform, image)


def _named(blobs: Blobs, descriptor: Descriptor, image: Image | None) -> ImageManifest:
    """Return what an index names; `image` is the one of it, if that is here."""
    told = descriptor.get("platform")
    platform = platforms.from_wire(told) if told else image.platform if image else Platform("", "")
    attested = indexes.attested_by(descriptor)
    is_here = image or (attested is not None and indexes.attestation_blobs(blobs, descriptor))
    content_bytes = _content_bytes(blobs, descriptor["digest"]) if is_here else 0
    return ImageManifest(descriptor, content_bytes, platform, image, attested)


def _content_bytes(blobs: Blobs, digest: str) -> int:
    """Return the size of a manifest and of all that it names."""
    data = blobs.read(digest, documents.LIMIT_BYTES)
    manifest = documents.manifest(data)
    sizes = {blob["digest"]: blob["size"] for blob in (manifest["config"], *manifest["layers"])}
    return len(data) + sum(sizes.values())
