"""What is in an archive, as `docker save` or another tool of OCI layouts wrote it.

    manifest.json, config and layers under any name      docker save; the old form, and the new one,
                                                         which is an OCI layout at the same time
    oci-layout, index.json, blobs/sha256/HEX             OCI layout alone

All its files are staged first (archive_files.py). Then the documents say which are needed; these
become blobs.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from seacan.errors import InvalidArgument
from seacan.images import documents, layout
from seacan.images.archive_files import Contents, stage
from seacan.images.blobs import Staging
from seacan.images.layout import Found, Named
from seacan.images.platforms import Platform
from seacan.spec.image import INDEX_TYPES, MANIFEST_TYPES, ArchiveEntry, Descriptor


def found(stream: BinaryIO, staging: Staging, platforms: Sequence[Platform]) -> list[Named]:
    """Stage all members of an archive, and return the images that its documents tell of.

    Of those of several platforms all that are there, or for `platforms` alone if there are any.
    Raises InvalidArgument if it is malformed, NotFound if it has none for one of `platforms`.
    """
    return list(_images(stage(stream, staging), platforms))


def _images(contents: Contents, platforms: Sequence[Platform]) -> Iterator[Named]:
    """Find the images: by manifest.json where there is one, since it has Docker's names."""
    docker, index = contents.find("manifest.json"), contents.find("index.json")
    told: list[Descriptor] = []
    if index:
        told = documents.index(contents.document(index, "index.json"))["manifests"]
    if docker:
        entries = documents.archive_entries(contents.document(docker, "manifest.json"))
        yield from _docker_images(contents, entries, told, platforms)
    elif index:
        yield from (layout.image(contents, descriptor, platforms) for descriptor in told)
    else:
        raise InvalidArgument(
            "invalid archive: it contains neither manifest.json nor index.json"
            " (a root file system is brought in by import, not by load)"
        )


def _docker_images(
    contents: Contents,
    entries: Sequence[ArchiveEntry],
    told: Sequence[Descriptor],
    platforms: Sequence[Platform],
) -> Iterator[Named]:
    """Yield the images of manifest.json; of several platforms it has but one, index.json all."""
    several = [
        layout.several(contents, descriptor)
        for descriptor in told
        if descriptor["mediaType"] in INDEX_TYPES
    ]
    yield from (one.narrowed(platforms) for one in several)
    manifests = dict(_manifests_by_config(contents, told))
    for entry in entries:
        found = _docker_image(contents, entry, manifests)
        if not any(one.has(found) for one in several):
            layout.check_platforms(found.images[0], platforms)
            yield found


def _docker_image(contents: Contents, entry: ArchiveEntry, manifests: dict[str, bytes]) -> Named:
    staged = contents.get(entry["Config"])
    found = Found(
        config=contents.document(staged, entry["Config"]),
        layers=[contents.find(name) or name for name in entry.get("Layers") or []],
        manifest=manifests.get(staged.digest),
    )
    return Named([found], [layout.tagged(name) for name in entry.get("RepoTags") or []])


def _manifests_by_config(
    contents: Contents, descriptors: Sequence[Descriptor]
) -> Iterator[tuple[str, bytes]]:
    """Yield (digest of the config, manifest) of what docker save described in OCI's way as well."""
    for descriptor in descriptors:
        if descriptor["mediaType"] in MANIFEST_TYPES:
            data = contents.document(contents.blob(descriptor), "image manifest")
            yield documents.manifest(data)["config"]["digest"], data
