"""Blobs: bytes named by their digest, in an OCI image layout.

DIRECTORY/oci-layout
DIRECTORY/blobs/sha256/HEX    0400; whole or absent, verified as it was written
DIRECTORY/ingest/             on their way in; emptied by open()
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from seacan.errors import InvalidArgument, NotFound
from seacan.files import read_bounded, sync_directory, write_atomic

_LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
_ALGORITHM: Final = "sha256:"


class Ingest:
    """Bytes on their way to become a blob; without commit() nothing of them is left."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.path = path
        self.size_bytes = 0

    def write(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self._file.write(data)
        self.size_bytes += len(data)

    @property
    def digest(self) -> str:
        return _ALGORITHM + self._hash.hexdigest()

    def flush(self) -> None:
        """Make what was written readable at `path`."""
        self._file.flush()


class Blobs:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._sha256 = directory / "blobs" / "sha256"
        self._ingest = directory / "ingest"

    def open(self) -> None:
        """Make the layout if it is not there, and drop what a crash left half written."""
        self._sha256.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._ingest.mkdir(exist_ok=True, mode=0o700)
        if not (self._directory / "oci-layout").exists():
            write_atomic(self._directory / "oci-layout", _LAYOUT)
        for leftover in self._ingest.iterdir():
            leftover.unlink()

    @contextlib.contextmanager
    def ingest(self) -> Iterator[Ingest]:
        """Yield a place to write a blob to; it is removed at the end unless committed."""
        fd, name = tempfile.mkstemp(dir=self._ingest)
        path = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                yield Ingest(file, path)
        finally:
            path.unlink(missing_ok=True)

    def commit(self, ingest: Ingest, *, digest: str, size_bytes: int | None = None) -> None:
        """Keep what was written as the blob `digest`, durably.

        Raises InvalidArgument if its digest or size is another.
        """
        if ingest.digest != digest:
            raise InvalidArgument(f"blob {digest}: its content has digest {ingest.digest}")
        if size_bytes is not None and ingest.size_bytes != size_bytes:
            raise InvalidArgument(
                f"blob {digest}: it has {ingest.size_bytes} bytes, not {size_bytes}"
            )
        if self.has(digest):
            return
        ingest.flush()
        with open(ingest.path, "rb") as file:
            os.fchmod(file.fileno(), 0o400)
            os.fsync(file.fileno())
        os.rename(ingest.path, self.path(digest))
        sync_directory(self._sha256)

    def write(self, data: bytes) -> str:
        """Keep `data` and return its digest."""
        with self.ingest() as ingest:
            ingest.write(data)
            self.commit(ingest, digest=ingest.digest)
        return ingest.digest

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
        """Return the place of the blob `digest`, which is `sha256:` and 64 digits."""
        return self._sha256 / digest.removeprefix(_ALGORITHM)

    def digests(self) -> list[str]:
        """Return the digests of all blobs."""
        return [_ALGORITHM + path.name for path in self._sha256.iterdir()]

    def remove(self, digest: str) -> None:
        """Remove a blob; it may be gone already."""
        self.path(digest).unlink(missing_ok=True)
