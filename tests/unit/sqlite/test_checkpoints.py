"""What is committed goes from the log into the database while the store is open."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from app.storage.sqlite import SQLiteStorage
from tests.records import record, records
from tests.unit.sqlite.conftest import rows_without_log

_SECONDS = 30


def salts(log: Path) -> bytes:
    """What is another each time a log begins anew."""
    return log.read_bytes()[16:24]


async def test_a_single_pattern_gets_into_the_database_with_nobody_closing_it(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert(record("a"))
    async with asyncio.timeout(_SECONDS):
        while rows_without_log(path, "patterns") != 1:
            await asyncio.sleep(0.1)


async def test_the_log_begins_anew_though_writers_never_rest(
    storage: SQLiteStorage, path: Path
) -> None:
    log = Path(f"{path}-wal")
    beginnings: set[bytes] = set()
    async with asyncio.timeout(_SECONDS):
        number = 0
        while len(beginnings) < 2:
            await storage.insert_many(records(20, prefix=f"{number}-"))
            number += 1
            beginnings.add(salts(log))


async def test_a_reader_that_soon_leaves_does_not_keep_space_from_being_given_back(
    storage: SQLiteStorage, path: Path
) -> None:
    stored = await storage.insert_many(records(400, x="x" * 5000))
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM patterns").fetchall()
        await storage.delete_many([each.stored.seq for each in stored])
        before = storage.stored_bytes()
        reclaiming = asyncio.create_task(storage.reclaim())
        await asyncio.sleep(0.2)
    await reclaiming
    assert storage.stored_bytes() < before / 4
