"""Lists of images, one for each platform, put together of images that are in a registry.

Whatever of an image is in another repository of the registry is mounted, or sent on, first: a list
may name only what its own repository has.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from seacan.errors import InvalidArgument
from seacan.images import documents
from seacan.images.references import Reference
from seacan.images.remote import failures
from seacan.images.remote.repository import Fetched, Repository
from seacan.spec.image import (
    MEDIA_TYPE_DOCKER_LIST,
    MEDIA_TYPE_DOCKER_MANIFEST,
    MEDIA_TYPE_INDEX,
    Descriptor,
    Platform,
)

_PIECE_BYTES: Final = 256 << 10


class Entry(msgspec.Struct, frozen=True):
    """An image of a list: where it is, with a digest, and what it is for."""

    source: Reference
    platform: Platform


def push_list(repository: Repository, target: Reference, entries: Sequence[Entry]) -> str:
    """Put a list of `entries` under the tag of `target`; return its digest.

    Raises InvalidArgument, Refused, Broken.
    """
    if not entries:
        raise InvalidArgument(f"push {target.familiar}: a list without an image")
    images = [(_brought(repository, target, entry.source), entry.platform) for entry in entries]
    data, media_type = _document(images)
    repository.put_manifest(target.tag or "", media_type, data)
    return documents.digest(data)


def _document(images: list[tuple[Fetched, Platform]]) -> tuple[bytes, str]:
    """Return the list and its media type: Docker's if all its images are."""
    types = {image.media_type for image, _ in images}
    media_type = MEDIA_TYPE_INDEX
    if types == {MEDIA_TYPE_DOCKER_MANIFEST}:
        media_type = MEDIA_TYPE_DOCKER_LIST
    manifests: list[Descriptor] = [
        {
            "mediaType": image.media_type,
            "digest": image.digest,
            "size": len(image.data),
            "platform": platform,
        }
        for image, platform in images
    ]
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": manifests,
    }
    return documents.encode(document), media_type


def _brought(repository: Repository, target: Reference, source: Reference) -> Fetched:
    """Return an image's manifest, all of the image being in the repository."""
    if source.domain != target.domain:
        raise InvalidArgument(
            "cannot use source images from a different registry than the target image: "
            f"{source.domain} != {target.domain}"
        )
    if source.path == target.path:
        return _image(repository, source)
    other = repository.sibling(source.path)
    image = _image(other, source)
    manifest = documents.manifest(image.data)
    for blob in (manifest["config"], *manifest["layers"]):
        _bring_blob(repository, other, blob)
    repository.put_manifest(image.digest, image.media_type, image.data)
    return image


def _image(repository: Repository, source: Reference) -> Fetched:
    image = repository.manifest(source.digest or source.tag or "")
    if image.is_index:
        raise InvalidArgument(f"{source.familiar} is a manifest list")
    return image


def _bring_blob(repository: Repository, other: Repository, blob: Descriptor) -> None:
    digest = blob["digest"]
    if repository.has_blob(digest):
        return
    location = repository.begin_upload(digest, other.path)
    if location:
        repository.upload(location, digest, blob["size"], lambda: _pieces(other, digest))


def _pieces(other: Repository, digest: str) -> Iterable[bytes]:
    response, _ = other.open_blob(digest, 0)
    return _read(response)


def _read(response: BaseHTTPResponse) -> Iterator[bytes]:
    with response:
        try:
            while piece := response.read(_PIECE_BYTES):
                yield piece
        except (HTTPError, OSError) as err:
            raise failures.broken("GET", response.url or "", err) from err
