"""The containers that there are, in SQLite: what a restarted daemon knows.

One row a container, its record as JSON; what it does at the moment is not taken from here but from
its shim. Every write is durable when it returns (WAL, synchronous FULL).
"""

import sqlite3
import threading
from pathlib import Path

import msgspec

from seacan.engine.container import Container

_SCHEMA = """
CREATE TABLE IF NOT EXISTS containers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    record BLOB NOT NULL
) STRICT
"""


class Database:
    """Used from worker threads, one at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(_SCHEMA)

    def containers(self) -> list[Container]:
        with self._lock:
            rows = self._connection.execute("SELECT record FROM containers").fetchall()
        return [msgspec.json.decode(record, type=Container) for (record,) in rows]

    def add(self, container: Container) -> None:
        """Insert the row of a new container."""
        row = (container.id, container.name, msgspec.json.encode(container))
        with self._lock:
            self._connection.execute("INSERT INTO containers VALUES (?, ?, ?)", row)

    def save(self, container: Container) -> None:
        """Replace the row of `container`; one that is removed meanwhile does not come back."""
        with self._lock:
            self._connection.execute(
                "UPDATE containers SET name = ?, record = ? WHERE id = ?",
                (container.name, msgspec.json.encode(container), container.id),
            )

    def remove(self, container_id: str) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM containers WHERE id = ?", (container_id,))

    def close(self) -> None:
        with self._lock:
            self._connection.close()
