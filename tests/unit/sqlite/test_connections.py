"""How connections are set up: durability, space given back, and readers that cannot write."""

import asyncio
import sqlite3
import threading
import weakref
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

from app.metrics import Metrics
from app.storage.index.connections import connect_reader, connect_writer
from app.storage.index.readers import Readers
from app.storage.index.readiness import Readiness
from app.storage.sqlite import SQLiteStorage

FULL, NORMAL, INCREMENTAL = 2, 1, 2


def pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


@pytest.mark.parametrize(("synchronous", "level"), [("full", FULL), ("normal", NORMAL)])
async def test_the_connection_that_writes_syncs_as_promised_and_gives_space_back(
    path: Path, synchronous: Literal["full", "normal"], level: int
) -> None:
    for _ in ("when the database is made", "when it is there"):
        storage = SQLiteStorage(
            str(path), synchronous=synchronous, readers=1, read_only=False, metrics=Metrics()
        )
        await storage.open()
        settings = await storage._writer.outside(
            lambda connection: {
                name: pragma(connection, name)
                for name in ("journal_mode", "synchronous", "auto_vacuum")
            }
        )
        await storage.close()
        assert settings == {
            "journal_mode": "wal",
            "synchronous": level,
            "auto_vacuum": INCREMENTAL,
        }


def test_a_connection_that_reads_cannot_write(path: Path) -> None:
    connect_writer(path, "full").close()
    connection = connect_reader(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("CREATE TABLE x (y)")
    connection.close()


class Answer:
    """Something that can be seen to go."""


async def test_what_was_read_is_let_go_of(path: Path) -> None:
    connect_writer(path, "full").close()
    readers = Readers(partial(connect_reader, path), 1, Readiness())
    await readers.open()
    gone = weakref.ref(await readers.run(lambda _: Answer()))
    async with asyncio.timeout(5):
        while gone() is not None:
            await asyncio.sleep(0.001)
    await readers.close()


async def test_a_read_that_nobody_waits_for_any_more_is_broken_off(path: Path) -> None:
    connect_writer(path, "full").close()
    readers, begun = Readers(partial(connect_reader, path), 1, Readiness()), threading.Event()
    await readers.open()

    def never_end(connection: sqlite3.Connection) -> None:
        connection.create_function("begin", 0, begun.set)
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT begin() UNION ALL SELECT i FROM n)"
            " SELECT count(*) FROM n"
        ).fetchone()

    reading = asyncio.create_task(readers.run(never_end))
    while not begun.is_set():
        await asyncio.sleep(0)
    reading.cancel()
    assert await readers.run(lambda connection: pragma(connection, "query_only")) == 1
    await readers.close()
