"""The builder, in the engine: its images, its commands, its cache."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any, BinaryIO, Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from seacan import log
from seacan.build import inventory, remote_context
from seacan.build.agents import Agents, BuildAgents
from seacan.build.builder import Builder, BuildRequest, Built
from seacan.build.caches import imported
from seacan.build.caches.imported import CacheSource, ImportedCache
from seacan.build.context_tree import ContextTree
from seacan.build.groups import unwrapped
from seacan.build.kept_contexts import KeptContext
from seacan.build.known_contexts import KnownContexts
from seacan.build.origins import ImageOrigin
from seacan.build.progress import Progress, Pulled
from seacan.engine.builds import cache as build_cache
from seacan.engine.builds.cache import CacheEntry, PrunedCache
from seacan.engine.builds.cache_rules import Limits
from seacan.engine.builds.registry_cache import RegistryCache
from seacan.engine.builds.steps import BuildSteps
from seacan.engine.containers.containers import Containers
from seacan.engine.containers.files import image_reader
from seacan.engine.containers.filters import Filters
from seacan.engine.context import Context
from seacan.errors import Internal, NotFound
from seacan.images import references
from seacan.images.image import Image
from seacan.images.platforms import Platform
from seacan.images.progress import Progress as RemoteProgress
from seacan.images.references import Reference
from seacan.images.remote.credentials import NOBODY, Credentials
from seacan.images.remote.tasks import Cancellation

Message = dict[str, Any]

_CACHE_PAUSE_S: Final = 60.0  # between two looks at all of the cache


class Builds:
    def __init__(self, context: Context, containers: Containers) -> None:
        self._context = context
        self._cache_has_grown = anyio.Event()
        self._cache_has_grown.set()  # or the rules are others than before the start
        self._builder = Builder(
            data_root=context.data_root,
            exec_root=context.exec_root,
            building=context.images.building,
            launcher=context.launcher,
            runner=BuildSteps(context, containers.get),
        )
        self._agents = Agents(context.exec_root.secrets)
        self._known_contexts = KnownContexts()

    def open_context(self) -> ContextTree:
        """Return a context to be received; to be closed. Blocks."""
        return ContextTree(self._context.data_root.builds)

    def agents(self, word: str, ids: Sequence[str]) -> AbstractAsyncContextManager[BuildAgents]:
        """Yield the ssh agents that the client of a build has, which names it by a word."""
        return self._agents.of_build(word, ids)

    async def offer_agent(
        self, word: str, agent_id: str, connection: socket.socket, early: bytes
    ) -> None:
        """Use a connection to a client's agent for its build; it is closed at the end."""
        await self._agents.offer(word, agent_id, connection, early)

    def receive(self, tree: ContextTree, stream: BinaryIO) -> None:
        """Take in a context that comes as an archive; blocks.

        Raises InvalidArgument if it is malformed, or too much.
        """
        tree.receive_known(stream, self._known_contexts)

    def receive_inventory(
        self, tree: ContextTree, key: str, stream: BinaryIO
    ) -> AbstractAsyncContextManager[None]:
        """Take in a context that uses contents which are kept for `key`, until it is closed.

        Raises ContextGone if not all of it is there.
        """

        async def receive(kept: KeptContext) -> None:
            await anyio.to_thread.run_sync(inventory.receive, tree, kept, stream)

        return self.receive_kept(key, receive)

    @asynccontextmanager
    async def receive_kept(
        self, key: str, receive: Callable[[KeptContext], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """Let `receive` take in a context that uses what is kept for `key`, until this is closed.

        What came is kept while the build goes on.
        """
        with ExitStack() as held, unwrapped():
            use = self._context.kept_contexts.use(key)
            kept = await anyio.to_thread.run_sync(held.enter_context, use)
            await receive(kept)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.to_thread.run_sync, kept.save)
                yield

    async def fetch(
        self,
        url: str,
        tree: ContextTree,
        *,
        dockerfile: str,
        keeps_git_directory: bool,
        agents: BuildAgents,
        secrets: Mapping[str, bytes],
    ) -> None:
        """Take in the context that is at a URL; what is no archive is its Dockerfile."""
        async with self._builder.repositories(agents, secrets) as repositories:
            fetch = partial(
                remote_context.fetch,
                url,
                tree,
                repositories,
                dockerfile=dockerfile,
                keeps_git_directory=keeps_git_directory,
            )
            await anyio.to_thread.run_sync(
                fetch,
                abandon_on_cancel=True,  # a server may never end what it sends
                limiter=anyio.CapacityLimiter(1),
            )

    async def build(
        self,
        request: BuildRequest,
        contexts: Mapping[str, ContextTree],
        progress: Progress,
        *,
        pulls: bool,
        credentials: Mapping[str, Credentials],
    ) -> Built:
        """Build an image; with `pulls`, of the newest images that registries have.

        `credentials` are by registry. Raises what the Dockerfile, its commands and registries do.
        """
        find = partial(self._find_image, pulls=pulls, credentials=credentials)
        try:
            return await self._builder.build(request, contexts, find, progress)
        finally:
            self._cache_has_grown.set()

    async def keep_cache_within_rules(self) -> None:
        """At first, and after builds, remove what is too much or too old; for ever."""
        while True:
            await self._cache_has_grown.wait()
            self._cache_has_grown = anyio.Event()
            rules = self._context.settings.cache_rules
            pruned = await anyio.to_thread.run_sync(build_cache.apply, self._context, rules)
            if pruned.ids:
                log.info(
                    "the build cache is within its limits",
                    removed=len(pruned.ids),
                    reclaimed_bytes=pruned.reclaimed_bytes,
                )
            await anyio.sleep(_CACHE_PAUSE_S)

    def cache_images(self, names: Sequence[str]) -> list[Image]:
        """Return those of the images that are here; blocks."""
        found = []
        for name in names:
            try:
                found.append(self._context.images.get(name))
            except NotFound:
                continue
        return found

    def registry_cache(
        self, reference: Reference, credentials: Credentials, progress: RemoteProgress
    ) -> RegistryCache:
        """Return the cache that a registry has, or is to have, under a name.

        `progress` is told of what is sent, from several threads.
        """
        return RegistryCache(self._context.images.remote, reference, credentials, progress)

    async def import_cache(self, source: CacheSource) -> ImportedCache:
        """Return a cache for a build to look into. Raises SeacanError, also if there is none."""
        return await imported.read(source, self._context.images.building)

    def open_blob(self, digest: str) -> BinaryIO:
        """Open a blob of a cache that is handed over. Raises NotFound."""
        return self._context.images.building.open_blob(digest)

    @asynccontextmanager
    async def export(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield a tar archive of the files of an image. Raises NotFound."""
        context = self._context
        with context.images.building.adding():
            image = await anyio.to_thread.run_sync(context.images.get, name)
            lower = context.images.snapshots.lower_directories(image)
            async with image_reader(context, lower) as worker:
                worker.tell_output()
                yield worker.output()

    async def prune(
        self,
        wanted: Filters,
        passes: Callable[[CacheEntry], bool] = lambda entry: True,
        *,
        all: bool,
        limits: Limits,
    ) -> PrunedCache:
        """Remove what of the cache passes all filters, as far as that is beyond the limits."""
        pruned = await anyio.to_thread.run_sync(
            partial(build_cache.prune, self._context, wanted, passes, all=all, limits=limits)
        )
        told = {"reclaimed": str(pruned.reclaimed_bytes)}
        self._context.events.append("builder", "prune", "", told)
        return pruned

    async def _find_image(
        self,
        origin: ImageOrigin,
        platform: Platform,
        progress: Progress,
        *,
        pulls: bool,
        credentials: Mapping[str, Credentials],
    ) -> Image:
        images = self._context.images
        name = origin.written or origin.reference
        if not pulls:
            try:
                return await anyio.to_thread.run_sync(images.get_for, name, platform)
            except NotFound:
                pass
        try:
            await self._pull(origin.reference, platform, progress, credentials)
        except Internal as err:  # of the registry: it says nothing of the image
            raise Internal(
                f"{name}: failed to resolve source metadata for {origin.reference}: {err}"
            ) from err
        try:
            return await anyio.to_thread.run_sync(images.get_for, origin.reference, platform)
        except NotFound:  # it is for another platform, which the pull has told of
            return await anyio.to_thread.run_sync(images.get, origin.reference)

    async def _pull(
        self,
        name: str,
        platform: Platform,
        progress: Progress,
        credentials: Mapping[str, Credentials],
    ) -> None:
        reference = references.parse_pulled(name, "")
        cancellation = Cancellation()
        loop = asyncio.get_running_loop()
        send, receive = anyio.create_memory_object_stream[Message](float("inf"))

        def tell(message: Message) -> None:
            with suppress(RuntimeError):  # the daemon has ended meanwhile
                loop.call_soon_threadsafe(_send, send, message)

        async def pull() -> None:
            with send:
                await anyio.to_thread.run_sync(
                    partial(
                        self._context.images.remote.pull,
                        reference,
                        platform=platform,
                        credentials=credentials.get(reference.domain, NOBODY),
                        progress=tell,
                        cancellation=cancellation,
                    ),
                    abandon_on_cancel=True,
                    limiter=anyio.CapacityLimiter(1),
                )

        try:
            with unwrapped():
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(pull)
                    async for message in receive:
                        await progress(Pulled(message, name))
        finally:
            cancellation.cancel()


def _send(stream: MemoryObjectSendStream[Message], message: Message) -> None:
    with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):  # nobody waits any more
        stream.send_nowait(message)
