"""Blobs: bytes named by their digest, in an OCI image layout.

DIRECTORY/oci-layout
DIRECTORY/blobs/ALGORITHM/HEX  0400; whole or absent, its digest taken as it was written
DIRECTORY/ingest/*/N           on their way in; emptied by open()
DIRECTORY/partial/DIGEST       a download, named by the digest that it is to have: what broke off is
                               gone on with later, within a day
"""

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from seacan.errors import NotFound
from seacan.files import read_bounded, sync_directory, write_all, write_atomic
from seacan.images.trees import remove_tree

_LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
CANONICAL: Final = "sha256"
_PARTIAL_S: Final = 24 * 3600  # that a download broken off is kept


class Staged(msgspec.Struct, frozen=True):
    """A file that may become a blob."""

    path: Path
    digest: str
    size_bytes: int

    def read(self, limit_bytes: int, name: str) -> bytes:
        """Return its content. Raises InvalidArgument beyond `limit_bytes`."""
        return read_bounded(os.open(self.path, os.O_RDONLY), limit_bytes, name)


class Staging:
    """A directory of its own for what one transfer brings."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0

    def add(self, chunks: Iterable[bytes], algorithm: str = CANONICAL) -> Staged:
        """Write the chunks to a file, and take their digest."""
        path = self._directory / str(self._count)
        self._count += 1
        digest = hashlib.new(algorithm)
        size_bytes = 0
        with open(path, "xb", buffering=0) as file:
            for chunk in chunks:
                digest.update(chunk)
                write_all(file.fileno(), chunk)
                size_bytes += len(chunk)
        return Staged(path, f"{algorithm}:{digest.hexdigest()}", size_bytes)


class Blobs:
    """`algorithms`: of digests, as hashlib calls them, that blobs are named by."""

    def __init__(self, directory: Path, algorithms: Sequence[str] = (CANONICAL,)) -> None:
        self._directory = directory
        self._blobs = directory / "blobs"
        self._algorithms = algorithms
        self._ingest = directory / "ingest"
        self._partial = directory / "partial"

    def open(self) -> None:
        """Make the directories if they are not there, and drop what a crash left half written."""
        for algorithm in self._algorithms:
            (self._blobs / algorithm).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._ingest.mkdir(exist_ok=True, mode=0o700)
        self._partial.mkdir(exist_ok=True, mode=0o700)
        for leftover in self._ingest.iterdir():
            remove_tree(leftover)
        self.drop_old_partials()

    @property
    def is_new(self) -> bool:
        return not (self._directory / "oci-layout").exists()

    def mark_complete(self) -> None:
        """Write `oci-layout`, which a new store has once its first image is in it."""
        write_atomic(self._directory / "oci-layout", _LAYOUT)

    def created_at_ns(self) -> int:
        """Return when a complete store became so, since 1970."""
        return (self._directory / "oci-layout").stat().st_mtime_ns

    @contextlib.contextmanager
    def staging(self) -> Iterator[Staging]:
        """Yield a place for bytes on their way in; what was not committed is removed."""
        directory = Path(tempfile.mkdtemp(dir=self._ingest))
        try:
            yield Staging(directory)
        finally:
            remove_tree(directory)

    def partial(self, digest: str) -> Path:
        """Return the place of a download; whoever writes there is the only one."""
        return self._partial / digest

    def drop_old_partials(self) -> None:
        """Remove downloads that nobody went on with for a day."""
        for path in self._partial.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _PARTIAL_S:
                    path.unlink()

    def commit(self, staged: Staged) -> None:
        """Keep the staged file as the blob of its digest, durably."""
        if self.has(staged.digest):
            staged.path.unlink(missing_ok=True)
            return
        with open(staged.path, "rb") as file:
            os.fsync(file.fileno())
        self.keep(staged)
        sync_directory(self.path(staged.digest).parent)

    def keep(self, staged: Staged) -> None:
        """Keep the staged file as the blob of its digest; Store.sync() makes it durable."""
        os.chmod(staged.path, 0o400)
        os.rename(staged.path, self.path(staged.digest))

    def write(self, data: bytes) -> str:
        """Keep `data` and return its canonical digest."""
        with self.staging() as staging:
            staged = staging.add([data])
            self.commit(staged)
        return staged.digest

    def read(self, digest: str, limit_bytes: int) -> bytes:
        """Return a blob. Raises NotFound; InvalidArgument beyond `limit_bytes`."""
        with self.open_blob(digest) as file:
            return read_bounded(os.dup(file.fileno()), limit_bytes, f"blob {digest}")

    def open_blob(self, digest: str) -> BinaryIO:
        """Open a blob for reading. Raises NotFound."""
        try:
            return open(self.path(digest), "rb")
        except FileNotFoundError as error:
            raise NotFound(f"blob {digest}: not in the store") from error

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

    def size_bytes(self, digest: str) -> int:
        return self.path(digest).stat().st_size

    def path(self, digest: str) -> Path:
        """Return the place of the blob `digest`, which references.is_digest() has approved."""
        algorithm, _, encoded = digest.partition(":")
        return self._blobs / algorithm / encoded

    def digests(self) -> set[str]:
        """Return the digests of all blobs."""
        return {
            f"{algorithm}:{path.name}"
            for algorithm in self._algorithms
            for path in (self._blobs / algorithm).iterdir()
        }

    def unfinished(self) -> list[Path]:
        """Return the directories of what is on its way in."""
        return sorted(self._ingest.iterdir())

    def remove(self, digest: str) -> None:
        """Remove a blob; it may be gone already."""
        self.path(digest).unlink(missing_ok=True)
