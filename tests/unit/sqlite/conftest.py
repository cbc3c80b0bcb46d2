"""A database file, the storage over it, and the same file as SQLite itself sees it."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.metrics import Metrics
from app.storage.sqlite import SQLiteStorage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is, or will be."""
    return tmp_path / "patterns.db"


@pytest.fixture
def metrics() -> Metrics:
    """What the storage under test counts of itself."""
    return Metrics()


def storage_at(
    path: Path, metrics: Metrics | None = None, *, read_only: bool = False
) -> SQLiteStorage:
    """A storage over a database file, not yet open."""
    return SQLiteStorage(
        str(path),
        synchronous="normal",
        readers=2,
        read_only=read_only,
        metrics=metrics or Metrics(),
    )


@pytest.fixture
async def storage(path: Path, metrics: Metrics) -> AsyncIterator[SQLiteStorage]:
    """An open storage with nothing in it yet."""
    opened = storage_at(path, metrics)
    await opened.open()
    yield opened
    await opened.close()


def run_sql(path: Path, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a statement gives, run on the file from outside."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()


def rows_without_log(path: Path, table: str) -> int:
    """How many rows of a table are in the database itself, which may not have the table yet."""
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema")]
        if table not in tables:
            return 0
        number: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return number
