"""An index that is damaged while it is used: made anew from the files, and nothing wrong told."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import DamagedStore, StorageUnavailable
from app.schemas.records import Provenance
from app.schemas.timestamps import DAY
from app.storage.filesystem import FilesystemStorage
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, delete, findings
from tests.filesystem.conftest import opened
from tests.records import NOON, record, records

SECONDS = 60
"""How long the mending may take before a test fails."""


def change_a_letter(root: Path) -> None:
    with closing(sqlite3.connect(root / ".index/index.db", isolation_level=None)) as index:
        index.execute("PRAGMA busy_timeout = 5000")
        index.execute(
            "UPDATE documents SET document = CAST(replace(document, '2500', '2600') AS BLOB)"
            " WHERE seq = 2"
        )


def lose_a_deletion(root: Path, name: str) -> None:
    """Have a tombstone not be found by its pattern's id: a changed letter in a table of keys."""
    path = root / ".index/index.db"
    with closing(sqlite3.connect(path)) as index:
        (page,) = index.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'tombstones_by_id'"
        ).fetchone()
        (size,) = index.execute("PRAGMA page_size").fetchone()
    content = path.read_bytes()
    start, end = (page - 1) * size, page * size
    keys = content[start:end]
    assert keys.count(name.encode()) == 1
    changed = keys.replace(name.encode(), name[:-1].encode() + b"#")
    path.write_bytes(content[:start] + changed + content[end:])


def put_bytes_for_a_text(root: Path) -> None:
    """What SQLite itself would refuse, while it knows the column's type."""
    strict, any_type = "folder TEXT NOT NULL", "folder BLOB NOT NULL"
    for found, put in ((strict, any_type), (any_type, strict)):
        with closing(sqlite3.connect(root / ".index/index.db", isolation_level=None)) as index:
            index.execute("PRAGMA writable_schema = ON")
            index.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", (found, put))
        if put is any_type:
            with closing(sqlite3.connect(root / ".index/index.db", isolation_level=None)) as index:
                index.execute("UPDATE files SET folder = CAST(folder AS BLOB) WHERE seq = 1")


async def mended(storage: FilesystemStorage) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                await storage.fetch("p0001")
                return
            except StorageUnavailable:
                await asyncio.sleep(0.02)


async def test_a_running_service_makes_it_anew_and_goes_on(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many(records(300))
    before = await all_changes(storage)
    change_a_letter(root)
    with pytest.raises(DamagedStore, match="'p0001'"):
        await storage.fetch("p0001")
    await mended(storage)
    assert await all_changes(storage) == before
    assert (await storage.insert(record("new"))).stored.seq > 300
    assert await findings(storage) == []


async def test_one_that_does_not_say_its_last_number_is_made_anew_and_none_comes_twice(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many(records(3))
    before = await all_changes(storage)
    with closing(sqlite3.connect(root / ".index/index.db", isolation_level=None)) as index:
        index.execute("UPDATE meta SET name = 'last_sep' WHERE name = 'last_seq'")
    for call in (storage.insert(record("refused")), storage.summary(0)):
        with pytest.raises(DamagedStore, match="does not say its last_seq"):
            await call
    async with asyncio.timeout(SECONDS):
        while (stored := await inserted(storage, "new")) is None:
            await asyncio.sleep(0.02)
    assert stored.seq > 3
    assert (await all_changes(storage))[:3] == before
    assert await findings(storage) == []


async def inserted(storage: FilesystemStorage, name: str) -> Provenance | None:
    """What a new pattern was stored as; None while the storage refuses."""
    try:
        return (await storage.insert(record(name))).stored
    except (DamagedStore, StorageUnavailable):
        return None


async def test_a_check_finds_it_and_a_repair_makes_it_anew(store: Store, root: Path) -> None:
    storage = opened(await store.open())
    await storage.insert_many(records(300))
    before = await all_changes(storage)
    await store.close()
    change_a_letter(root)
    storage = opened(await store.open(read_only=True))
    assert "p0001" in {finding.place for finding in await findings(storage)}
    await store.close()
    storage = opened(await store.open())
    await storage.repair()
    assert await findings(storage) == []
    assert await all_changes(storage) == before


async def test_by_one_that_has_lost_a_deletion_a_repair_brings_nothing_back(
    store: Store, root: Path
) -> None:
    storage = opened(await store.open())
    await storage.insert_many([*records(3), record("gone")])
    assert sum([done async for done in storage.compress(NOON + DAY)]) == 4
    await delete(storage, "gone")
    before = await all_changes(storage)
    await store.close()
    lose_a_deletion(root, "gone")
    storage = opened(await store.open())
    await storage.repair()
    assert await all_changes(storage) == before
    assert await findings(storage) == []


async def test_one_that_holds_bytes_for_a_text_is_made_anew_when_the_files_are_compared(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many(records(3))
    put_bytes_for_a_text(root)
    await storage.rescan()
    assert len(await all_changes(storage)) == 3
    assert await findings(storage) == []


async def test_the_damaged_one_is_kept_for_what_it_may_have_a_second_copy_of(
    store: Store, root: Path
) -> None:
    await (await store.open()).insert_many(records(3))
    await store.close()
    index = root / ".index/index.db"
    damaged = index.read_bytes()[:-4096] + bytes(4096)
    index.write_bytes(damaged)
    storage = opened(await store.open())
    assert len(await all_changes(storage)) == 3
    assert (root / ".index/index.db.damaged").read_bytes() == damaged
