"""save: images into an archive that is both docker save's and an OCI layout.

    blobs/sha256/HEX    configs, manifests, and layers as they came, compressed or not
    index.json          the manifests, or indexes, a descriptor for each name; oci-layout
    manifest.json       what Docker reads: configs, names, layers; repositories, for older ones

A name of several platforms is an index there, with what is here of it, and in Docker's form its
image for this machine. An index of which but one image is here, of several, is left out.

The same images give the same bytes. Blobs are in the order of their names; configs and layers have
the time that their image says it was made at, all others none. dockerd packs layers anew, without
compression; ours keep their digests, so that an image which goes through an archive stays the same.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import field
from msgspec.structs import replace

from seacan.errors import NotFound
from seacan.images import documents, indexes, references, tar_writer
from seacan.images.blobs import Blobs
from seacan.images.image import Image
from seacan.images.manifests import index_descriptor, manifest_descriptor
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.removal import is_id
from seacan.images.sparse import Segment
from seacan.images.streams import chunks
from seacan.images.tar import Kind, Member
from seacan.spec.image import (
    ANNOTATION_CONTAINERD_NAME,
    ANNOTATION_REF_NAME,
    MEDIA_TYPE_INDEX,
    Descriptor,
    Manifest,
)

_LAYOUT: Final = b'{"imageLayoutVersion": "1.0.0"}'
_BLOBS: Final = "blobs/sha256"


class Saved(msgspec.Struct):
    """What is to be saved under some names: an image, or several with the index that names them."""

    images: Sequence[Image]  # first the one that Docker's form has
    index: str = ""  # its digest
    names: list[Reference] = field(default_factory=list)


class Archive:
    """An archive of images, whose blobs must stay in the store while pieces() is read."""

    def __init__(self, blobs: Blobs, wanted: Sequence[Saved]) -> None:
        self._blobs = blobs
        self._mtime_ns: dict[str, int] = {}  # of each blob
        self._index: list[dict[str, Any]] = []
        self._entries: list[dict[str, Any]] = []
        self._repositories: dict[str, dict[str, str]] = {}
        for saved in wanted:
            self._add(saved)

    def _add(self, saved: Saved) -> None:
        image, *others = saved.images
        manifest = self._add_blobs(image)
        for other in others:
            self._add_blobs(other)
        if saved.index:
            for digest in indexes.read(self._blobs, saved.index).blobs:
                self._mtime_ns.setdefault(digest, 0)
            target = index_descriptor(self._blobs, saved.index)
        else:
            target = manifest_descriptor(self._blobs, image.manifest_digest)
        self._index += _descriptors(target, saved.names)
        self._entries.append(_entry(image, manifest, saved.names))
        for name in saved.names if manifest["layers"] else ():
            tags = self._repositories.setdefault(name.familiar_name, {})
            tags[name.tag or ""] = manifest["layers"][-1]["digest"].partition(":")[2]

    def _add_blobs(self, image: Image) -> Manifest:
        data = self._blobs.read(image.manifest_digest, documents.LIMIT_BYTES)
        manifest = documents.manifest(data)
        created_ns = max(0, int(image.created_s)) * 10**9
        for descriptor in (manifest["config"], *manifest["layers"]):
            self._mtime_ns.setdefault(descriptor["digest"], created_ns)
        self._mtime_ns.setdefault(image.manifest_digest, 0)
        return manifest

    def pieces(self) -> Iterator[bytes]:
        """Yield the archive. Raises NotFound if a blob is not in the store."""
        if self._mtime_ns:
            for directory in ("blobs/", f"{_BLOBS}/"):
                yield tar_writer.head(_member(directory, Kind.DIRECTORY, 0o755))
        for digest, mtime_ns in sorted(self._mtime_ns.items()):
            yield from self._blob(digest, mtime_ns)
        for name, data in self._documents():
            yield tar_writer.head(_member(name, Kind.FILE, 0o644, len(data)))
            yield data + tar_writer.padding(len(data))
        yield tar_writer.END

    def _blob(self, digest: str, mtime_ns: int) -> Iterator[bytes]:
        size_bytes = self._blobs.size_bytes(digest)
        name = f"{_BLOBS}/{digest.partition(':')[2]}"
        yield tar_writer.head(_member(name, Kind.FILE, 0o644, size_bytes, mtime_ns))
        with self._blobs.open_blob(digest) as file:
            yield from chunks(file)
        yield tar_writer.padding(size_bytes)

    def _documents(self) -> Iterator[tuple[str, bytes]]:
        index = {
            "schemaVersion": 2,
            "mediaType": MEDIA_TYPE_INDEX,
            "manifests": self._index,
        }
        yield "index.json", documents.encode(index)
        yield "manifest.json", documents.encode(self._entries) + b"\n"
        yield "oci-layout", _LAYOUT
        if self._repositories:
            by_name = {name: tags for name, tags in sorted(self._repositories.items())}
            yield "repositories", documents.encode(by_name) + b"\n"


def select(
    names: Sequence[str], everything: Sequence[Image], get: Callable[[str], Image]
) -> list[Saved]:
    """Return what to save, each once, with the names that it was asked for by.

    A name without a tag means all tags of the repository, an id the image without a name. `get`
    returns an image, or raises NotFound.
    """
    saved: dict[tuple[str, str], Saved] = {}
    for name in names:
        for image, reference in _meant(name, everything, get):
            index = next(iter(image.indexes), "") if reference else ""
            images = image.of_all_platforms if index else (image,)
            entry = saved.setdefault((image.id, index), Saved(images, index))
            if reference and not reference.digest and reference not in entry.names:
                entry.names.append(reference)
    return list(saved.values())


def narrowed(
    saved: Saved,
    platforms: Sequence[Platform],
    find: Callable[[Image, Platform], Image | None],
    is_whole: Callable[[str], bool],
) -> Saved:
    """Return of it what is for `platforms`, if there are any; the index only if that tells more.

    `find` chooses among the platforms of an image, `is_whole` says whether all of an index is here.
    Raises NotFound.
    """
    images = [*saved.images]
    if platforms:
        whole = replace(images[0], others=tuple(images[1:]))
        found = [(platform, find(whole, platform)) for platform in platforms]
        missing = next((platform for platform, image in found if image is None), None)
        if missing is not None:
            raise NotFound(f"no suitable export target found for platform {missing}")
        images = list({image.id: image for _, image in found if image is not None}.values())
    is_several = len(images) > 1 or (not platforms and saved.index and is_whole(saved.index))
    return Saved(images, saved.index if is_several else "", saved.names)


def _meant(
    name: str, everything: Sequence[Image], get: Callable[[str], Image]
) -> list[tuple[Image, Reference | None]]:
    if references.is_image_id(name):
        return [(get(name), None)]
    asked = references.parse(name)
    if not (asked.tag or asked.digest):
        tagged = {
            str(reference): reference
            for image in everything
            for reference in image.references
            if reference.name == asked.name
        }
        if tagged:
            return [(get(text), reference) for text, reference in sorted(tagged.items())]
    image = get(name)
    return [(image, None if is_id(image, name) else asked)]


def _descriptors(target: Descriptor, names: Sequence[Reference]) -> Iterator[dict[str, Any]]:
    for name in names:
        annotations = {ANNOTATION_CONTAINERD_NAME: str(name), ANNOTATION_REF_NAME: name.tag}
        yield {**target, "annotations": annotations}
    if not names:
        yield {**target}


def _entry(image: Image, manifest: Manifest, names: Sequence[Reference]) -> dict[str, Any]:
    layers: list[Descriptor] = manifest["layers"]
    return {
        "Config": _path(image.id),
        "RepoTags": [name.familiar for name in names] or None,
        "Layers": [_path(layer["digest"]) for layer in layers],
        "LayerSources": dict(zip(image.diff_ids, layers, strict=True)),
    }


def _path(digest: str) -> str:
    return f"{_BLOBS}/{digest.partition(':')[2]}"


def _member(name: str, kind: Kind, mode: int, size_bytes: int = 0, mtime_ns: int = 0) -> Member:
    segments = (Segment(0, size_bytes),) if size_bytes else ()
    return Member(
        name, kind, mode, uid=0, gid=0, mtime_ns=mtime_ns, size_bytes=size_bytes, segments=segments
    )
