"""Blobs on their way in: a file that grows, and a row; both outlive the server.

    start ─▶ append, append … ─▶ finish ─▶ a blob of the repository
                              └▶ cancel, or left alone too long (garbage.py)

Bytes are taken in order only. Each piece is written at the offset that its sender believes in, or
refused: two who send at once cannot mix theirs. The digest is taken along as long as this process
has seen every byte and was told the algorithm; else it is taken of the file at the end.
"""

import hashlib
import os
import threading
import uuid
from pathlib import Path
from typing import BinaryIO, Final

from seacan.files import write_all
from seacan.images.blobs import Staged
from seacan.registry.blobs import RepositoryBlobs
from seacan.registry.errors import Refused
from seacan.registry.names import ALGORITHMS, algorithm_of
from seacan.registry.store import Store

_READ_BYTES: Final = 1 << 20


class _Progress:
    """What this process knows of an upload; another would begin with none."""

    def __init__(self, algorithm: str) -> None:
        self.lock = threading.Lock()
        self.hash = hashlib.new(algorithm)
        self.hashed_bytes = 0

    def take(self, offset: int, data: bytes) -> None:
        if offset == self.hashed_bytes:
            self.hash.update(data)
            self.hashed_bytes += len(data)


class Uploads:
    def __init__(self, store: Store, blobs: RepositoryBlobs) -> None:
        self._store = store
        self._blobs = blobs
        self._progress: dict[str, _Progress] = {}

    def start(self, repository: str, algorithm: str) -> str:
        """Return the id of a new upload, whose digest will be of `algorithm` as far as known."""
        upload_id = str(uuid.uuid4())
        self._path(upload_id).touch(mode=0o600, exist_ok=False)
        with self._store.database.transaction() as sql:
            sql.execute("INSERT INTO uploads VALUES (?, ?, ?)", (upload_id, repository, algorithm))
        return upload_id

    def size_bytes(self, repository: str, upload_id: str) -> int:
        """Return how many bytes are here. Raises Refused, BLOB_UPLOAD_UNKNOWN."""
        self._known(repository, upload_id)
        try:
            return self._path(upload_id).stat().st_size
        except FileNotFoundError:
            raise _unknown(upload_id) from None

    def append(self, repository: str, upload_id: str, offset: int, data: bytes) -> int:
        """Write `data` at `offset`, which is the end so far; return the new end.

        Raises Refused: BLOB_UPLOAD_UNKNOWN, or 416 if the end is elsewhere.
        """
        progress = self._known(repository, upload_id)
        with progress.lock:
            try:
                # Opened for each piece: after finish() the same file is a blob, of another name.
                fd = os.open(self._path(upload_id), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            except FileNotFoundError:
                raise self._ended(upload_id) from None
            try:
                _check_end(os.fstat(fd).st_size, offset)
                _write_or_undo(fd, offset, data)
            finally:
                os.close(fd)
            progress.take(offset, data)
        return offset + len(data)

    def finish(self, repository: str, upload_id: str, digest: str) -> None:
        """Make the upload a blob, if its bytes have this digest; otherwise drop it.

        Raises Refused: BLOB_UPLOAD_UNKNOWN, DIGEST_INVALID.
        """
        progress = self._known(repository, upload_id)
        path = self._path(upload_id)
        with progress.lock:
            try:
                size_bytes = path.stat().st_size
            except FileNotFoundError:
                raise self._ended(upload_id) from None
            found = _digest(path, size_bytes, algorithm_of(digest), progress)
            if found == digest:
                self._blobs.add(repository, Staged(path, digest, size_bytes))
            self.drop(upload_id)
        if found != digest:
            raise Refused("DIGEST_INVALID", "the bytes have another digest", detail=found)

    def open(self, upload_id: str, digest: str) -> BinaryIO:
        """Open an upload for reading, or the blob that it has become. Raises NotFound."""
        try:
            return open(self._path(upload_id), "rb")
        except FileNotFoundError:
            return self._store.blobs.open_blob(digest)

    def cancel(self, repository: str, upload_id: str) -> None:
        """Drop what came so far. Raises Refused, BLOB_UPLOAD_UNKNOWN."""
        with self._known(repository, upload_id).lock:
            self.drop(upload_id)

    def drop_idle(self, before: float) -> None:
        """Drop the uploads that got no byte since `before`, and files that belong to none."""
        for path in list(self._store.uploads.iterdir()):
            # The algorithm is a guess; it costs a second look at the bytes if it is wrong.
            progress = self._progress.setdefault(path.name, _Progress(ALGORITHMS[0]))
            with progress.lock:
                try:
                    is_idle = path.stat().st_mtime < before
                except FileNotFoundError:
                    is_idle = True  # it has just ended
                if is_idle:
                    self.drop(path.name)
        self._drop_lost()

    def count(self) -> int:
        with self._store.database.reading() as sql:
            return int(sql.execute("SELECT count(*) FROM uploads").fetchone()[0])

    def _known(self, repository: str, upload_id: str) -> _Progress:
        with self._store.database.reading() as sql:
            row = sql.execute(
                "SELECT algorithm FROM uploads WHERE id = ? AND repository = ?",
                (upload_id, repository),
            ).fetchone()
        if row is None:
            raise _unknown(upload_id)
        return self._progress.setdefault(upload_id, _Progress(row[0]))

    def _ended(self, upload_id: str) -> Refused:
        """Return what tells of an upload that has ended since it was looked up."""
        self._progress.pop(upload_id, None)
        return _unknown(upload_id)

    def drop(self, upload_id: str) -> None:
        """Drop an upload, whoever's it is; it may be gone."""
        with self._store.database.transaction() as sql:
            sql.execute("DELETE FROM uploads WHERE id = ?", (upload_id,))
        self._path(upload_id).unlink(missing_ok=True)
        self._progress.pop(upload_id, None)

    def _drop_lost(self) -> None:
        """Drop rows without a file: a crash came between a blob's row and the end of its upload."""
        with self._store.database.reading() as sql:
            known = [upload_id for (upload_id,) in sql.execute("SELECT id FROM uploads")]
        for upload_id in known:
            if not self._path(upload_id).exists():
                self.drop(upload_id)

    def _path(self, upload_id: str) -> Path:
        """Return the file of an upload that has a row, or is to have one: no text of a request."""
        return self._store.uploads / upload_id


def _check_end(end: int, offset: int) -> None:
    if end != offset:
        raise Refused(
            "BLOB_UPLOAD_INVALID",
            f"the next byte is {end}, not {offset}",
            status=416,
            headers=[("Range", range_of(end))],
        )


def range_of(size_bytes: int) -> str:
    """Return how an answer tells what came so far; of nothing it cannot, and says the same as 1."""
    return f"0-{max(size_bytes - 1, 0)}"


def _write_or_undo(fd: int, offset: int, data: bytes) -> None:
    try:
        write_all(fd, data)
    except OSError:  # the disk is full
        os.ftruncate(fd, offset)
        raise


def _digest(path: Path, size_bytes: int, algorithm: str, progress: _Progress) -> str:
    found = progress.hash
    if found.name != algorithm or progress.hashed_bytes != size_bytes:
        found = hashlib.new(algorithm)
        with open(path, "rb", buffering=0) as file:
            while piece := file.read(_READ_BYTES):
                found.update(piece)
    return f"{algorithm}:{found.hexdigest()}"


def _unknown(upload_id: str) -> Refused:
    return Refused("BLOB_UPLOAD_UNKNOWN", "no such upload", detail=upload_id)
