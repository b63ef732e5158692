"""The blobs of each repository: a row says that it has one, the bytes are there once for all."""

import os
import sqlite3
from collections.abc import Callable
from typing import BinaryIO

from seacan.images.blobs import Staged
from seacan.registry.database import make_repository, repository_id
from seacan.registry.errors import Refused
from seacan.registry.store import Store


class RepositoryBlobs:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, repository: str, staged: Staged) -> None:
        """Keep a verified file as a blob of `repository`, durably."""
        with open(staged.path, "rb") as file:
            os.fsync(file.fileno())  # what takes long is done before anybody has to wait
        with self._store.guard:
            self._store.blobs.commit(staged)
            with self._store.database.transaction() as sql:
                self._link(sql, repository, staged.digest, staged.size_bytes)

    def size_bytes(self, repository: str, digest: str) -> int:
        """Return a blob's size, and spare the blob the next collections.

        Whoever was told that a blob is here may leave it out of a push. Raises Refused,
        BLOB_UNKNOWN.
        """
        with self._store.database.reading() as sql:
            row = sql.execute(
                "SELECT repository, size_bytes, touched_at FROM repository_blobs"
                " JOIN repositories ON id = repository WHERE digest = ? AND name = ?",
                (digest, repository),
            ).fetchone()
        if row is None:
            raise Refused("BLOB_UNKNOWN", f"blob unknown to {repository}", detail=digest)
        number, size_bytes, touched_at = row
        if touched_at + self._store.touch_every_s < self._store.clock():
            self._touch(number, digest)
        return int(size_bytes)

    def _touch(self, repository: int, digest: str) -> None:
        with self._store.database.transaction() as sql:
            touched = sql.execute(
                "UPDATE repository_blobs SET touched_at = ? WHERE repository = ? AND digest = ?",
                (self._store.clock(), repository, digest),
            )
        if not touched.rowcount:  # it was collected in between
            raise Refused("BLOB_UNKNOWN", "blob unknown", detail=digest)

    def has(self, digest: str) -> bool:
        """Return whether the bytes are here, whoever's they are."""
        return self._store.blobs.has(digest)

    def open(self, digest: str) -> BinaryIO:
        """Open a blob that some repository has. Raises NotFound."""
        return self._store.blobs.open_blob(digest)

    def mount(
        self, repository: str, digest: str, source: str, may_pull: Callable[[str], bool]
    ) -> bool:
        """Give `repository` a blob that `source` has, or any that `may_pull` allows if it is "".

        Return whether there was one.
        """
        with self._store.guard, self._store.database.transaction() as sql:
            rows = sql.execute(
                "SELECT name, size_bytes FROM repository_blobs JOIN repositories ON id = repository"
                " WHERE digest = ? AND (? = '' OR name = ?)",
                (digest, source, source),
            ).fetchall()
            for name, size_bytes in rows:
                if may_pull(name):
                    self._link(sql, repository, digest, size_bytes)
                    return True
        return False

    def remove(self, repository: str, digest: str) -> None:
        """Take a blob from a repository. Raises Refused, BLOB_UNKNOWN."""
        with self._store.database.transaction() as sql:
            removed = sql.execute(
                "DELETE FROM repository_blobs WHERE repository = ? AND digest = ?",
                (repository_id(sql, repository), digest),
            )
        if not removed.rowcount:
            raise Refused("BLOB_UNKNOWN", f"blob unknown to {repository}", detail=digest)

    def _link(self, sql: sqlite3.Connection, repository: str, digest: str, size_bytes: int) -> None:
        sql.execute(
            "INSERT INTO repository_blobs VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET touched_at = excluded.touched_at",
            (make_repository(sql, repository), digest, size_bytes, self._store.clock()),
        )
