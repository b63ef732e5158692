"""Registries that nobody asks: what pull, push and the like would have said."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from seacan.errors import Unauthorized
from seacan.images.platforms import Platform
from seacan.images.references import Reference
from seacan.images.remote.archives import RemoteArchive
from seacan.images.remote.credentials import Credentials
from seacan.images.remote.inspect import Distribution
from seacan.images.remote.lists import Entry
from seacan.images.remote.repository import Fetched
from seacan.images.remote.search import SearchResult
from seacan.images.remote.tasks import Cancellation, Cancelled


class FakeRemote:
    """Answers from tables; `calls` is what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.messages: list[dict[str, Any]] = []
        self.archive = b""
        self.failure: Exception | None = None
        self.is_cancelled = threading.Event()
        self.hangs = False

    def pull(
        self,
        reference: Reference,
        *,
        platform: Platform | None,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
        cancellation: Cancellation,
    ) -> None:
        self._transfer("pull", reference, platform, credentials, progress, cancellation)

    def push(
        self,
        reference: Reference,
        *,
        platform: Platform | None,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
        cancellation: Cancellation,
    ) -> None:
        self._transfer("push", reference, platform, credentials, progress, cancellation)

    def _transfer(
        self,
        verb: str,
        reference: Reference,
        platform: Platform | None,
        credentials: Credentials,
        progress: Callable[[dict[str, Any]], None],
        cancellation: Cancellation,
    ) -> None:
        self.calls.append((verb, str(reference), str(platform or ""), credentials.username))
        for message in self.messages:
            progress(message)
        if self.failure:
            raise self.failure
        while self.hangs:
            try:
                cancellation.sleep(60)
            except Cancelled:
                self.is_cancelled.set()
                raise

    def inspect(self, reference: Reference, credentials: Credentials) -> Distribution:
        if self.failure:
            raise self.failure
        return Distribution("a/b", "sha256:" + "a" * 64, 5, [{"architecture": "arm", "os": "x"}])

    def manifest(self, reference: Reference, credentials: Credentials) -> Fetched:
        if self.failure:
            raise self.failure
        return Fetched("application/x-manifest", "sha256:" + "a" * 64, b'{ "as": "is" }')

    def push_list(
        self, reference: Reference, entries: Sequence[Entry], credentials: Credentials
    ) -> str:
        named = [(str(entry.source), entry.platform) for entry in entries]
        self.calls.append(("push_list", str(reference), named, credentials.username))
        return "sha256:" + "b" * 64

    def blob(self, reference: Reference, size_bytes: int, credentials: Credentials) -> bytes:
        self.calls.append(("blob", str(reference), size_bytes, credentials.username))
        return b"x" * size_bytes

    def push_artifact(
        self,
        reference: Reference,
        manifest: bytes,
        blobs: Sequence[bytes],
        credentials: Credentials,
    ) -> str:
        self.calls.append(("push_artifact", str(reference), manifest, list(blobs)))
        return "sha256:" + "c" * 64

    def login(self, credentials: Credentials) -> str:
        if credentials.password != "secret":
            raise Unauthorized("unauthorized: incorrect username or password")
        return "identity"

    @contextmanager
    def open_archive(self, url: str, cancellation: Cancellation) -> Iterator[RemoteArchive]:
        self.calls.append(("open_archive", url))
        if self.failure:
            raise self.failure
        yield RemoteArchive(url, io.BytesIO(self.archive), len(self.archive))

    def search(self, term: str, limit: int, credentials: Credentials) -> Sequence[SearchResult]:
        self.calls.append(("search", term, limit))
        return [SearchResult("one", "first", True, 7), SearchResult("two", None, False, 3)]
