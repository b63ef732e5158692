"""A manifest as it was pushed: what it is, what it needs, what it refers to.

Bytes of strangers. They are kept as they came; read from them is only what the registry acts on.
Source: image-spec 1.1, manifest.md, image-index.md; distribution-spec 1.1, "Pushing Manifests".
"""

from typing import Final, TypeVar

import msgspec
from msgspec import field

from seacan.registry import names
from seacan.registry.errors import Refused
from seacan.spec.image import (
    FOREIGN_LAYER_TYPES,
    INDEX_TYPES,
    MANIFEST_TYPES,
    MEDIA_TYPE_INDEX,
    MEDIA_TYPE_MANIFEST,
    Descriptor,
    Index,
    Manifest,
)

LIMIT_BYTES: Final = 4 << 20

T = TypeVar("T")


class _Kind(msgspec.Struct):
    """As much as it takes to see which of the two a document is."""

    mediaType: str | None = None
    manifests: msgspec.Raw = msgspec.Raw()


class Document(msgspec.Struct, frozen=True):
    """`needs_*` and `may_need` are digests: what has to be in the repository, and what is kept."""

    media_type: str
    subject: str | None
    artifact_type: str | None
    annotations: dict[str, str]
    needs_blobs: list[str] = field(default_factory=list)
    needs_manifests: list[str] = field(default_factory=list)
    may_need: list[str] = field(default_factory=list)


def read(data: bytes, content_type: str) -> Document:
    """Return what `data`, pushed as `content_type` ("" if nobody said), is.

    Raises Refused: MANIFEST_INVALID, DIGEST_INVALID, 413 beyond LIMIT_BYTES.
    """
    if len(data) > LIMIT_BYTES:
        raise too_long()
    kind = _decode(data, _Kind)
    declared = content_type.partition(";")[0].strip().lower()
    if declared and kind.mediaType and declared != kind.mediaType:
        raise _invalid(f"its media type is {kind.mediaType}, but it was sent as {declared}")
    # Older manifests have no mediaType.
    assumed = (
        MEDIA_TYPE_INDEX if bytes(kind.manifests) not in (b"", b"null") else MEDIA_TYPE_MANIFEST
    )
    media_type = kind.mediaType or declared or assumed
    if media_type in MANIFEST_TYPES:
        return _read_manifest(data, media_type)
    if media_type in INDEX_TYPES:
        return _read_index(data, media_type)
    raise _invalid(f"media type {media_type} is not supported")


def too_long() -> Refused:
    return Refused("MANIFEST_INVALID", f"manifest longer than {LIMIT_BYTES} bytes", status=413)


def _read_manifest(data: bytes, media_type: str) -> Document:
    manifest = _decode(data, Manifest)
    if "config" not in manifest or "layers" not in manifest:
        raise _invalid("no config or no layers")
    config = manifest["config"]
    layers = manifest["layers"]
    foreign = [layer for layer in layers if _is_foreign(layer)]
    return Document(
        media_type,
        subject=_digest(manifest.get("subject")),
        artifact_type=manifest.get("artifactType") or config.get("mediaType"),
        annotations=manifest.get("annotations") or {},
        needs_blobs=_digests([config, *(layer for layer in layers if not _is_foreign(layer))]),
        may_need=_digests(foreign),
    )


def _read_index(data: bytes, media_type: str) -> Document:
    index = _decode(data, Index)
    if "manifests" not in index:
        raise _invalid("no manifests")
    return Document(
        media_type,
        subject=_digest(index.get("subject")),
        artifact_type=index.get("artifactType"),
        annotations=index.get("annotations") or {},
        needs_manifests=_digests(index["manifests"]),
    )


def _is_foreign(layer: Descriptor) -> bool:
    return bool(layer.get("urls")) or layer.get("mediaType") in FOREIGN_LAYER_TYPES


def _digests(descriptors: list[Descriptor]) -> list[str]:
    return [names.check_digest(descriptor.get("digest", "")) for descriptor in descriptors]


def _digest(descriptor: Descriptor | None) -> str | None:
    return None if descriptor is None else names.check_digest(descriptor.get("digest", ""))


def _decode(data: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid(str(error)) from error


def _invalid(text: str) -> Refused:
    return Refused("MANIFEST_INVALID", f"invalid manifest: {text}")
