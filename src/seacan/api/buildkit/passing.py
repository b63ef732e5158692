"""Images that are there for a while: of results that are handed over as files, or built upon.

The store has no files without an image. One that a build makes on the way goes when no build goes
on any more: until then another may have come to the same. It stays if it was there before, or if
somebody has named or used it meanwhile.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress

import anyio

from seacan.api import engine
from seacan.build.builder import Built
from seacan.engine.image_prune import uses_by_image
from seacan.errors import Conflict, NotFound
from seacan.images.image import ImageId


class Passing:
    def __init__(self, engine: engine.Engine) -> None:
        self._engine = engine
        self._going_on = 0
        self._new: set[ImageId] = set()
        self._turn = anyio.Lock()  # no build begins while images are removed

    @asynccontextmanager
    async def use(self, build: Callable[[], Awaitable[Built]]) -> AsyncIterator[Built]:
        """Yield what `build` makes, for as long as it is needed."""
        async with self._turn:
            self._going_on += 1
        try:
            images = self._engine.images
            before = {each.id for each in await anyio.to_thread.run_sync(images.list)}
            built = await build()
            self._new |= {*built.images.values()} - before
            yield built
        finally:
            with anyio.CancelScope(shield=True):
                async with self._turn:
                    self._going_on -= 1
                    if not self._going_on:
                        new, self._new = self._new, set()
                        await anyio.to_thread.run_sync(self._remove, new)

    def keep(self, built: Built) -> None:
        """Let it stay, though nobody names it."""
        self._new.difference_update(built.images.values())

    def _remove(self, images: Iterable[ImageId]) -> None:
        uses = uses_by_image(self._engine.containers.all_records())
        for image_id in images:
            with suppress(NotFound, Conflict):
                if not self._engine.images.get(image_id).references:
                    self._engine.images.remove(
                        image_id,
                        force=False,
                        used_by=lambda each: uses.get(each, ()),
                        prune_parents=False,
                        platforms=(),
                    )
