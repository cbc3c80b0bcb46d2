"""Ids name their patterns whether they came lately or were merged into the large index."""

import asyncio
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from app.schemas.filters import Filters
from app.storage.base import Outcome
from app.storage.index import ids, upkeep
from app.storage.sqlite import SQLiteStorage
from tests.conftest import BACKENDS
from tests.contract.conftest import Store
from tests.contract.reading import findings, paged_ids
from tests.contract.test_histories import History
from tests.records import record, records
from tests.unit.sqlite.conftest import rows_without_log, run_sql

_SECONDS = 30
_FEW = 32 * 1024
"""How many may stay in the small index."""

DATABASES = {"sqlite": "patterns.db", "filesystem": "patterns/.index/index.db"}


def ids_in(database: Path, table: str) -> list[str]:
    return [name for (name,) in run_sql(database, f"SELECT pattern_id FROM {table}")]


@pytest.fixture
def few_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are merged at once, a few at a time, but for the latest two."""
    monkeypatch.setattr(ids, "_RECENT", 2)
    monkeypatch.setattr(ids, "_STRETCH", 3)
    monkeypatch.setattr(upkeep, "_PAUSE_SECONDS", 0)


async def test_the_latest_ids_stay_few_and_all_are_found(
    storage: SQLiteStorage, path: Path
) -> None:
    chance = Random(1)
    names = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(_FEW + 3000)]
    for start in range(0, len(names), 4000):
        await storage.insert_many([record(name) for name in names[start : start + 4000]])
    async with asyncio.timeout(_SECONDS):
        while len(ids_in(path, "recent_ids")) > _FEW:
            await asyncio.sleep(0.1)
    settled, recent = (ids_in(path, table) for table in ("settled_ids", "recent_ids"))
    assert sorted(settled + recent) == sorted(names)
    assert len(settled) >= 3000
    some = [settled[7], settled[-1], recent[7], recent[-1]]
    assert sorted(await paged_ids(storage, Filters(pattern_ids=tuple(some)))) == sorted(some)
    for name in some:
        first = await storage.fetch(name)
        again, other = await storage.insert_many([record(name), record(name, version="9")])
        assert (again.outcome, other.outcome) == (Outcome.DUPLICATE, Outcome.CONFLICT)
        changed = await storage.update(record(name, version="2"), first.seq)
        assert await storage.fetch(name) == changed
        await storage.delete_many([changed.seq])
        assert await storage.get(name) is None
        assert (await storage.insert(record(name))).outcome is Outcome.STORED
    assert await findings(storage) == []


@pytest.mark.usefixtures("few_stay")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_history_goes_on_the_same_while_ids_are_merged(
    tmp_path: Path, backend: str, seed: int
) -> None:
    store = Store(BACKENDS[backend].format(folder=tmp_path))
    history = History(await store.open(), seed)
    merged = set()
    for _ in range(60):
        await history.go_on()
        await asyncio.sleep(0.001)
        merged.update(ids_in(tmp_path / DATABASES[backend], "settled_ids"))
    await history.assert_same()
    assert len(merged) > 5
    history.storage = await store.reopen()
    await history.assert_same()
    await store.close()


@pytest.mark.usefixtures("few_stay")
async def test_merged_ids_get_into_the_database_with_nobody_writing(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert_many(records(40))
    async with asyncio.timeout(_SECONDS):
        while rows_without_log(path, "settled_ids") < 38:
            await asyncio.sleep(0.05)
