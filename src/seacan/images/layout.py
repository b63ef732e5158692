"""What an OCI layout has: images, and indexes of images for several platforms."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import field

from seacan.errors import InvalidArgument, NotFound
from seacan.images import documents, references
from seacan.images.archive_files import Contents, blob_name
from seacan.images.blobs import Staged
from seacan.images.choice import best, fits
from seacan.images.indexes import DEEPEST, attested_by
from seacan.images.platforms import Platform, from_wire
from seacan.images.references import Reference
from seacan.spec.image import (
    ANNOTATION_CONTAINERD_NAME,
    ANNOTATION_REF_NAME,
    CONFIG_TYPES,
    INDEX_TYPES,
    MANIFEST_TYPES,
    Descriptor,
)


class Found(msgspec.Struct, frozen=True):
    """An image in the archive."""

    config: bytes
    layers: list[Staged | str]  # by its name: one that is not in the archive
    manifest: bytes | None


class Named(msgspec.Struct, frozen=True):
    """What an archive has under some names: an image, or several and the index that names them."""

    images: list[Found]
    names: list[Reference]
    index: str = ""  # its digest
    documents: list[Staged] = field(default_factory=list)  # of the index, with itself


class Several(msgspec.Struct, frozen=True):
    """An index of the archive, with the images of it that are there."""

    digest: str
    names: list[Reference]
    here: list[tuple[Platform | None, Found]]
    documents: list[Staged]

    def has(self, found: Named) -> bool:
        """Return whether an image that Docker's form tells of is one of these."""
        is_named = all(name in self.names for name in found.names)
        return is_named and any(found.images[0].config == one.config for _, one in self.here)

    def narrowed(self, platforms: Sequence[Platform]) -> Named:
        """Return what is to be loaded: all, or of `platforms`. Raises NotFound."""
        images = [found for _, found in self.here]
        if platforms:
            chosen = [(platform, best(self.here, platform)) for platform in platforms]
            missing = next((platform for platform, found in chosen if found is None), None)
            if missing is not None:
                raise NotFound(f"the archive has no image for {missing} in {self.digest}")
            images = [found for _, found in chosen if found is not None]
        if not images:
            raise NotFound(f"invalid archive: {self.digest} has no image for linux")
        return Named(images, self.names, self.digest, self.documents)


def image(contents: Contents, descriptor: Descriptor, platforms: Sequence[Platform]) -> Named:
    """Return what a descriptor of index.json means. Raises InvalidArgument, NotFound."""
    if descriptor["mediaType"] in INDEX_TYPES:
        return several(contents, descriptor).narrowed(platforms)
    found = _image(contents, descriptor)
    check_platforms(found, platforms)
    return Named([found], _annotated_names(descriptor))


def several(contents: Contents, descriptor: Descriptor) -> Several:
    """Return what is there of an index. Raises InvalidArgument."""
    needed: list[Staged] = []
    here: list[tuple[Platform | None, Found]] = []
    for inner in _members(contents, descriptor, needed, DEEPEST):
        told = inner.get("platform")
        found = _image(contents, inner)
        here.append((from_wire(told) if told else _platform_of(found), found))
    return Several(descriptor["digest"], _annotated_names(descriptor), here, needed)


def check_platforms(found: Found, platforms: Sequence[Platform]) -> None:
    """Raise NotFound if an image is not for one of these platforms."""
    own = _platform_of(found)
    missing = next((platform for platform in platforms if not fits(own, platform)), None)
    if missing is not None:
        raise NotFound(f"the archive has no image for {missing}, but one for {own}")


def tagged(name: str) -> Reference:
    """Return a name with a tag. Raises InvalidArgument for any other."""
    reference = references.parse(name)
    if not reference.tag or reference.digest:
        raise InvalidArgument(f'invalid tag "{name}"')
    return reference


def _image(contents: Contents, descriptor: Descriptor) -> Found:
    digest = descriptor["digest"]
    if descriptor["mediaType"] not in MANIFEST_TYPES:
        raise InvalidArgument(
            f"invalid archive: {digest} is {descriptor['mediaType']}, not an image"
        )
    data = contents.document(contents.blob(descriptor), "image manifest")
    manifest = documents.manifest(data)
    return Found(
        config=contents.document(contents.blob(manifest["config"]), "image config"),
        layers=[contents.blob(layer) for layer in manifest["layers"]],
        manifest=data,
    )


def _members(
    contents: Contents, descriptor: Descriptor, needed: list[Staged], depth: int
) -> Iterator[Descriptor]:
    """Yield what an index names of images for Linux that are there, whole.

    Add to `needed` the documents of it that are to be kept.
    """
    staged = contents.blob(descriptor)
    needed.append(staged)
    for inner in documents.index(contents.document(staged, "image index"))["manifests"]:
        if inner["mediaType"] in INDEX_TYPES:
            if not depth:
                raise InvalidArgument(f"invalid archive: {inner['digest']} is nested too deeply")
            if contents.find(blob_name(inner["digest"])):
                yield from _members(contents, inner, needed, depth - 1)
            continue
        parts = _parts(contents, inner)
        if attested_by(inner) is not None:
            needed += [contents.blob(part) for part in parts]
        elif parts and _is_for_linux(inner, parts):
            yield inner


def _parts(contents: Contents, descriptor: Descriptor) -> list[Descriptor]:
    """Return a manifest and what it names; nothing if that is not all there."""
    if not contents.find(blob_name(descriptor["digest"])):
        return []
    manifest = documents.manifest(contents.document(contents.blob(descriptor), "image manifest"))
    parts = [descriptor, manifest["config"], *manifest["layers"]]
    is_whole = all(contents.find(blob_name(part["digest"])) for part in parts)
    return parts if is_whole else []


def _is_for_linux(descriptor: Descriptor, parts: Sequence[Descriptor]) -> bool:
    system = (descriptor.get("platform") or {}).get("os") or "linux"
    return system == "linux" and parts[1]["mediaType"] in CONFIG_TYPES


def _platform_of(found: Found) -> Platform:
    config = documents.image_config(found.config)
    return Platform(config.get("architecture") or "", variant=config.get("variant") or "")


def _annotated_names(descriptor: Descriptor) -> list[Reference]:
    """Return the name in a descriptor's annotations; a tag alone names nothing."""
    annotations = descriptor.get("annotations") or {}
    name = annotations.get(ANNOTATION_CONTAINERD_NAME) or annotations.get(ANNOTATION_REF_NAME, "")
    if "/" not in name and ":" not in name:
        return []
    return [tagged(str(references.parse(name).with_default_tag()))]
