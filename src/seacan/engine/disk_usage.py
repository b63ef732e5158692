"""What images, containers and volumes take up on disk: the engine's side of GET /system/df."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import anyio
import msgspec

from seacan.engine.builds import cache as build_cache
from seacan.engine.builds.cache import CacheEntry
from seacan.engine.containers.container import Container
from seacan.engine.containers.containers import Containers
from seacan.engine.containers.listing import Listed, list_measured
from seacan.engine.context import Context
from seacan.engine.tree_size import tree_bytes
from seacan.images.image import Image
from seacan.volumes.volume import LOCAL, Found


class ImageUsage(msgspec.Struct, frozen=True):
    image: Image
    shared_bytes: int  # of its layers that other images have as well
    containers: int  # made of it


class VolumeUsage(msgspec.Struct, frozen=True):
    found: Found
    size_bytes: int


class DiskUsage(msgspec.Struct, frozen=True):
    """What was not asked for is None."""

    layers_bytes: int  # each layer once; 0 if images were not asked for
    images: Sequence[ImageUsage] | None
    containers: Sequence[Listed] | None
    volumes: Sequence[VolumeUsage] | None
    cache: Sequence[CacheEntry] | None = None  # of builds


class Disk:
    def __init__(self, context: Context, containers: Containers) -> None:
        self._context = context
        self._containers = containers
        # However many ask, the disk is walked for one at a time.
        self._turn: Final = anyio.Lock()

    async def usage(
        self, *, images: bool, containers: bool, volumes: bool, cache: bool = False
    ) -> DiskUsage:
        async with self._turn:
            records = self._containers.all_records()
            return await anyio.to_thread.run_sync(
                self._measure, records, images, containers, volumes, cache
            )

    def _measure(
        self,
        records: Sequence[Container],
        images: bool,
        containers: bool,
        volumes: bool,
        cache: bool,
    ) -> DiskUsage:
        return DiskUsage(
            layers_bytes=self._context.images.layers_size_bytes() if images else 0,
            images=self._images(records) if images else None,
            containers=list_measured(self._context, records) if containers else None,
            volumes=self._volumes() if volumes else None,
            cache=build_cache.entries(self._context) if cache else None,
        )

    def _volumes(self) -> list[VolumeUsage]:
        """Return what is on this disk: what is mounted at a volume by its options is elsewhere."""
        return [
            VolumeUsage(found, tree_bytes(Path(found.mountpoint)))
            for found in self._context.volumes.all()
            if found.volume.driver == LOCAL and not found.volume.options
        ]

    def _images(self, records: Sequence[Container]) -> list[ImageUsage]:
        images = self._context.images.list()
        size_bytes = self._context.images.layer_bytes()
        uses = Counter(record.image_id for record in records)
        layers = {image.id: _layers(image) for image in images}
        owners = Counter(layer for of_image in layers.values() for layer in of_image)
        return [
            ImageUsage(
                image,
                # A layer that was removed meanwhile takes up nothing.
                sum(size_bytes.get(layer, 0) for layer in layers[image.id] if owners[layer] > 1),
                sum(uses[one.id] for one in image.of_all_platforms),
            )
            for image in images
        ]


def _layers(image: Image) -> set[int]:
    return {layer for one in image.of_all_platforms for layer in one.layers}
