"""Artifacts: manifests of what is no image, with blobs that are documents.

Source: image-spec 1.1, manifest.md, "Guidelines for Artifact Usage".
"""

from collections.abc import Sequence

from seacan.errors import InvalidArgument
from seacan.images import documents
from seacan.images.references import Reference
from seacan.images.remote.repository import Repository
from seacan.spec.image import MEDIA_TYPE_MANIFEST


def push_artifact(
    repository: Repository, target: Reference, document: bytes, blobs: Sequence[bytes]
) -> str:
    """Put a manifest under the tag of `target`, all that it names before; return its digest.

    Raises InvalidArgument if that is not among `blobs`; Refused, Broken.
    """
    manifest = documents.manifest(document)
    given = {documents.digest(blob): blob for blob in blobs}
    for descriptor in (manifest["config"], *manifest["layers"]):
        digest = descriptor["digest"]
        if digest not in given or len(given[digest]) != descriptor["size"]:
            raise InvalidArgument(f"push {target.familiar}: without the blob {digest}")
        _push_blob(repository, digest, given[digest])
    repository.put_manifest(target.tag or "", MEDIA_TYPE_MANIFEST, document)
    return documents.digest(document)


def _push_blob(repository: Repository, digest: str, blob: bytes) -> None:
    if repository.has_blob(digest):
        return
    location = repository.begin_upload(digest)
    if location:
        repository.upload(location, digest, len(blob), lambda: [blob])
