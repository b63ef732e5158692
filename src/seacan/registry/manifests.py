"""Manifests and tags of each repository."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from seacan.registry import document, names
from seacan.registry.database import make_repository, repository_id
from seacan.registry.document import Document
from seacan.registry.errors import Refused
from seacan.registry.store import Store

_SHOWN_MISSING: Final = 20
_ENTRY: Final = "digest, media_type, size_bytes, touched_at"  # the fields of Entry


class Entry(msgspec.Struct, frozen=True):
    """A manifest that a repository has. `checked_at` is of the tag it was found by, or 0."""

    digest: str
    media_type: str
    size_bytes: int
    touched_at: float
    checked_at: float = 0.0


class Manifests:
    def __init__(self, store: Store) -> None:
        self._store = store

    def put(
        self,
        repository: str,
        data: bytes,
        content_type: str,
        *,
        tags: Sequence[str] = (),
        digest: str = "",
        may_lack: bool = False,
    ) -> tuple[Entry, Document]:
        """Keep a manifest as it is, and point `tags` at it.

        `digest`: what it has to have, if the client named it so. With `may_lack`, what it needs
        may come later: a cache gets the manifest first. Raises Refused: MANIFEST_INVALID,
        DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN.
        """
        read = document.read(data, content_type)
        if digest:
            names.check_digest(digest)
        algorithm = names.algorithm_of(digest) if digest else names.ALGORITHMS[0]
        with self._store.blobs.staging() as staging:
            staged = staging.add([data], algorithm)
            if digest and staged.digest != digest:
                raise Refused("DIGEST_INVALID", "the manifest has another digest", detail=digest)
            now = self._store.clock()
            entry = Entry(staged.digest, read.media_type, staged.size_bytes, now)
            with self._store.guard, self._store.database.transaction() as sql:
                row = make_repository(sql, repository)
                if not may_lack:
                    _check_needs(sql, row, read)
                self._store.blobs.commit(staged)
                _insert(sql, row, entry, read)
                self._point(sql, row, tags, entry.digest)
        return entry, read

    def find(self, repository: str, reference: str) -> Entry:
        """Return the manifest of a tag or digest. Raises Refused, MANIFEST_UNKNOWN."""
        with self._store.database.reading() as sql:
            row = repository_id(sql, repository)
            if names.is_digest(reference):
                query = f"SELECT {_ENTRY}, 0.0 FROM manifests WHERE digest = ?"
            else:
                query = (
                    f"SELECT {_ENTRY}, checked_at FROM tags"
                    " JOIN manifests USING (repository) WHERE digest = manifest AND name = ?"
                )
            found = sql.execute(query + " AND repository = ?", (reference, row)).fetchone()
        if row is None:
            raise Refused("NAME_UNKNOWN", f"repository {repository} unknown", detail=repository)
        if found is None:
            raise Refused("MANIFEST_UNKNOWN", "manifest unknown", detail=reference)
        return Entry(*found)

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of a manifest. Raises NotFound if it was removed meanwhile."""
        return self._store.blobs.read(entry.digest, document.LIMIT_BYTES)

    def touch(self, repository: str, entry: Entry) -> None:
        """Record that somebody wants the manifest."""
        if entry.touched_at + self._store.touch_every_s >= self._store.clock():
            return
        with self._store.database.transaction() as sql:
            sql.execute(
                "UPDATE manifests SET touched_at = ? WHERE digest = ? AND repository = ?",
                (self._store.clock(), entry.digest, repository_id(sql, repository)),
            )

    def confirm_tag(self, repository: str, tag: str) -> None:
        """Record that the tag still points to the right manifest."""
        with self._store.database.transaction() as sql:
            sql.execute(
                "UPDATE tags SET checked_at = ? WHERE name = ? AND repository = ?",
                (self._store.clock(), tag, repository_id(sql, repository)),
            )

    def remove(self, repository: str, reference: str) -> None:
        """Remove a tag, or a manifest with all its tags. Raises Refused, MANIFEST_UNKNOWN."""
        table, column = ("manifests", "digest") if names.is_digest(reference) else ("tags", "name")
        with self._store.database.transaction() as sql:
            row = repository_id(sql, repository)
            removed = sql.execute(
                f"DELETE FROM {table} WHERE repository = ? AND {column} = ?", (row, reference)
            )
        if row is None:
            raise Refused("NAME_UNKNOWN", f"repository {repository} unknown", detail=repository)
        if not removed.rowcount:
            raise Refused("MANIFEST_UNKNOWN", "manifest unknown", detail=reference)

    def _point(self, sql: sqlite3.Connection, row: int, tags: Sequence[str], digest: str) -> None:
        now = self._store.clock()
        sql.executemany(
            "INSERT INTO tags VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET manifest = excluded.manifest, checked_at = excluded.checked_at",
            [(row, tag, digest, now) for tag in tags],
        )


def _check_needs(sql: sqlite3.Connection, row: int, read: Document) -> None:
    missing = [
        digest
        for table, digests in (
            ("repository_blobs", read.needs_blobs),
            ("manifests", read.needs_manifests),
        )
        for digest in digests
        if not _has(sql, table, row, digest)
    ]
    if missing:
        raise Refused(
            "MANIFEST_BLOB_UNKNOWN",
            "the manifest names what the repository does not have",
            detail=missing[:_SHOWN_MISSING],
        )


def _has(sql: sqlite3.Connection, table: str, row: int, digest: str) -> bool:
    query = f"SELECT 1 FROM {table} WHERE repository = ? AND digest = ?"
    return sql.execute(query, (row, digest)).fetchone() is not None


def _insert(sql: sqlite3.Connection, row: int, entry: Entry, read: Document) -> None:
    annotations = msgspec.json.encode(read.annotations).decode() if read.annotations else None
    sql.execute(
        "INSERT INTO manifests VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET touched_at = excluded.touched_at",
        (row, entry.digest, entry.media_type, entry.size_bytes,
         read.subject, read.artifact_type, annotations, entry.touched_at),
    )  # fmt: skip
    sql.executemany(
        "INSERT OR IGNORE INTO manifest_needs VALUES (?, ?, ?)",
        [
            (row, entry.digest, digest)
            for digest in (*read.needs_blobs, *read.needs_manifests, *read.may_need)
        ],
    )
