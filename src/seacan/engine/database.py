"""The containers, networks and volumes that there are, in SQLite: what a restarted daemon knows.

One row each, its record as JSON; what a container does at the moment is not taken from here but
from its shim. A write is durable when it returns (WAL, synchronous FULL), unless its caller says
that it need not be.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import msgspec

from seacan import sqlite
from seacan.engine.containers.container import Container
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
        self._database = sqlite.Database(path, _TABLES)

    # -- containers -------------------------------------------------------------------------------

    def containers(self) -> list[Container]:
        with self._database.reading() as sql:
            rows = sql.execute("SELECT record FROM containers").fetchall()
        return [msgspec.json.decode(record, type=Container) for (record,) in rows]

    def add(self, container: Container, volumes: Iterable[Volume] = ()) -> None:
        """Insert the row of a new container, and those of the `volumes` that come with it."""
        row = (container.id, container.name, msgspec.json.encode(container))
        with self._database.transaction() as sql:
            sql.execute("INSERT INTO containers VALUES (?, ?, ?)", row)
            sql.executemany("INSERT INTO volumes VALUES (?, ?)", map(_row, volumes))

    def save(self, container: Container, *, outlives_power_cut: bool = True) -> None:
        """Replace the row of `container`; one that is removed meanwhile does not come back.

        What need not outlive a power cut costs no wait for the disk: sqlite.transaction_with_next.
        """
        with self._transaction(outlives_power_cut=outlives_power_cut) as sql:
            sql.execute(
                "UPDATE containers SET name = ?, record = ? WHERE id = ?",
                (container.name, msgspec.json.encode(container), container.id),
            )

    def remove(
        self, container_id: str, volumes: Iterable[str] = (), *, outlives_power_cut: bool = True
    ) -> None:
        """Delete the row of a container, and those of the `volumes` that go with it."""
        with self._transaction(outlives_power_cut=outlives_power_cut) as sql:
            sql.execute("DELETE FROM containers WHERE id = ?", (container_id,))
            sql.executemany("DELETE FROM volumes WHERE name = ?", ((name,) for name in volumes))

    def _transaction(
        self, *, outlives_power_cut: bool
    ) -> AbstractContextManager[sqlite3.Connection]:
        database = self._database
        return database.transaction() if outlives_power_cut else database.transaction_with_next()

    # -- volumes ----------------------------------------------------------------------------------

    def volumes(self) -> list[Volume]:
        with self._database.reading() as sql:
            rows = sql.execute("SELECT record FROM volumes").fetchall()
        return [msgspec.json.decode(record, type=Volume) for (record,) in rows]

    def add_volume(self, volume: Volume) -> None:
        with self._database.transaction() as sql:
            sql.execute("INSERT INTO volumes VALUES (?, ?)", _row(volume))

    def rename_volume(self, name: str, volume: Volume) -> None:
        """Put the row of `volume` in place of the one of its old `name`."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM volumes WHERE name = ?", (name,))
            sql.execute("INSERT INTO volumes VALUES (?, ?)", _row(volume))

    def remove_volume(self, name: str) -> None:
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM volumes WHERE name = ?", (name,))

    def networks(self) -> list[Network]:
        with self._database.reading() as sql:
            rows = sql.execute("SELECT record FROM networks").fetchall()
        return [msgspec.json.decode(record, type=Network) for (record,) in rows]

    def save_network(self, network: Network) -> None:
        """Insert or replace the row of a network."""
        row = (network.id, network.name, msgspec.json.encode(network))
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO networks VALUES (?, ?, ?)", row)

    def remove_network(self, network_id: str) -> None:
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM networks WHERE id = ?", (network_id,))

    def close(self) -> None:
        self._database.close()


def _row(volume: Volume) -> tuple[str, bytes]:
    return volume.name, msgspec.json.encode(volume)
