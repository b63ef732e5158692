"""Events that outlive the daemon, in SQLite: the newest 10,000, by their time.

A connection of its own to the daemon's database, since what happened may cost a container's start
no fsync: a commit outlives the daemon however it ends (WAL, synchronous NORMAL), and the machine
once SQLite has synced the file for another reason.
"""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

KEPT: Final = 10_000
_PAGE: Final = 256
_TRIM_EVERY: Final = 500

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    time_ns INTEGER PRIMARY KEY,
    event BLOB NOT NULL
) STRICT
"""


class Event(msgspec.Struct, frozen=True):
    """Something that happened to `actor_id`. No two of a daemon have the same `time_ns`."""

    kind: str  # container, image, network, volume, daemon
    action: str
    actor_id: str
    attributes: dict[str, str]
    time_ns: int


class EventLog:
    """Used from worker threads, one at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(_SCHEMA)
        self._until_trim = 0
        # Events up to this time are here no more.
        self.forgotten_ns = 0

    def last_ns(self) -> int:
        """Return the time of the newest event, 0 without one."""
        with self._lock:
            (newest,) = self._connection.execute("SELECT max(time_ns) FROM events").fetchone()
        return newest or 0

    def save(self, events: Sequence[Event]) -> None:
        """Add `events`; those that are there already stay. Raises sqlite3.Error."""
        rows = [(event.time_ns, msgspec.json.encode(event)) for event in events]
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT OR IGNORE INTO events VALUES (?, ?)", rows)
                self._trim(len(rows))
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _trim(self, added: int) -> None:
        self._until_trim -= added
        if self._until_trim > 0:
            return
        self._until_trim = _TRIM_EVERY
        row = self._connection.execute(
            "SELECT time_ns FROM events ORDER BY time_ns DESC LIMIT 1 OFFSET ?", (KEPT,)
        ).fetchone()
        if row:
            self._connection.execute("DELETE FROM events WHERE time_ns <= ?", row)
            self.forgotten_ns = row[0]

    def read(self, after_ns: int) -> list[Event]:
        """Return the events after a time, the oldest first, not more than a page."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT event FROM events WHERE time_ns > ? ORDER BY time_ns LIMIT ?",
                (after_ns, _PAGE),
            ).fetchall()
        return [msgspec.json.decode(event, type=Event) for (event,) in rows]

    def close(self) -> None:
        with self._lock:
            self._connection.close()
