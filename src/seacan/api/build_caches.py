"""Caches that POST /build names: images that are here, and registries."""

from collections.abc import Sequence

import anyio
import msgspec
from msgspec.structs import replace

from seacan.api.build_request import Asked
from seacan.api.cache_options import CacheImport, ExportedCache
from seacan.api.engine_builds import Builds, RegistryCache
from seacan.build.builder import BuildRequest
from seacan.build.caches.exported import CacheExport, CacheTarget, Packed
from seacan.build.caches.imported import ImportedCache
from seacan.build.progress import Noted, Progress
from seacan.errors import SeacanError
from seacan.images.image import Image
from seacan.images.references import Reference
from seacan.images.remote.credentials import NOBODY


class BuildCaches(msgspec.Struct, frozen=True):
    builds: Builds
    asked: Asked
    progress: Progress

    async def add_to(self, request: BuildRequest) -> BuildRequest:
        """Return a request with what is there of caches, and where its own goes to."""
        images, imported = await self._find(self.asked.cache_imports)
        return replace(
            request,
            more_cache_images=images,
            cache_imports=imported,
            cache_exports=[*map(self._export, _carried(self.asked.cache_exports))],
            has_inline_cache=any(each.is_inline for each in self.asked.cache_exports),
        )

    async def _find(self, wanted: Sequence[CacheImport]) -> tuple[list[Image], list[ImportedCache]]:
        """Return those that are there; of others, tell why not: the build goes on without."""
        images: list[Image] = []
        imported: list[ImportedCache] = []
        for each in wanted:
            here = await anyio.to_thread.run_sync(self.builds.cache_images, [str(each.reference)])
            images += here
            if here or each.reference is None:
                continue
            try:
                imported.append(await self.builds.import_cache(self._registry(each.reference)))
            except SeacanError as err:
                await self.progress(Noted(f"the cache of {each.shown} is not used: {err}"))
        return images, imported

    def _registry(self, reference: Reference) -> RegistryCache:
        who = self.asked.credentials.get(reference.domain, NOBODY)
        return self.builds.registry_cache(reference, who, lambda message: None)

    def _export(self, wanted: ExportedCache) -> CacheExport:
        assert wanted.reference is not None
        return CacheExport(
            target=_Told(self._registry(wanted.reference), self.progress),
            has_all=wanted.has_all,
            is_image_manifest=wanted.is_image_manifest,
            is_compressed=wanted.is_compressed,
            ignores_error=wanted.ignores_error,
        )


def _carried(wanted: Sequence[ExportedCache]) -> list[ExportedCache]:
    return [each for each in wanted if not each.is_inline]


class _Told(msgspec.Struct, frozen=True):
    """A target whose end is told of."""

    target: CacheTarget
    progress: Progress

    @property
    def name(self) -> str:
        return self.target.name

    async def put(self, cache: Packed) -> None:
        await self.target.put(cache)
        await self.progress(Noted(f"cache exported to {self.name}"))
