"""A cache of somebody else's, looked into by a build that names it.

Layers are fetched when a step wants them, one by one. What they are is verified, digest and diff
id; that they are what the step came to, is what whoever made the cache says: see document.py.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import BinaryIO, Final, Protocol, TypeVar

import anyio

from seacan.build.caches import document, inline
from seacan.build.caches.document import CachedLayer, CacheDocument
from seacan.build.state import State
from seacan.errors import InvalidArgument
from seacan.images import documents
from seacan.images.building import Building, BuiltLayer, Result
from seacan.spec.image import CONFIG_TYPES, MANIFEST_TYPES, Descriptor

_MOST_IMAGES: Final = 32  # of an index: platforms

T = TypeVar("T")


class CacheSource(Protocol):
    @property
    def name(self) -> str: ...

    async def manifest(self, digest: str = "") -> bytes:
        """Return the manifest or index, or another one that it names. Raises SeacanError."""

    async def take(self, blob: Descriptor, use: Callable[[BinaryIO], T]) -> T:
        """Return what `use`, in a thread, makes of the bytes of a blob. Raises SeacanError."""


class ImportedCache:
    def __init__(
        self, source: CacheSource, found: Sequence[CacheDocument], building: Building
    ) -> None:
        self._source = source
        self._documents = found
        self._building = building

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def is_foreign(self) -> bool:
        """Whether another builder has made it, so that nothing will be found."""
        return not any(each.is_own for each in self._documents)

    def give_up(self) -> None:
        """Find nothing any more."""
        self._documents = ()

    async def find(self, key: str, state: State, *, is_linked: bool) -> Result | None:
        """Return what a step came to, its layer on those of `state`, if the cache has it.

        Raises SeacanError.
        """
        for each in self._documents:
            found = each.find(key)
            if found is None:
                continue
            diff_ids = [layer.diff_id for layer in found.layers]
            if diff_ids == state.diff_ids and not is_linked:
                return Result(key, found.created, "", None)
            if diff_ids[:-1] == ([] if is_linked else state.diff_ids):
                layer = await self._bring(state.diff_ids, found.layers[-1])
                return Result(key, found.created, "", layer)
        return None

    async def _bring(self, below: Sequence[str], layer: CachedLayer) -> BuiltLayer:
        known = await anyio.to_thread.run_sync(self._building.known_layer, below, layer.diff_id)
        if known is not None:
            return known
        receive = partial(self._building.receive_layer, below, layer.blob, layer.diff_id)
        return await self._source.take(layer.blob, receive)


async def read(source: CacheSource, building: Building) -> ImportedCache:
    """Return the cache that a source has. Raises SeacanError, also if there is none."""
    found = await _documents(source, await source.manifest())
    if not found:
        raise InvalidArgument("the image has no cache: it was made without --cache-to type=inline")
    return ImportedCache(source, found, building)


async def _documents(source: CacheSource, data: bytes) -> list[CacheDocument]:
    if not _is_index(data):
        return await _of_manifest(source, data)
    manifests = documents.index(data)["manifests"]
    for each in manifests:
        if each["mediaType"] == document.MEDIA_TYPE:
            config = await _read(source, each, document.LIMIT_BYTES)
            return [document.read(config, [other for other in manifests if other is not each])]
    images = [each for each in manifests if each["mediaType"] in MANIFEST_TYPES]
    found = []
    for each in images[:_MOST_IMAGES]:
        found += await _of_manifest(source, await source.manifest(each["digest"]))
    return found


async def _of_manifest(source: CacheSource, data: bytes) -> list[CacheDocument]:
    manifest = documents.manifest(data)
    config, layers = manifest["config"], manifest["layers"]
    if config["mediaType"] == document.MEDIA_TYPE:
        return [document.read(await _read(source, config, document.LIMIT_BYTES), layers)]
    if config["mediaType"] not in CONFIG_TYPES:
        return []
    found = inline.read(await _read(source, config, documents.LIMIT_BYTES), layers)
    return [found] if found else []


def _is_index(data: bytes) -> bool:
    """Tell an index from a manifest; both are read with care afterwards."""
    try:
        kind = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise InvalidArgument(f"invalid cache: {err}") from err
    return isinstance(kind, dict) and "manifests" in kind


async def _read(source: CacheSource, blob: Descriptor, limit_bytes: int) -> bytes:
    """Return a document, verified. Raises InvalidArgument, and what the source does."""
    size_bytes = blob["size"]
    if size_bytes > limit_bytes:
        raise InvalidArgument(f"invalid cache: a document longer than {limit_bytes} bytes")
    data = await source.take(blob, lambda file: file.read(size_bytes + 1))
    if len(data) != size_bytes or documents.digest(data) != blob["digest"]:
        raise InvalidArgument(f"invalid cache: {blob['digest']} is not as it says")
    return data
