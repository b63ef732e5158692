"""JSON documents of images, from bytes of strangers to the shapes of spec.image.

Every document is bounded and has its types checked here, once; what comes after may rely on them.
"""

import hashlib
from typing import Any, Final, TypeVar

import msgspec

from seacan.errors import InvalidArgument
from seacan.images import references
from seacan.spec.image import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    ArchiveEntry,
    Descriptor,
    ImageConfig,
    Index,
    Manifest,
)

# What registries accept, and Docker reads.
LIMIT_BYTES: Final = 4 << 20

T = TypeVar("T")


def image_config(data: bytes) -> ImageConfig:
    """Return the config of an image for Linux. Raises InvalidArgument."""
    config = _decode(data, ImageConfig, "image config")
    system = config.get("os") or "linux"
    if system != "linux":
        raise InvalidArgument(f"cannot load {system} image on linux")
    if "rootfs" not in config:
        raise InvalidArgument("invalid image config: no rootfs")
    _check_digests(diff_ids(config), "image config")
    return config


def diff_ids(config: ImageConfig) -> list[str]:
    """Return the digests of the uncompressed layers, the lowest first."""
    return config["rootfs"].get("diff_ids") or []


def manifest(data: bytes) -> Manifest:
    """Return an image manifest, of OCI or of Docker. Raises InvalidArgument."""
    document = _decode(data, Manifest, "image manifest")
    media_type = document.get("mediaType")
    if media_type and media_type not in MANIFEST_TYPES:
        raise InvalidArgument(f"invalid image manifest: its media type is {media_type}")
    if "config" not in document or "layers" not in document:
        raise InvalidArgument("invalid image manifest: no config or no layers")
    _check_descriptors([document["config"], *document["layers"]], "image manifest")
    return document


def index(data: bytes) -> Index:
    """Return an image index. Raises InvalidArgument."""
    document = _decode(data, Index, "image index")
    media_type = document.get("mediaType")
    if media_type and media_type not in INDEX_TYPES:
        raise InvalidArgument(f"invalid image index: its media type is {media_type}")
    if "manifests" not in document:
        raise InvalidArgument("invalid image index: no manifests")
    _check_descriptors(document["manifests"], "image index")
    return document


def archive_entries(data: bytes) -> list[ArchiveEntry]:
    """Return the images in the manifest.json of an archive. Raises InvalidArgument."""
    entries = _decode(data, list[ArchiveEntry], "manifest.json")
    if not all(entry.get("Config") for entry in entries):
        raise InvalidArgument("invalid manifest.json: an image without a config")
    return entries


def digest(data: bytes) -> str:
    """Return the digest of a document's bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encode(document: Any) -> bytes:
    """Return the JSON of a document, its keys in their order."""
    return msgspec.json.encode(document)


def _decode(data: bytes, shape: type[T], name: str) -> T:
    if len(data) > LIMIT_BYTES:
        raise InvalidArgument(f"invalid {name}: longer than {LIMIT_BYTES} bytes")
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"invalid {name}: {error}") from error


def _check_descriptors(descriptors: list[Descriptor], name: str) -> None:
    for descriptor in descriptors:
        if descriptor.get("size", -1) < 0 or "mediaType" not in descriptor:
            raise InvalidArgument(f"invalid {name}: a descriptor without media type or size")
    _check_digests([descriptor.get("digest", "") for descriptor in descriptors], name)


def _check_digests(digests: list[str], name: str) -> None:
    for digest in digests:
        if not references.is_digest(digest) or not digest.startswith("sha256:"):
            raise InvalidArgument(f"invalid {name}: {digest!r} is no sha256 digest")
