"""Retention on a tree of files: whole days go at once, and leave no empty folders."""

from pathlib import Path

from app.schemas.timestamps import DAY, format_timestamp
from app.service.retention import RetentionPolicy, expire, plan_by_policy
from app.storage.filesystem import FilesystemStorage
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, findings, paged_ids
from tests.filesystem.conftest import files_in
from tests.records import NOON, record


async def fill(storage: FilesystemStorage) -> None:
    """Thirty patterns a day, of 100, 95, 60 and 0 days."""
    for days in (100, 95, 60, 0):
        at = NOON - days * DAY
        await storage.insert_many(
            [record(f"{days}-{n}", timestamp=format_timestamp(at), at=at) for n in range(30)]
        )


async def retain(storage: FilesystemStorage, policy: RetentionPolicy) -> int:
    plan = await plan_by_policy(storage, policy, NOON)
    return (await expire(storage, plan, dry_run=False)).patterns


async def test_a_packed_day_past_its_retention_goes_as_one_file(
    storage: FilesystemStorage, root: Path
) -> None:
    await fill(storage)
    async for _ in storage.compress(NOON - 30 * DAY):
        pass
    assert len([path for path in files_in(root) if path.endswith(".gz")]) == 3
    assert await retain(storage, RetentionPolicy(days=90)) == 60
    assert [path for path in files_in(root) if path.endswith(".gz")] == [
        "2025/11/16/archive.ndjson.gz"
    ]
    assert sorted(str(path.relative_to(root)) for path in root.glob("2*/*/*")) == [
        "2025/11/16",
        "2026/01/15",
    ]
    assert len(await paged_ids(storage)) == 60
    assert await findings(storage) == []


async def test_loose_days_go_with_their_folders(storage: FilesystemStorage, root: Path) -> None:
    await fill(storage)
    assert await retain(storage, RetentionPolicy(days=50)) == 90
    assert [path.name for path in root.glob("2*")] == ["2026"]
    assert len(files_in(root)) == 30


async def test_a_day_cut_in_two_by_a_limit_is_packed_again_without_its_dead(
    storage: FilesystemStorage, root: Path, store: Store
) -> None:
    await fill(storage)
    async for _ in storage.compress(NOON - 30 * DAY):
        pass
    full = (root / "2025/11/16/archive.ndjson.gz").stat().st_size
    assert await retain(storage, RetentionPolicy(days=0, max_patterns=40)) == 80
    assert (root / "2025/11/16/archive.ndjson.gz").stat().st_size < full
    before = await all_changes(storage, deletes=True)
    await store.close()
    for file in (root / ".index").iterdir():
        file.unlink()
    assert await all_changes(await store.open(), deletes=True) == before
