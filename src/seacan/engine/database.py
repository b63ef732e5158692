"""The containers, networks and volumes that there are, in SQLite: what a restarted daemon knows.

One row each, its record as JSON; what a container does at the moment is not taken from here but
from its shim. Every write is durable when it returns (WAL, synchronous FULL).
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from seacan.engine.container import Container
from seacan.network.definition import Network
from seacan.volumes.volume import Volume

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS containers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    record BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS networks (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    record BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS volumes (
    name TEXT PRIMARY KEY,
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
        for table in _TABLES.split(";\n"):
            self._connection.execute(table)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection: what is done is done together, or not at all."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    # -- containers -------------------------------------------------------------------------------

    def containers(self) -> list[Container]:
        with self._lock:
            rows = self._connection.execute("SELECT record FROM containers").fetchall()
        return [msgspec.json.decode(record, type=Container) for (record,) in rows]

    def add(self, container: Container, volumes: Iterable[Volume] = ()) -> None:
        """Insert the row of a new container, and those of the `volumes` that come with it."""
        row = (container.id, container.name, msgspec.json.encode(container))
        with self._transaction() as sql:
            sql.execute("INSERT INTO containers VALUES (?, ?, ?)", row)
            sql.executemany("INSERT INTO volumes VALUES (?, ?)", map(_row, volumes))

    def save(self, container: Container) -> None:
        """Replace the row of `container`; one that is removed meanwhile does not come back."""
        with self._lock:
            self._connection.execute(
                "UPDATE containers SET name = ?, record = ? WHERE id = ?",
                (container.name, msgspec.json.encode(container), container.id),
            )

    def remove(self, container_id: str, volumes: Iterable[str] = ()) -> None:
        """Delete the row of a container, and those of the `volumes` that go with it."""
        with self._transaction() as sql:
            sql.execute("DELETE FROM containers WHERE id = ?", (container_id,))
            sql.executemany("DELETE FROM volumes WHERE name = ?", ((name,) for name in volumes))

    # -- volumes ----------------------------------------------------------------------------------

    def volumes(self) -> list[Volume]:
        with self._lock:
            rows = self._connection.execute("SELECT record FROM volumes").fetchall()
        return [msgspec.json.decode(record, type=Volume) for (record,) in rows]

    def add_volume(self, volume: Volume) -> None:
        with self._lock:
            self._connection.execute("INSERT INTO volumes VALUES (?, ?)", _row(volume))

    def rename_volume(self, name: str, volume: Volume) -> None:
        """Put the row of `volume` in place of the one of its old `name`."""
        with self._transaction() as sql:
            sql.execute("DELETE FROM volumes WHERE name = ?", (name,))
            sql.execute("INSERT INTO volumes VALUES (?, ?)", _row(volume))

    def remove_volume(self, name: str) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM volumes WHERE name = ?", (name,))

    def networks(self) -> list[Network]:
        with self._lock:
            rows = self._connection.execute("SELECT record FROM networks").fetchall()
        return [msgspec.json.decode(record, type=Network) for (record,) in rows]

    def save_network(self, network: Network) -> None:
        """Insert or replace the row of a network."""
        row = (network.id, network.name, msgspec.json.encode(network))
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO networks VALUES (?, ?, ?)", row)

    def remove_network(self, network_id: str) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM networks WHERE id = ?", (network_id,))

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _row(volume: Volume) -> tuple[str, bytes]:
    return volume.name, msgspec.json.encode(volume)
