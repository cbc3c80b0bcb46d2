"""Changes in the order they were made: what exports and indexes resume from."""

import pytest

from app.errors import HistoryGone
from app.schemas.filters import Filters
from app.schemas.records import Provenance, StoredDocument
from app.schemas.timestamps import DAY, now
from app.storage.base import Changes, Storage, Tombstone
from tests.contract.reading import all_changes, changes_after, delete, seq_of
from tests.records import NOON, record, records


async def ids_after(storage: Storage, after_seq: int, *, limit: int, max_bytes: int) -> list[str]:
    step = await changes_after(storage, after_seq, limit=limit, max_bytes=max_bytes)
    return [change.pattern_id for change in step.changes]


async def test_an_empty_store_has_no_changes(storage: Storage) -> None:
    assert await changes_after(storage) == Changes([], through=0)


async def test_changes_come_in_the_order_of_seq_each_pattern_once_in_its_newest_state(
    storage: Storage,
) -> None:
    await storage.insert_many([record("a"), record("b"), record("c")])
    updated = await storage.update(record("a", version="2"), seq=1)
    assert await all_changes(storage) == [
        await storage.fetch("b"),
        await storage.fetch("c"),
        updated,
    ]


async def test_changes_after_a_seq_are_those_made_since(storage: Storage) -> None:
    await storage.insert_many(records(4))
    assert [change.pattern_id for change in await all_changes(storage, 2)] == ["p0002", "p0003"]


@pytest.mark.parametrize("after_seq", [4, 5, 2**62])
async def test_after_the_last_change_nothing_newer_is_there(
    storage: Storage, after_seq: int
) -> None:
    await storage.insert_many(records(4))
    assert await changes_after(storage, after_seq) == Changes([], through=after_seq)


@pytest.mark.parametrize("limit", range(1, 8))
async def test_every_limit_gives_all_changes_in_order(storage: Storage, limit: int) -> None:
    await storage.insert_many(records(5))
    await delete(storage, "p0001", "p0004")
    found = await all_changes(storage, limit=limit, deletes=True)
    assert [(change.pattern_id, isinstance(change, Tombstone)) for change in found] == [
        ("p0000", False),
        ("p0002", False),
        ("p0003", False),
        ("p0001", True),
        ("p0004", True),
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_no_step_is_longer_than_its_limit(storage: Storage, limit: int) -> None:
    await storage.insert_many(records(5))
    await delete(storage, "p0000", "p0001", "p0002")
    assert len((await changes_after(storage, limit=limit, deletes=True)).changes) == limit


async def test_a_step_holds_no_more_bytes_than_asked_but_at_least_one_pattern(
    storage: Storage,
) -> None:
    await storage.insert_many(records(4))
    size = len((await storage.fetch("p0000")).json)
    assert await ids_after(storage, 0, limit=9, max_bytes=2 * size) == ["p0000", "p0001"]
    assert await ids_after(storage, 0, limit=9, max_bytes=2 * size - 1) == ["p0000"]
    assert await ids_after(storage, 2, limit=9, max_bytes=1) == ["p0002"]


async def test_a_deletion_is_told_of_where_asked_whatever_the_filters(storage: Storage) -> None:
    await storage.insert_many([record("a"), record("b", context={"project_name": "x"})])
    await delete(storage, "a")
    kept = await storage.fetch("b")
    assert await all_changes(storage) == [kept]
    assert await all_changes(storage, deletes=True) == [kept, Tombstone("a", 3)]
    unlike = Filters(project_name="another")
    assert await all_changes(storage, 0, unlike, deletes=True) == [Tombstone("a", 3)]


async def test_a_pattern_stored_again_after_its_deletion_follows_its_tombstone(
    storage: Storage,
) -> None:
    await storage.insert(record("a"))
    await delete(storage, "a")
    await storage.insert(record("a"))
    assert await all_changes(storage, deletes=True) == [
        Tombstone("a", 2),
        await storage.fetch("a"),
    ]


async def test_far_apart_changes_are_all_found(storage: Storage) -> None:
    seqs = [1, 15_000, 35_000, 35_001, 60_000, 10**9, 2**61]
    await storage.insert_many(
        [record(f"s{seq}", preserved=Provenance(NOON, seq, 1)) for seq in seqs]
    )
    found = await all_changes(storage)
    assert [change.pattern_id for change in found] == [f"s{seq}" for seq in seqs]


async def test_matches_behind_many_that_do_not_match_are_found(storage: Storage) -> None:
    await storage.insert_many(
        [
            record(f"other{number}", preserved=Provenance(NOON, number * 9_000, 1))
            for number in range(1, 20)
        ]
    )
    await storage.insert(record("match", context={"session_id": "s"}))
    found = await all_changes(storage, 0, Filters(session_id="s"))
    assert [change.pattern_id for change in found] == ["match"]


async def test_reading_while_others_write_gives_each_pattern_at_least_once_in_its_newest_state(
    storage: Storage,
) -> None:
    await storage.insert_many(records(60))
    seen: dict[str, int] = {}
    after_seq, round_number = 0, 0
    while (step := await changes_after(storage, after_seq, limit=7)).changes:
        seen |= {
            change.pattern_id: change.stored.seq
            for change in step.changes
            if isinstance(change, StoredDocument)
        }
        after_seq = step.through
        if round_number < 8:
            for index in range(round_number, 60, 11):
                name = f"p{index:04}"
                new = record(name, version=f"2.{round_number}")
                await storage.update(new, await seq_of(storage, name))
            await storage.insert(record(f"new{round_number}"))
        round_number += 1
    present = [f"p{index:04}" for index in range(60)] + [f"new{number}" for number in range(8)]
    assert seen == {name: await seq_of(storage, name) for name in present}


async def test_purged_tombstones_are_gone_and_counted(storage: Storage) -> None:
    await storage.insert_many(records(4))
    await delete(storage, "p0000", "p0001")
    assert await storage.purge_tombstones(now() - DAY) == 0
    assert len(await all_changes(storage, deletes=True)) == 4
    assert await storage.purge_tombstones(now() + DAY) == 2
    assert len(await all_changes(storage, deletes=True)) == 2
    assert await storage.purge_tombstones(now() + DAY) == 0


async def test_who_resumes_before_purged_tombstones_is_told_that_they_are_gone(
    storage: Storage,
) -> None:
    await storage.insert_many(records(4))
    await delete(storage, "p0000")
    await storage.purge_tombstones(now() + DAY)
    for after_seq in range(1, 5):
        with pytest.raises(HistoryGone):
            await changes_after(storage, after_seq, deletes=True)
        await changes_after(storage, after_seq)
    assert await changes_after(storage, 5, deletes=True) == Changes([], through=5)


async def test_who_begins_with_nothing_reads_to_the_end_though_tombstones_were_purged(
    storage: Storage,
) -> None:
    await storage.insert_many(records(6))
    await delete(storage, "p0000", "p0001")
    await storage.purge_tombstones(now() + DAY)
    found = await all_changes(storage, limit=1, deletes=True)
    assert [change.pattern_id for change in found] == ["p0002", "p0003", "p0004", "p0005"]


async def test_who_began_after_the_purged_tombstones_is_not_disturbed_by_a_purge_of_those_read(
    storage: Storage,
) -> None:
    await storage.insert_many(records(3))
    await delete(storage, "p0000")
    first = await changes_after(storage, 3, deletes=True)
    await storage.insert(record("new"))
    await storage.purge_tombstones(now() + DAY)
    rest = await changes_after(storage, first.through, deletes=True, begun_at=3)
    assert [change.pattern_id for change in rest.changes] == ["new"]
