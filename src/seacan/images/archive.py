"""What is in an archive, as `docker save` or another tool of OCI layouts wrote it.

    manifest.json, config and layers under any name      docker save; the old form, and the new one,
                                                         which is an OCI layout at the same time
    oci-layout, index.json, blobs/sha256/HEX             OCI layout alone

The archive is a stream, its members in any order: all of them go to a staging directory first,
nameless, each with its digest. Then the documents say which are needed; these become blobs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from seacan.errors import InvalidArgument, NotFound
from seacan.images import documents, platforms, references
from seacan.images.blobs import Staged, Staging
from seacan.images.compression import Decompressed
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.streams import CHUNK_BYTES, buffered, chunks
from seacan.images.tar import Kind, Member, TarReader
from seacan.spec.image import (
    ANNOTATION_CONTAINERD_NAME,
    ANNOTATION_REF_NAME,
    INDEX_TYPES,
    MANIFEST_TYPES,
    ArchiveEntry,
    Descriptor,
)

_MOST_MEMBERS: Final = 100_000
_MOST_LINKS: Final = 10
_DEEPEST_INDEX: Final = 4


@dataclass(slots=True)
class _Contents:
    """The files of an archive by their names, and its links, which old ones have for layers."""

    files: dict[str, Staged] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Staged | None:
        name = _plain(name)
        for _ in range(_MOST_LINKS):
            if name not in self.links:
                break
            name = self.links[name]
        return self.files.get(name)

    def get(self, name: str) -> Staged:
        """Return the file `name`. Raises InvalidArgument if there is none."""
        staged = self.find(name)
        if staged is None:
            raise InvalidArgument(f"invalid archive: it does not contain {name!r}")
        return staged

    def blob(self, descriptor: Descriptor) -> Staged:
        """Return the blob of a descriptor, of the size and digest that it says."""
        digest = descriptor["digest"]
        staged = self.get(f"blobs/sha256/{digest.removeprefix('sha256:')}")
        if staged.digest != digest:
            raise InvalidArgument(f"invalid archive: blob {digest} has digest {staged.digest}")
        if staged.size_bytes != descriptor["size"]:
            raise InvalidArgument(
                f"invalid archive: blob {digest} has {staged.size_bytes} bytes, "
                f"its descriptor says {descriptor['size']}"
            )
        return staged

    def document(self, staged: Staged, name: str) -> bytes:
        return staged.read(documents.LIMIT_BYTES, name)


@dataclass(frozen=True, slots=True)
class Found:
    """An image in the archive."""

    config: bytes
    layers: list[Staged]
    manifest: bytes | None
    names: list[Reference]


def found(stream: BinaryIO, staging: Staging, platform: Platform | None) -> list[Found]:
    """Stage all members of an archive, and return the images that its documents tell of.

    Raises InvalidArgument if it is malformed, NotFound if it has none for `platform`.
    """
    return list(_images(_stage(stream, staging), platform))


def _stage(stream: BinaryIO, staging: Staging) -> _Contents:
    contents = _Contents()
    source = buffered(Decompressed(stream))
    reader = TarReader(source)
    for count, member in enumerate(reader):
        if count >= _MOST_MEMBERS:
            raise InvalidArgument(f"invalid archive: it has more than {_MOST_MEMBERS} members")
        name = _plain(member.name)
        if member.kind is Kind.FILE:
            contents.files[name] = _stage_file(staging, reader, member)
        elif member.kind is Kind.HARD_LINK:
            contents.links[name] = _plain(member.link)
        elif member.kind is Kind.SYMBOLIC_LINK:
            contents.links[name] = _plain(f"{name}/../{member.link}")
    for _ in chunks(source):  # whoever sends wants to send all of it
        pass
    return contents


def _stage_file(staging: Staging, reader: TarReader, member: Member) -> Staged:
    if sum(segment.length for segment in member.segments) != member.size_bytes:
        raise InvalidArgument(f"invalid archive: {member.name!r} is a sparse file")
    return staging.add(iter(lambda: reader.read(CHUNK_BYTES), b""))


def _images(contents: _Contents, platform: Platform | None) -> Iterator[Found]:
    """Find the images: by manifest.json where there is one, since it has Docker's names."""
    if docker := contents.find("manifest.json"):
        manifests = dict(_manifests_by_config(contents))
        for entry in documents.archive_entries(contents.document(docker, "manifest.json")):
            found = _docker_image(contents, entry, manifests)
            _check_platform(found, platform)
            yield found
    elif index := contents.find("index.json"):
        yield from _oci_images(contents, contents.document(index, "index.json"), platform)
    else:
        raise InvalidArgument(
            "invalid archive: it contains neither manifest.json nor index.json"
            " (a root file system is brought in by import, not by load)"
        )


def _docker_image(contents: _Contents, entry: ArchiveEntry, manifests: dict[str, bytes]) -> Found:
    staged = contents.get(entry["Config"])
    layers = [contents.get(name) for name in entry.get("Layers") or []]
    return Found(
        config=contents.document(staged, entry["Config"]),
        layers=layers,
        manifest=manifests.get(staged.digest),
        names=[_tagged(name) for name in entry.get("RepoTags") or []],
    )


def _check_platform(found: Found, platform: Platform | None) -> None:
    config = documents.image_config(found.config)
    own = Platform(config.get("architecture") or "", variant=config.get("variant") or "")
    if platform is not None and not platform.has(own):
        raise NotFound(f"the archive has no image for {platform}, but one for {own}")


def _tagged(name: str) -> Reference:
    reference = references.parse(name)
    if not reference.tag or reference.digest:
        raise InvalidArgument(f'invalid tag "{name}"')
    return reference


def _manifests_by_config(contents: _Contents) -> Iterator[tuple[str, bytes]]:
    """Yield (digest of the config, manifest) of what docker save described in OCI's way as well."""
    index = contents.find("index.json")
    if index is None:
        return
    document = documents.index(contents.document(index, "index.json"))
    for descriptor in document["manifests"]:
        if descriptor["mediaType"] in MANIFEST_TYPES:
            data = contents.document(contents.blob(descriptor), "image manifest")
            yield documents.manifest(data)["config"]["digest"], data


def _oci_images(contents: _Contents, index: bytes, platform: Platform | None) -> Iterator[Found]:
    for descriptor in documents.index(index)["manifests"]:
        data = _manifest_for(contents, descriptor, platform or platforms.host(), _DEEPEST_INDEX)
        manifest = documents.manifest(data)
        config = contents.blob(manifest["config"])
        found = Found(
            config=contents.document(config, "image config"),
            layers=[contents.blob(layer) for layer in manifest["layers"]],
            manifest=data,
            names=_annotated_names(descriptor),
        )
        _check_platform(found, platform)
        yield found


def _manifest_for(
    contents: _Contents, descriptor: Descriptor, wanted: Platform, depth: int
) -> bytes:
    """Return the manifest, out of an index the one for the platform `wanted`."""
    data = contents.document(contents.blob(descriptor), "image manifest")
    if descriptor["mediaType"] in MANIFEST_TYPES:
        return data
    if descriptor["mediaType"] not in INDEX_TYPES or not depth:
        raise InvalidArgument(
            f"invalid archive: {descriptor['digest']} is {descriptor['mediaType']}, not an image"
        )
    for inner in documents.index(data)["manifests"]:
        found = inner.get("platform") or {}
        own = Platform(
            found.get("architecture", ""), found.get("os", ""), found.get("variant") or ""
        )
        if wanted.has(own):
            return _manifest_for(contents, inner, wanted, depth - 1)
    raise NotFound(f"invalid archive: {descriptor['digest']} has no image for {wanted}")


def _annotated_names(descriptor: Descriptor) -> list[Reference]:
    """Return the name in a descriptor's annotations; a tag alone names nothing."""
    annotations = descriptor.get("annotations") or {}
    name = annotations.get(ANNOTATION_CONTAINERD_NAME) or annotations.get(ANNOTATION_REF_NAME, "")
    if "/" not in name and ":" not in name:
        return []
    return [_tagged(str(references.parse(name).with_default_tag()))]


def _plain(name: str) -> str:
    """Return a member's name without `.` and `..`; it is looked up here alone, never opened."""
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
