"""load: images out of an archive, as `docker save` or another tool of OCI layouts wrote it.

    manifest.json, config and layers under any name      docker save; the old form, and the new one,
                                                         which is an OCI layout at the same time
    oci-layout, index.json, blobs/sha256/HEX             OCI layout alone

The archive is a stream, its members in any order: all of them go to a staging directory first,
nameless, each with its digest. Then the documents say which are needed; these become blobs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from seacan.errors import InvalidArgument, NotFound
from seacan.ids import short
from seacan.images import documents, platforms, references
from seacan.images.blobs import Staged, Staging
from seacan.images.compression import Compression, Decompressed
from seacan.images.image import ImageId, Loaded
from seacan.images.layers import Layer, chain_ids
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.store import Store
from seacan.images.streams import CHUNK_BYTES, Watched, buffered, chunks
from seacan.images.tar import Kind, Member, TarReader
from seacan.spec.image import (
    ANNOTATION_CONTAINERD_NAME,
    ANNOTATION_REF_NAME,
    INDEX_TYPES,
    MANIFEST_TYPES,
    MEDIA_TYPE_LAYER,
    MEDIA_TYPE_LAYER_GZIP,
    MEDIA_TYPE_LAYER_ZSTD,
    ArchiveEntry,
    Descriptor,
)

Progress = Callable[[dict[str, Any]], None]

_MOST_MEMBERS: Final = 100_000
_MOST_LINKS: Final = 10
_DEEPEST_INDEX: Final = 4
_PROGRESS_BYTES: Final = 4 << 20
_LAYER_TYPES: Final[dict[Compression, str]] = {
    "": MEDIA_TYPE_LAYER,
    "gzip": MEDIA_TYPE_LAYER_GZIP,
    "zstd": MEDIA_TYPE_LAYER_ZSTD,
}


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
class _Found:
    """An image in the archive."""

    config: bytes
    layers: list[Staged]
    manifest: bytes | None
    names: list[Reference]


def load(
    store: Store, stream: BinaryIO, progress: Progress, platform: Platform | None = None
) -> list[Loaded]:
    """Add the images of an archive to the store; see Images.load."""
    with store.adding(), store.blobs.staging() as staging:
        images = list(_images(_stage(stream, staging), platform))
        # All layers before the first image: an archive comes in whole, or not at all.
        unpacked = [_add_layers(store, staging, image, progress) for image in images]
        store.sync()
        return [
            _add_image(store, image, *blobs_and_layers, progress)
            for image, blobs_and_layers in zip(images, unpacked, strict=True)
        ]


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


def _images(contents: _Contents, platform: Platform | None) -> Iterator[_Found]:
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


def _docker_image(contents: _Contents, entry: ArchiveEntry, manifests: dict[str, bytes]) -> _Found:
    staged = contents.get(entry["Config"])
    layers = [contents.get(name) for name in entry.get("Layers") or []]
    return _Found(
        config=contents.document(staged, entry["Config"]),
        layers=layers,
        manifest=manifests.get(staged.digest),
        names=[_tagged(name) for name in entry.get("RepoTags") or []],
    )


def _check_platform(found: _Found, platform: Platform | None) -> None:
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


def _oci_images(contents: _Contents, index: bytes, platform: Platform | None) -> Iterator[_Found]:
    for descriptor in documents.index(index)["manifests"]:
        data = _manifest_for(contents, descriptor, platform or platforms.host(), _DEEPEST_INDEX)
        manifest = documents.manifest(data)
        config = contents.blob(manifest["config"])
        found = _Found(
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


def _add_layers(
    store: Store, staging: Staging, image: _Found, progress: Progress
) -> tuple[list[Descriptor], list[Layer]]:
    diff_ids = documents.diff_ids(documents.image_config(image.config))
    if len(diff_ids) != len(image.layers):
        raise InvalidArgument(
            "invalid manifest, layers length mismatch: "
            f"expected {len(image.layers)}, got {len(diff_ids)}"
        )
    blobs = [_commit_layer(store, staging, staged) for staged in image.layers]
    layers = [
        _unpack(store, chain_id, diff_id, blob, progress)
        for chain_id, diff_id, blob in zip(chain_ids(diff_ids), diff_ids, blobs, strict=True)
    ]
    return blobs, layers


def _add_image(
    store: Store,
    image: _Found,
    blobs: list[Descriptor],
    layers: list[Layer],
    progress: Progress,
) -> Loaded:
    manifest = image.manifest if _describes(image.manifest, blobs) else None
    image_id = store.add_image(image.config, blobs, layers, manifest)
    _name(store, image_id, image.names, progress)
    return Loaded(image_id, tuple(image.names))


def _describes(manifest: bytes | None, blobs: list[Descriptor]) -> bool:
    """Return whether a manifest is of these layers as they were kept."""
    if manifest is None:
        return False
    described = [layer["digest"] for layer in documents.manifest(manifest)["layers"]]
    return described == [blob["digest"] for blob in blobs]


def _commit_layer(store: Store, staging: Staging, staged: Staged) -> Descriptor:
    """Keep a layer as it came, or decompressed if OCI has no name for its compression."""
    is_here = store.blobs.has(staged.digest)
    source = store.blobs.path(staged.digest) if is_here else staged.path
    with open(source, "rb") as file:
        decompressed = Decompressed(file)
        compression = decompressed.compression
        if compression not in _LAYER_TYPES:
            staged, compression = staging.add(chunks(decompressed)), ""
    store.blobs.commit(staged)
    return {
        "mediaType": _LAYER_TYPES[compression],
        "digest": staged.digest,
        "size": staged.size_bytes,
    }


def _unpack(
    store: Store, chain_id: str, diff_id: str, blob: Descriptor, progress: Progress
) -> Layer:
    if layer := store.layers.find(chain_id):
        return layer
    watch = _Meter(short(diff_id), blob["size"], progress)
    with store.blobs.open_blob(blob["digest"]) as file:
        return store.layers.add(chain_id, diff_id, buffered(Watched(file, watch)))


class _Meter:
    """Tells of a layer's progress, in steps and at its end."""

    def __init__(self, name: str, total_bytes: int, progress: Progress) -> None:
        self._name = name
        self._total_bytes = total_bytes
        self._progress = progress
        self._current_bytes = 0
        self._next_bytes = 0

    def __call__(self, data: memoryview) -> None:
        self._current_bytes += len(data)
        if self._current_bytes >= min(self._next_bytes, self._total_bytes) and len(data):
            self._next_bytes = self._current_bytes + _PROGRESS_BYTES
            detail = {"current": self._current_bytes, "total": self._total_bytes}
            self._progress({"status": "Loading layer", "progressDetail": detail, "id": self._name})


def _name(store: Store, image_id: ImageId, names: list[Reference], progress: Progress) -> None:
    for name in names:
        if before := store.set_reference(name, image_id):
            progress(_line(
                f"The image {name.familiar} already exists, "
                f"renaming the old one with ID {before} to empty string"
            ))  # fmt: skip
        progress(_line(f"Loaded image: {name.familiar}"))
    if not names:
        progress(_line(f"Loaded image ID: {image_id}"))


def _line(text: str) -> dict[str, Any]:
    return {"stream": f"{text}\n"}


def _plain(name: str) -> str:
    """Return a member's name without `.` and `..`; it is looked up here alone, never opened."""
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
