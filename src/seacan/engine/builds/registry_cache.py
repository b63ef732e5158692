"""A cache of builds in a registry: what has its name is a manifest of its own, or an image."""

from collections.abc import Callable
from typing import BinaryIO, TypeVar

import anyio
import anyio.lowlevel
import msgspec
from msgspec.structs import replace

from seacan.build.caches.exported import Packed
from seacan.build.groups import unwrapped
from seacan.errors import Internal
from seacan.images.progress import Progress
from seacan.images.references import Reference
from seacan.images.remote.credentials import Credentials
from seacan.images.remote.remote import Remote
from seacan.images.remote.tasks import Cancellation, Cancelled
from seacan.spec.image import Descriptor

T = TypeVar("T")


class RegistryCache(msgspec.Struct, frozen=True):
    """A CacheSource, and a CacheTarget."""

    remote: Remote
    reference: Reference
    credentials: Credentials
    progress: Progress

    @property
    def name(self) -> str:
        return self.reference.familiar

    async def manifest(self, digest: str = "") -> bytes:
        wanted = replace(self.reference, tag=None, digest=digest) if digest else self.reference
        fetched = await anyio.to_thread.run_sync(
            self.remote.manifest, wanted, self.credentials, abandon_on_cancel=True
        )
        return fetched.data

    async def take(self, blob: Descriptor, use: Callable[[BinaryIO], T]) -> T:
        return await _until_cancelled(
            lambda cancellation: self.remote.take_blob(
                self.reference, blob, self.credentials, use, cancellation
            )
        )

    async def put(self, cache: Packed) -> None:
        await _until_cancelled(
            lambda cancellation: self.remote.push_blobs(
                self.reference,
                [*cache.layers, cache.config],
                cache.manifest,
                credentials=self.credentials,
                progress=self.progress,
                cancellation=cancellation,
            )
        )


async def _until_cancelled(work: Callable[[Cancellation], T]) -> T:
    """Return what `work` does in a thread, which is waited for also if nobody wants it any more.

    What it uses of the store is there as long as the caller is.
    """
    cancellation = Cancellation()

    async def watch() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cancellation.cancel()

    with unwrapped():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            try:
                done = await anyio.to_thread.run_sync(
                    work, cancellation, limiter=anyio.CapacityLimiter(1)
                )
            except Cancelled:
                await anyio.lowlevel.checkpoint()
                raise Internal("the build was cancelled") from None
            tasks.cancel_scope.cancel()
    return done
