"""Builds that are only told of."""

import io
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import anyio
from tests.fakes.images import IMAGE_ID

from seacan.api.engine_builds import RegistryCache
from seacan.build import inventory
from seacan.build.agents import Agents, BuildAgents
from seacan.build.builder import BuildRequest, Built
from seacan.build.caches.exported import Packed
from seacan.build.caches.imported import CacheSource, ImportedCache
from seacan.build.context_tree import ContextTree
from seacan.build.kept_contexts import KeptContext, KeptContexts
from seacan.build.progress import Began, Made, Progress, StepId
from seacan.engine.builds.cache import CacheEntry, PrunedCache
from seacan.engine.builds.cache_rules import Limits
from seacan.engine.containers.filters import Filters
from seacan.errors import Internal, SeacanError
from seacan.images.image import Image
from seacan.images.platforms import host
from seacan.images.references import Reference
from seacan.images.remote.credentials import Credentials


class FakeBuilds:
    """Takes in what is sent, tells of one step, and answers with an image."""

    def __init__(self) -> None:
        self.requests: list[tuple[BuildRequest, list[str], bool, dict[str, Credentials]]] = []
        self.error: SeacanError | None = None
        self.pruned: list[tuple[Filters, bool, Limits]] = []
        self.fails_after_steps: SeacanError | None = None
        self.offered: list[tuple[str, str, bytes]] = []
        self.exported = b""  # the archive that all images are
        self.kept_directory: Path | None = None  # where contexts outlast their builds
        self.imported: list[tuple[str, bytes]] = []  # names of caches, and their manifests
        self.packed: Packed | None = None  # what caches are exported as, and
        self.blobs: dict[str, bytes] = {}  # what these are

    async def import_cache(self, source: CacheSource) -> ImportedCache:
        self.imported.append((source.name, await source.manifest()))
        return ImportedCache(source, [], cast(Any, None))

    def registry_cache(
        self,
        reference: Reference,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
    ) -> RegistryCache:
        raise Internal(f"{reference}: no registry for {credentials.username}")

    def open_blob(self, digest: str) -> BinaryIO:
        return io.BytesIO(self.blobs[digest])

    def open_context(self) -> ContextTree:
        return ContextTree(Path(tempfile.gettempdir()))

    def receive(self, tree: ContextTree, stream: BinaryIO) -> None:
        tree.receive(stream)

    def agents(self, word: str, ids: Sequence[str]) -> AbstractAsyncContextManager[BuildAgents]:
        return Agents(Path(tempfile.gettempdir())).of_build(word, ids)

    async def offer_agent(
        self, word: str, agent_id: str, connection: socket.socket, early: bytes
    ) -> None:
        with connection:
            self.offered.append((word, agent_id, early))

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
        said = f"# {url}{' with .git' if keeps_git_directory else ''}\n"
        tree.add_file(dockerfile, io.BytesIO(said.encode()))

    def receive_inventory(
        self, tree: ContextTree, key: str, stream: BinaryIO
    ) -> AbstractAsyncContextManager[None]:
        async def receive(kept: KeptContext) -> None:
            await anyio.to_thread.run_sync(inventory.receive, tree, kept, stream)

        return self.receive_kept(key, receive)

    @asynccontextmanager
    async def receive_kept(
        self, key: str, receive: Callable[[KeptContext], Awaitable[None]]
    ) -> AsyncIterator[None]:
        with (
            tempfile.TemporaryDirectory() as directory,
            KeptContexts(self.kept_directory or Path(directory)).use(key) as kept,
        ):
            await receive(kept)
            kept.save()
            yield

    @asynccontextmanager
    async def export(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncIterator[bytes]:
            yield self.exported

        yield pieces()

    def cache_images(self, names: Sequence[str]) -> Sequence[Image]:
        return []

    async def build(
        self,
        request: BuildRequest,
        contexts: Mapping[str, ContextTree],
        progress: Progress,
        *,
        pulls: bool,
        credentials: Mapping[str, Credentials],
    ) -> Built:
        names = sorted(path for path, _ in contexts[""].below(""))
        self.requests.append((request, names, pulls, dict(credentials)))
        if self.error is not None:
            raise self.error
        await progress(Began(StepId(0, 1), 1, "FROM scratch", 1))
        if self.fails_after_steps is not None:
            raise self.fails_after_steps
        await progress(Made(IMAGE_ID))
        for export in request.cache_exports:
            assert self.packed is not None
            await export.target.put(self.packed)
        return Built(IMAGE_ID, {host(): IMAGE_ID})

    async def prune(
        self,
        wanted: Filters,
        passes: Callable[[CacheEntry], bool] = lambda entry: True,
        *,
        all: bool,
        limits: Limits,
    ) -> PrunedCache:
        self.pruned.append((wanted, all, limits))
        return PrunedCache(["key"], 7)
