"""What the API needs of images and registries, by the verbs that routes call; see engine.py.

All raise the errors of errors.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, Protocol

from seacan.engine.containers.filters import Filters
from seacan.engine.image_prune import PrunedImages
from seacan.images.check import Checked
from seacan.images.history import Step
from seacan.images.image import Image, ImageId, ImageManifests, Loaded, Removed, Use
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.remote.archives import RemoteArchive
from seacan.images.remote.credentials import Credentials
from seacan.images.remote.inspect import Distribution
from seacan.images.remote.lists import Entry
from seacan.images.remote.repository import Fetched
from seacan.images.remote.search import SearchResult
from seacan.images.remote.tasks import Cancellation
from seacan.spec.image import ExecutionConfig


class Images(Protocol):
    """Every method blocks, and may be called from any thread."""

    def load(
        self,
        stream: BinaryIO,
        progress: Callable[[dict[str, Any]], None],
        platforms: Sequence[Platform],
    ) -> list[Loaded]: ...

    def saving(
        self, names: Sequence[str], platforms: Sequence[Platform]
    ) -> AbstractContextManager[Iterator[bytes]]: ...

    def saving_built(
        self, images: Mapping[Platform, ImageId], names: Sequence[Reference]
    ) -> AbstractContextManager[Iterator[bytes]]: ...

    def check(self, checked: Checked) -> Iterator[str]: ...

    def history(self, name: str, platform: Platform | None) -> list[Step]: ...

    def import_rootfs(
        self,
        stream: BinaryIO,
        *,
        reference: Reference | None,
        config: ExecutionConfig,
        message: str,
        platform: Platform | None,
    ) -> ImageId: ...

    def get(self, name: str) -> Image: ...

    def get_for(self, name: str, platform: Platform | None) -> Image: ...

    def manifests(self, image: Image) -> ImageManifests: ...

    def tag(self, source: str, reference: Reference) -> ImageId: ...

    def remove(
        self,
        name: str,
        *,
        force: bool,
        used_by: Callable[[ImageId], Sequence[Use]],
        prune_parents: bool,
        platforms: Sequence[Platform],
    ) -> list[Removed]: ...

    def list(self) -> list[Image]: ...


class Remote(Protocol):
    """Every method blocks, and may be called from any thread."""

    def pull(
        self,
        reference: Reference,
        *,
        platform: Platform | None,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
        cancellation: Cancellation,
    ) -> None:
        """`progress` may be called from several threads."""

    def push(
        self,
        reference: Reference,
        *,
        platform: Platform | None,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
        cancellation: Cancellation,
    ) -> None: ...

    def inspect(self, reference: Reference, credentials: Credentials) -> Distribution: ...

    def manifest(self, reference: Reference, credentials: Credentials) -> Fetched: ...

    def push_list(
        self, reference: Reference, entries: Sequence[Entry], credentials: Credentials
    ) -> str:
        """Return the digest of the list."""

    def blob(self, reference: Reference, size_bytes: int, credentials: Credentials) -> bytes: ...

    def push_artifact(
        self,
        reference: Reference,
        manifest: bytes,
        blobs: Sequence[bytes],
        credentials: Credentials,
    ) -> str:
        """Return the digest of the manifest."""

    def login(self, credentials: Credentials) -> str:
        """Return an identity token, or ""."""

    def open_archive(
        self, url: str, cancellation: Cancellation
    ) -> AbstractContextManager[RemoteArchive]: ...

    def search(self, term: str, limit: int, credentials: Credentials) -> Sequence[SearchResult]: ...


class ImagePrune(Protocol):
    async def prune(self, wanted: Filters) -> PrunedImages: ...
