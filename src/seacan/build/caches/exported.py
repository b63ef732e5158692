"""Steps of a build as a cache for others: documents and blobs, handed to a registry or a directory.

    manifest ─┬─▸ config: document.py
              └─▸ layers: those of the steps, and of the images below them

Or an index of all these, as BuildKit had it before (image-manifest=false).
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import anyio
import msgspec

from seacan.build.caches import document
from seacan.build.caches.document import Entry
from seacan.build.progress import Noted, Progress
from seacan.errors import SeacanError
from seacan.images import documents
from seacan.images.building import Building, BuiltLayer
from seacan.spec.image import MEDIA_TYPE_INDEX, MEDIA_TYPE_MANIFEST, Descriptor

_CREATED: Final = "buildkit/createdat"


class Packed(msgspec.Struct, frozen=True):
    """A cache as it is handed over, all of it in the store of blobs."""

    manifest: Descriptor
    layers: Sequence[Descriptor]
    config: Descriptor


class CacheTarget(Protocol):
    @property
    def name(self) -> str: ...

    async def put(self, cache: Packed) -> None:
        """Take all of it, the manifest last. Raises SeacanError."""


class CacheExport(msgspec.Struct, frozen=True):
    target: CacheTarget
    has_all: bool  # mode=max: also of stages that the image does not have
    is_image_manifest: bool = True
    is_compressed: bool = True
    ignores_error: bool = False


async def export(
    wanted: CacheExport,
    building: Building,
    entries: Sequence[Entry],
    images: Sequence[Sequence[str]],
    progress: Progress,
) -> None:
    """Hand over what a build has done; `images` are the diff ids of what it made.

    Who calls is Building.adding(). Raises SeacanError, unless that is to be ignored.
    """
    chosen = entries if wanted.has_all else [e for e in entries if of_images(e, images)]
    try:
        packed = await anyio.to_thread.run_sync(_pack, wanted, building, chosen)
        await wanted.target.put(packed)
    except SeacanError as err:
        if not wanted.ignores_error:
            raise
        await progress(Noted(f"cache export to {wanted.target.name} failed: {err}"))


def of_images(entry: Entry, images: Sequence[Sequence[str]]) -> bool:
    """Tell whether one of the images has all layers of an entry, where they were."""
    own = [layer.diff_id for layer in entry.layers]
    return any(
        own == [*image[: len(own)]] or (len(own) == 1 and own[0] in image) for image in images
    )


def _pack(wanted: CacheExport, building: Building, entries: Sequence[Entry]) -> Packed:
    """Make blobs of it; blocks."""
    layers: dict[str, Descriptor] = {}
    for layer, created in _layers(entries):
        blob = building.packed(layer, compresses=wanted.is_compressed)
        said = {document.DIFF_ID: layer.diff_id, _CREATED: created}
        layers[layer.diff_id] = {**document.plain(blob), "annotations": said}
    data = document.encode(entries, layers)
    config = _described(building, data, document.MEDIA_TYPE)
    blobs = [*{blob["digest"]: blob for blob in layers.values()}.values()]
    made: dict[str, object] = {"schemaVersion": 2}
    if wanted.is_image_manifest:
        kind = MEDIA_TYPE_MANIFEST
        made |= {"mediaType": kind, "config": config, "layers": blobs}
    else:
        kind = MEDIA_TYPE_INDEX
        made |= {"mediaType": kind, "manifests": [*blobs, config]}
    return Packed(_described(building, documents.encode(made), kind), blobs, config)


def _layers(entries: Iterable[Entry]) -> Iterable[tuple[BuiltLayer, str]]:
    """Return each layer once, with the time of the first step that has it."""
    found: dict[str, tuple[BuiltLayer, str]] = {}
    for entry in entries:
        for layer in entry.layers:
            found.setdefault(layer.diff_id, (layer, entry.created))
    return found.values()


def _described(building: Building, data: bytes, media_type: str) -> Descriptor:
    return {"mediaType": media_type, "digest": building.keep(data), "size": len(data)}
