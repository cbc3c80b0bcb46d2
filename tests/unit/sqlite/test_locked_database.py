"""A database that another program holds locked, or that has no room: a wait, and an answer."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.errors import StorageUnavailable
from app.metrics import Metrics
from app.storage.base import Outcome
from app.storage.index import connections
from app.storage.sqlite import SQLiteStorage
from tests.contract.reading import findings, paged_ids
from tests.records import record, records


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections opened from here on wait for locks no longer than a moment."""
    monkeypatch.setattr(connections, "_BUSY_SECONDS", 0.05)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """A time in which another program is about to write, and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_writes_to_a_locked_database_fail_in_time_and_reads_go_on(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert(record("a"))
    with locked(path):
        failures = await asyncio.gather(
            *[storage.insert(new) for new in records(30)],
            storage.update(record("a", version="2"), seq=1),
            storage.delete_many([1]),
            storage.purge_tombstones(0),
            storage.reclaim(),
            return_exceptions=True,
        )
        assert {type(failure) for failure in failures} == {StorageUnavailable}
        assert await paged_ids(storage) == ["a"]
    assert (await storage.insert(record("b"))).stored.seq == 2
    assert await findings(storage) == []


async def test_nothing_else_waits_for_the_program_that_holds_the_database(
    storage: SQLiteStorage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.insert(record("a"))
    monkeypatch.setattr(connections, "_BUSY_SECONDS", 1.0)
    with locked(path):
        write = asyncio.create_task(storage.insert(record("b")))
        turns = 0
        while not write.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert isinstance(write.exception(), StorageUnavailable)
    assert turns > 5


async def test_a_database_without_room_fails_writes_and_takes_them_again_with_room(
    storage: SQLiteStorage,
) -> None:
    pages = await storage._writer.outside(
        lambda connection: connection.execute("PRAGMA page_count").fetchone()[0]
    )
    await limit_pages(storage, pages + 2)
    with pytest.raises(StorageUnavailable, match="full"):
        await storage.insert_many(records(500))
    assert (await storage.insert(record("small"))).outcome is Outcome.STORED
    await limit_pages(storage, 2**30)
    await storage.insert_many(records(500))
    assert len(await paged_ids(storage)) == 501
    assert await findings(storage) == []


async def limit_pages(storage: SQLiteStorage, pages: int) -> None:
    await storage._writer.outside(
        lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()
    )


async def test_writes_that_wait_together_meet_a_lock_together(
    storage: SQLiteStorage, path: Path, metrics: Metrics
) -> None:
    statements: list[str] = []
    await storage._writer.outside(
        lambda connection: connection.set_trace_callback(statements.append)
    )
    with locked(path):
        await asyncio.gather(*[storage.insert(new) for new in records(30)], return_exceptions=True)
    groups = metrics.registry.get_sample_value("pattern_store_commit_writes_count")
    assert groups is not None
    assert groups < 10
    assert statements.count("BEGIN IMMEDIATE") <= 2 * groups, "at once, then where one can wait"
