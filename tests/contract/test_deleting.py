"""Deleting patterns by the seq of their latest change."""

import pytest

from app.errors import HistoryGone, PatternNotFound
from app.schemas.filters import Filters
from app.schemas.records import Provenance
from app.schemas.timestamps import DAY, now
from app.schemas.words import parse_text_query
from app.storage.base import Outcome, Storage, Tombstone
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, changes_after, paged_ids
from tests.records import NOON, record, records


async def test_what_is_deleted_is_gone_for_every_reader(storage: Storage) -> None:
    context = {"project_name": "shop", "tags": ["x"]}
    await storage.insert_many(
        [
            record("a", "error_occurrence", context=context, data={"error_message": "lost word"}),
            record("b", "error_occurrence", context=context),
        ]
    )
    assert await storage.delete_many([1]) == 1
    assert await storage.get("a") is None
    with pytest.raises(PatternNotFound, match="'a'"):
        await storage.fetch("a")
    assert await paged_ids(storage) == ["b"]
    assert await paged_ids(storage, Filters(tags=("x",))) == ["b"]
    assert await paged_ids(storage, Filters(phrases=parse_text_query("lost"))) == []
    assert (await storage.count(Filters())).by_type == {"error_occurrence": 1}
    assert (await storage.count(Filters(project_name="shop"))).by_type == {"error_occurrence": 1}
    assert await storage.matching(Filters()) == [2]


async def test_each_deleted_pattern_leaves_a_tombstone_with_the_next_seq(storage: Storage) -> None:
    await storage.insert_many(records(3))
    assert await storage.delete_many([1, 3]) == 2
    tombstones = await all_changes(storage, 3, deletes=True)
    assert tombstones == [Tombstone("p0000", 4), Tombstone("p0002", 5)]


async def test_a_pattern_changed_since_is_not_deleted(storage: Storage) -> None:
    await storage.insert_many(records(3))
    await storage.update(record("p0001", version="2"), seq=2)
    assert await storage.delete_many([1, 2, 3]) == 2
    assert await paged_ids(storage) == ["p0001"]


async def test_numbers_of_no_pattern_and_repeated_ones_count_for_nothing(storage: Storage) -> None:
    await storage.insert_many(records(3))
    assert await storage.delete_many([1, 1, 1]) == 1
    assert await storage.delete_many([1, 0, -1, 99, 2**62]) == 0
    assert await storage.delete_many([]) == 0
    assert (await storage.summary(NOON)).last_seq == 4


async def test_many_patterns_are_deleted_by_one_call(storage: Storage) -> None:
    await storage.insert_many(records(1500))
    assert await storage.delete_many(range(1, 1500)) == 1499
    assert await paged_ids(storage) == ["p1499"]


async def test_a_deleted_id_is_free_again_and_its_pattern_new(storage: Storage) -> None:
    await storage.insert(record("a"))
    await storage.update(record("a", version="2"), seq=1)
    await storage.delete_many([2])
    insertion = await storage.insert(record("a", at=NOON + 9))
    assert insertion.outcome is Outcome.STORED
    assert insertion.stored == Provenance(NOON + 9, seq=4, revision=1)


async def test_a_seq_is_never_given_twice_though_all_was_deleted_and_forgotten(
    store: Store,
) -> None:
    storage = await store.open()
    await storage.insert_many(records(3))
    await storage.delete_many([1, 2, 3])
    await storage.purge_tombstones(now() + DAY)
    await storage.reclaim()
    storage = await store.reopen()
    assert (await storage.insert(record("a"))).stored.seq == 7
    await storage.delete_many([7])
    storage = await store.reopen()
    assert (await storage.insert(record("a"))).stored.seq == 9


async def test_purged_tombstones_are_still_known_to_be_gone_after_opening_again(
    store: Store,
) -> None:
    storage = await store.open()
    await storage.insert_many(records(3))
    await storage.delete_many([3])
    await storage.purge_tombstones(now() + DAY)
    storage = await store.reopen()
    with pytest.raises(HistoryGone):
        await changes_after(storage, 1, deletes=True)
