"""Damage where the store cannot see it by itself: told of when it is read, and never returned."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.errors import DamagedStore
from app.schemas.filters import Filters
from app.schemas.timestamps import DAY
from app.storage.base import Expiry, Storage
from app.storage.sqlite import SQLiteStorage
from tests.contract.reading import all_changes, changes_after, findings, paged_ids
from tests.records import NOON, record, records
from tests.unit.sqlite.conftest import run_sql

DAMAGE = {
    "another digit": (
        "UPDATE documents SET document = CAST(replace(document, '2500', '2600') AS BLOB)"
    ),
    "no JSON": "UPDATE documents SET document = x'7b22'",
    "no UTF-8": "UPDATE documents SET document = x'7b22ff223a317d'",
    "nothing": "UPDATE documents SET document = x''",
    "no document": "DELETE FROM documents",
    "another time of receipt": "UPDATE patterns SET stored_at = stored_at + 1",
    "another revision": "UPDATE patterns SET revision = 7",
    "another checksum": "UPDATE patterns SET checksum = checksum + 1",
}


@pytest.fixture(params=DAMAGE)
async def damaged(request: pytest.FixtureRequest, storage: SQLiteStorage, path: Path) -> Storage:
    """A storage of `a`, `b` and `c`, of which `b` is damaged."""
    await storage.insert_many([record(name, context={"tags": ["t"]}) for name in "abc"])
    run_sql(path, f"{DAMAGE[request.param]} WHERE seq = 2")
    return storage


READS: dict[str, Callable[[Storage], Awaitable[object]]] = {
    "by its id": lambda storage: storage.get("b"),
    "by a query": paged_ids,
    "by an export": all_changes,
    "by a retry of another content": lambda storage: storage.insert(record("b", version="2")),
    "by a change": lambda storage: storage.update(record("b", version="2"), seq=2),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_damaged_document_is_told_of_by_its_pattern(
    damaged: Storage, read: Callable[[Storage], Awaitable[object]]
) -> None:
    with pytest.raises(DamagedStore, match=r"pattern 'b'.*pattern-store check"):
        await read(damaged)


async def test_all_others_can_be_read(damaged: Storage) -> None:
    assert [(await damaged.fetch(name)).pattern_id for name in "ac"] == ["a", "c"]
    assert await paged_ids(damaged, Filters(pattern_ids=("a", "c"))) == ["c", "a"]
    assert [change.seq for change in (await changes_after(damaged, limit=1)).changes] == [1]
    assert [change.seq for change in (await changes_after(damaged, 2)).changes] == [3]
    assert (await damaged.count(Filters())).by_type == {"task_completion": 3}
    assert "b" in {finding.place for finding in await findings(damaged)}


async def test_it_can_be_deleted_and_stored_again(damaged: Storage) -> None:
    assert await damaged.delete_many([2]) == 1
    assert await findings(damaged) == []
    await damaged.insert(record("b", context={"tags": ["t"]}))
    assert await paged_ids(damaged, Filters(tags=("t",))) == ["c", "b", "a"]
    assert await findings(damaged) == []


async def test_it_does_not_keep_retention_from_deleting_others(damaged: Storage) -> None:
    _, seqs = await damaged.expired(Expiry({"task_completion": NOON + DAY}, NOON + DAY))
    assert await damaged.delete_many(seqs) == 3
    assert await findings(damaged) == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE cold_documents SET document = x'28b52ffd'",
        "UPDATE cold_documents SET document = substr(document, 1, 6)",
        "UPDATE cold_documents SET dictionary = 9",
        "DELETE FROM dictionaries",
        "UPDATE dictionaries SET content = zeroblob(length(content))",
        "UPDATE dictionaries SET content = x''",
    ],
)
async def test_a_compressed_document_or_its_dictionary_is_told_of_too(
    storage: SQLiteStorage, path: Path, damage: str
) -> None:
    await storage.insert_many(records(150))
    assert sum([done async for done in storage.compress(NOON + DAY)]) == 150
    run_sql(path, damage)
    with pytest.raises(DamagedStore, match="'p0000'"):
        await storage.fetch("p0000")
    assert len({finding.place for finding in await findings(storage)}) == 150


async def test_what_an_earlier_version_wrote_is_told_of_where_it_is_no_json(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert_many([record("a"), record("b")])
    run_sql(path, "UPDATE patterns SET checksum = NULL")
    run_sql(path, "UPDATE documents SET document = substr(document, 5) WHERE seq = 2")
    assert (await storage.fetch("a")).pattern_id == "a"
    with pytest.raises(DamagedStore):
        await storage.fetch("b")


async def test_a_name_that_is_no_utf8_is_damage_and_is_not_shown(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert_many([record("a"), record("b")])
    run_sql(path, "UPDATE patterns SET pattern_id = CAST(x'70ff71' AS TEXT) WHERE seq = 2")
    with pytest.raises(DamagedStore, match=r"UTF-8 column 'pattern_id'\. "):
        await paged_ids(storage)
    assert "database" in {finding.place for finding in await findings(storage)}


@pytest.mark.parametrize("table", ["patterns", "documents", "days", "patterns_by_time"])
async def test_a_damaged_page_is_no_reason_to_try_again(
    storage: SQLiteStorage, path: Path, table: str
) -> None:
    await storage.insert_many(records(300))
    run_sql(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    ((root,),) = run_sql(path, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    await storage.close()
    storage_again = SQLiteStorage(
        str(path),
        synchronous="normal",
        readers=1,
        read_only=False,
        metrics=storage._writer._metrics,
    )
    await storage_again.open()
    try:
        with pytest.raises(DamagedStore, match=r"malformed.*pattern-store check"):
            await storage_again.insert_many(records(300, "q"))
    finally:
        await storage_again.close()
