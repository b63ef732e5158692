"""The registry's tables: which repository has what. The bytes themselves are blobs.

repositories      one row a name; there as long as something is in it
repository_blobs  blobs that a repository has; touched when somebody pushed or asked for them
manifests         manifests that a repository has, with what referrers are listed by; of a cache,
                  touched when somebody asked for them
manifest_needs    blobs, and manifests of an index, that a manifest names
tags              name → manifest
uploads           blobs on their way in, their bytes in a file
"""

import sqlite3
from pathlib import Path
from typing import Final

from seacan import sqlite

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS repositories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE IF NOT EXISTS repository_blobs (
    repository INTEGER NOT NULL REFERENCES repositories (id),
    digest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    touched_at REAL NOT NULL,
    PRIMARY KEY (repository, digest)
) STRICT;
CREATE INDEX IF NOT EXISTS repository_blobs_by_digest ON repository_blobs (digest);
CREATE TABLE IF NOT EXISTS manifests (
    repository INTEGER NOT NULL REFERENCES repositories (id),
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    subject TEXT,
    artifact_type TEXT,
    annotations TEXT,
    touched_at REAL NOT NULL,
    PRIMARY KEY (repository, digest)
) STRICT;
CREATE INDEX IF NOT EXISTS manifests_by_subject ON manifests (repository, subject, digest);
CREATE INDEX IF NOT EXISTS manifests_by_digest ON manifests (digest);
CREATE TABLE IF NOT EXISTS manifest_needs (
    repository INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (repository, manifest, digest),
    FOREIGN KEY (repository, manifest) REFERENCES manifests (repository, digest) ON DELETE CASCADE
) STRICT;
CREATE INDEX IF NOT EXISTS manifest_needs_by_digest ON manifest_needs (repository, digest);
CREATE TABLE IF NOT EXISTS tags (
    repository INTEGER NOT NULL,
    name TEXT NOT NULL,
    manifest TEXT NOT NULL,
    checked_at REAL NOT NULL,
    PRIMARY KEY (repository, name),
    FOREIGN KEY (repository, manifest) REFERENCES manifests (repository, digest) ON DELETE CASCADE
) STRICT;
CREATE INDEX IF NOT EXISTS tags_by_manifest ON tags (repository, manifest);
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    algorithm TEXT NOT NULL
) STRICT;
"""


class Database(sqlite.Database):
    def __init__(self, path: Path) -> None:
        super().__init__(path, _TABLES)


def repository_id(sql: sqlite3.Connection, name: str) -> int | None:
    """Return the row of a repository, None if nothing is in it."""
    row = sql.execute("SELECT id FROM repositories WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def make_repository(sql: sqlite3.Connection, name: str) -> int:
    """Return the row of a repository, made if it is not there."""
    sql.execute("INSERT OR IGNORE INTO repositories (name) VALUES (?)", (name,))
    row = sql.execute("SELECT id FROM repositories WHERE name = ?", (name,)).fetchone()
    return int(row[0])
