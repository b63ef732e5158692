"""What the API needs of builds, by the verbs that routes call; see engine.py.

All raise the errors of errors.py.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, BinaryIO, Protocol

from seacan.build.agents import BuildAgents
from seacan.build.builder import BuildRequest, Built
from seacan.build.caches.exported import CacheTarget
from seacan.build.caches.imported import CacheSource, ImportedCache
from seacan.build.context_tree import ContextTree
from seacan.build.kept_contexts import KeptContext
from seacan.build.progress import Progress
from seacan.engine.builds.cache import CacheEntry, PrunedCache
from seacan.engine.builds.cache_rules import Limits
from seacan.engine.containers.filters import Filters
from seacan.images.image import Image
from seacan.images.references import Reference
from seacan.images.remote.credentials import Credentials


class RegistryCache(CacheSource, CacheTarget, Protocol):
    """What a registry has is read, and what it is to have is written."""


class Builds(Protocol):
    def open_context(self) -> ContextTree:
        """Return a context to be received; to be closed. Blocks."""

    def receive(self, tree: ContextTree, stream: BinaryIO) -> None:
        """Take in a context that comes as an archive; blocks. Raises InvalidArgument."""

    def agents(self, word: str, ids: Sequence[str]) -> AbstractAsyncContextManager[BuildAgents]:
        """Yield the ssh agents that the client of a build has, which names it by a word."""

    async def offer_agent(
        self, word: str, agent_id: str, connection: socket.socket, early: bytes
    ) -> None:
        """Use a connection to a client's agent for its build; it is closed at the end."""

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

    def receive_inventory(
        self, tree: ContextTree, key: str, stream: BinaryIO
    ) -> AbstractAsyncContextManager[None]:
        """Take in a context that uses contents which are kept for `key`, until it is closed.

        Raises ContextGone if not all of it is there.
        """

    def receive_kept(
        self, key: str, receive: Callable[[KeptContext], Awaitable[None]]
    ) -> AbstractAsyncContextManager[None]:
        """Let `receive` take in a context that uses what is kept for `key`, until this is closed.

        What came is kept while the build goes on.
        """

    def cache_images(self, names: Sequence[str]) -> Sequence[Image]:
        """Return those of the images that are here; blocks."""

    async def build(
        self,
        request: BuildRequest,
        contexts: Mapping[str, ContextTree],
        progress: Progress,
        *,
        pulls: bool,
        credentials: Mapping[str, Credentials],
    ) -> Built: ...

    def registry_cache(
        self,
        reference: Reference,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
    ) -> RegistryCache:
        """Return the cache that a registry has, or is to have, under a name."""

    async def import_cache(self, source: CacheSource) -> ImportedCache:
        """Return a cache for a build to look into."""

    def open_blob(self, digest: str) -> BinaryIO:
        """Open a blob of a cache that is handed over."""

    def export(self, name: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Yield a tar archive of the files of an image. Raises NotFound."""

    async def prune(
        self,
        wanted: Filters,
        passes: Callable[[CacheEntry], bool] = ...,
        *,
        all: bool,
        limits: Limits,
    ) -> PrunedCache:
        """Remove what of the cache was not used for long, or all of it, beyond the limits."""
