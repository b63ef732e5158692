import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seacan.sqlite import Database

_FULL = 2


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "db", "CREATE TABLE IF NOT EXISTS words (word TEXT) STRICT")
    yield database
    database.close()


def fail_in_the_middle(database: Database, kind: str) -> None:
    with getattr(database, kind)() as sql:
        sql.execute("INSERT INTO words VALUES ('two')")
        sql.execute("no statement")


def synchronous(database: Database) -> int:
    with database.reading() as sql:
        (value,) = sql.execute("PRAGMA synchronous").fetchone()
    return int(value)


@contextmanager
def another_process(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "db")
    try:
        yield connection
    finally:
        connection.close()


@pytest.mark.parametrize("kind", ["transaction", "transaction_with_next"])
def test_a_transaction_is_done_for_other_processes(
    database: Database, tmp_path: Path, kind: str
) -> None:
    with getattr(database, kind)() as sql:
        sql.execute("INSERT INTO words VALUES ('one')")
    with another_process(tmp_path) as other:
        assert other.execute("SELECT word FROM words").fetchall() == [("one",)]


@pytest.mark.parametrize("kind", ["transaction", "transaction_with_next"])
def test_an_exception_undoes_it(database: Database, tmp_path: Path, kind: str) -> None:
    with getattr(database, kind)() as sql:
        sql.execute("INSERT INTO words VALUES ('one')")
    with pytest.raises(sqlite3.Error):
        fail_in_the_middle(database, kind)
    with another_process(tmp_path) as other:
        assert other.execute("SELECT word FROM words").fetchall() == [("one",)]


def test_only_the_one_that_says_so_does_not_wait_for_the_disk(database: Database) -> None:
    assert synchronous(database) == _FULL
    with database.transaction_with_next() as sql:
        assert sql.execute("PRAGMA synchronous").fetchone() == (1,)
    assert synchronous(database) == _FULL
    with pytest.raises(sqlite3.Error):
        fail_in_the_middle(database, "transaction_with_next")
    assert synchronous(database) == _FULL
