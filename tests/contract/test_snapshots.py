"""A store as it is at one moment, as a database of its own, and a store made from that."""

import asyncio
from pathlib import Path

import pytest

from app.errors import StoreExists
from app.storage.base import Storage
from app.storage.registry import StorageOptions, storage_from
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, delete, findings
from tests.records import NOON, record, records


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder on the store's disk that is thrown away afterwards."""
    place = tmp_path / "folder"
    place.mkdir()
    return place


def unopened(store: Store) -> Storage:
    return storage_from(store.url, StorageOptions())


async def take_over(store: Store, snapshot: Path) -> int:
    """Make the store from a snapshot; how many patterns it has heard of."""
    return sum([number async for number in unopened(store).take_over(snapshot)])


async def test_a_snapshot_is_a_store_of_the_sqlite_backend_with_all_there_is(
    storage: Storage, folder: Path
) -> None:
    await storage.insert_many(records(30))
    await delete(storage, "p0003", "p0007")
    await storage.snapshot(folder / "snapshot.db")
    copy = await Store(f"sqlite:///{folder}/snapshot.db").open()
    assert await all_changes(copy, deletes=True) == await all_changes(storage, deletes=True)
    assert await findings(copy) == []
    await copy.close()


@pytest.mark.parametrize("read_only", [False, True])
async def test_beside_writers_it_is_of_one_moment(
    store: Store, folder: Path, read_only: bool
) -> None:
    storage = await store.open()
    source = await store.open(read_only=True) if read_only else storage
    await storage.insert_many(records(2000))
    writing = asyncio.create_task(_write_on(storage))
    for number in range(5):
        acknowledged = (await storage.insert(record(f"before-{number}"))).stored.seq
        await source.snapshot(folder / f"{number}.db")
        copy = await Store(f"sqlite:///{folder}/{number}.db").open()
        last_seq = (await copy.summary(NOON)).last_seq
        assert [change.seq for change in await all_changes(copy)] == [*range(1, last_seq + 1)]
        assert last_seq >= acknowledged
        await copy.close()
    writing.cancel()


async def _write_on(storage: Storage) -> None:
    number = 0
    while True:
        number += 1
        await storage.insert(record(f"beside-{number}"))


async def test_a_store_made_from_a_snapshot_is_as_the_other_was_and_goes_on(
    store: Store, folder: Path
) -> None:
    other = await Store(f"sqlite:///{folder}/other.db").open()
    await other.insert_many(records(30))
    await delete(other, "p0003", "p0007")
    await other.snapshot(folder / "snapshot.db")
    heard = await take_over(store, folder / "snapshot.db")
    assert heard in (0, 28)  # a backend that does it at once tells of none
    storage = await store.open()
    assert await all_changes(storage, deletes=True) == await all_changes(other, deletes=True)
    assert await findings(storage) == []
    assert (await storage.insert(record("p0003"))).stored.seq == 33
    await other.close()


async def test_where_anything_is_no_store_is_made(store: Store, folder: Path) -> None:
    storage = await store.open()
    await storage.insert(record("a"))
    await storage.snapshot(folder / "snapshot.db")
    await store.close()
    place = store.url.partition(":///")[2]
    with pytest.raises(StoreExists, match=place):
        unopened(store).require_vacancy()
    with pytest.raises(StoreExists, match=place):
        await take_over(store, folder / "snapshot.db")
    assert [change.pattern_id for change in await all_changes(await store.open())] == ["a"]


async def test_where_nothing_is_there_is_room(store: Store) -> None:
    unopened(store).require_vacancy()
