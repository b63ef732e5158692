"""A SQLite database of ours: durable, of several threads, each transaction whole or undone."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_WAIT_S: Final = 30  # for another connection to the same file to end its transaction


class Database:
    """One connection, used by one thread at a time."""

    def __init__(self, path: Path, tables: str) -> None:
        """Open the file, and make what is missing of `tables`: statements ended by `;`."""
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        with self.transaction() as sql:
            for statement in tables.split(";\n"):
                sql.execute(statement)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection in a transaction: committed at the end, undone by an exception."""
        with self._lock, self._undone_by_exception():
            yield self._connection

    @contextmanager
    def transaction_with_next(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection in a transaction that is durable when a later one is.

        The death of this process leaves it done; a power cut may undo it, with all that came after
        it. So it costs no wait for the disk. Source: sqlite.org/pragma.html#pragma_synchronous.
        """
        with self._lock:
            self._connection.execute("PRAGMA synchronous = NORMAL")
            try:
                with self._undone_by_exception():
                    yield self._connection
            finally:
                self._connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def _undone_by_exception(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for queries that see one state."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")
