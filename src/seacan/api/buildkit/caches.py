"""Caches of others for a build, and where its own goes to."""

import json
from collections.abc import Sequence
from typing import Final

import anyio
import msgspec

from seacan.api.buildkit import client_services
from seacan.api.buildkit.client_store import ClientStore
from seacan.api.buildkit.jobs import Job
from seacan.api.buildkit.progress import Step, teller
from seacan.api.buildkit.sessions import Session
from seacan.api.cache_options import CacheImport, ExportedCache
from seacan.api.engine_builds import Builds
from seacan.build.caches.exported import CacheExport, CacheTarget, Packed
from seacan.build.caches.imported import CacheSource, ImportedCache
from seacan.errors import SeacanError
from seacan.images.image import Image
from seacan.images.references import Reference
from seacan.images.remote.credentials import NOBODY, Credentials

_MANIFEST: Final = "cache.manifest"  # the client writes it into index.json of its directory


class FoundCaches(msgspec.Struct, frozen=True):
    images: Sequence[Image]  # that are here
    imported: Sequence[ImportedCache]


class Caches(msgspec.Struct, frozen=True):
    """Those of one build, whose client is at the other end of `session`."""

    builds: Builds
    job: Job
    session: Session

    async def find(self, wanted: Sequence[CacheImport]) -> FoundCaches:
        """Return what is there; of what is not, tell why: the build goes on without."""
        images: list[Image] = []
        imported: list[ImportedCache] = []
        for each in wanted:
            step = self.job.telling.step(f"importing cache manifest from {each.shown}")
            step.begin()
            try:
                here = await self._images(each)
                images += here
                if not here:
                    imported.append(await self._import(each, step))
            except SeacanError as err:
                step.fail(str(err))
            else:
                step.end()
        return FoundCaches(images, imported)

    async def _images(self, wanted: CacheImport) -> Sequence[Image]:
        if wanted.reference is None:
            return ()
        return await anyio.to_thread.run_sync(self.builds.cache_images, [str(wanted.reference)])

    async def _import(self, wanted: CacheImport, step: Step) -> ImportedCache:
        source: CacheSource
        if wanted.reference is None:
            source = ClientStore(self.session, wanted.directory, step, wanted.digest)
        else:
            who = await self._credentials(wanted.reference)
            source = self.builds.registry_cache(wanted.reference, who, lambda message: None)
        found = await self.builds.import_cache(source)
        if found.is_foreign:
            step.print(b"made by another builder: nothing in it will be found\n")
        return found

    async def _credentials(self, reference: Reference) -> Credentials:
        found = await client_services.credentials(self.session, [reference.domain])
        return {**self.job.credentials, **found}.get(reference.domain, NOBODY)

    def exports(self, wanted: Sequence[ExportedCache]) -> list[CacheExport]:
        """Return where the build's own goes to, beside the image itself."""
        return [
            CacheExport(
                target=_Target(self, each),
                has_all=each.has_all,
                is_image_manifest=each.is_image_manifest,
                is_compressed=each.is_compressed,
                ignores_error=each.ignores_error,
            )
            for each in wanted
            if not each.is_inline
        ]

    async def put(self, wanted: ExportedCache, cache: Packed) -> None:
        target: CacheTarget
        where = "registry" if wanted.reference else "client directory"
        key = str(wanted.reference or wanted.directory)
        async with self.job.telling.during(f"exporting cache to {where}", key) as step:
            if wanted.reference:
                target = self.builds.registry_cache(
                    wanted.reference, await self._credentials(wanted.reference), teller(step)
                )
            else:
                target = ClientStore(
                    self.session, wanted.directory, step, open_blob=self.builds.open_blob
                )
            await target.put(cache)
        if wanted.directory or _MANIFEST not in self.job.said:
            self.job.said[_MANIFEST] = json.dumps(cache.manifest)


class _Target(msgspec.Struct, frozen=True):
    caches: Caches
    wanted: ExportedCache

    @property
    def name(self) -> str:
        return self.wanted.reference.familiar if self.wanted.reference else self.wanted.directory

    async def put(self, cache: Packed) -> None:
        await self.caches.put(self.wanted, cache)
