"""Taking over another store's changes with their numbers, as a migration does."""

from typing import Any

import pytest

from app.errors import HistoryGone, PatternExists
from app.schemas.records import Provenance, StoredDocument
from app.storage.base import Change, Storage, Tombstone
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, changes_after, delete, findings
from tests.records import NOON, record


def state(pattern_id: str, seq: int, revision: int = 1, **members: Any) -> StoredDocument:
    new = record(pattern_id, **members)
    stored = Provenance(NOON - 1, seq, revision)
    return StoredDocument.of(pattern_id, new.pattern_type, new.timestamp, new.document, stored)


HISTORY: list[Change] = [
    state("a", 3),
    Tombstone("b", 5),
    Tombstone("c", 6),
    state("c", 9, revision=2, context={"tags": ["t"]}),
]
"""What another store may hold: changes with gaps, deletions, and a `c` that came back."""


async def test_restored_changes_are_there_as_they_were(storage: Storage) -> None:
    await storage.restore(HISTORY)
    assert await all_changes(storage, deletes=True) == HISTORY
    assert await findings(storage) == []


async def test_restoring_again_what_is_there_changes_nothing(storage: Storage) -> None:
    await storage.restore(HISTORY)
    await storage.restore(HISTORY)
    assert await all_changes(storage, deletes=True) == HISTORY
    assert (await storage.summary(NOON)).last_seq == 9


@pytest.mark.parametrize("first", range(len(HISTORY)))
async def test_what_is_missing_in_between_is_filled_in_under_its_own_number(
    storage: Storage, first: int
) -> None:
    await storage.restore([HISTORY[first], *HISTORY[first + 2 :]])
    await storage.restore(HISTORY)
    assert await all_changes(storage, deletes=True) == HISTORY


@pytest.mark.parametrize(
    "other",
    [state("other", 3), Tombstone("other", 3), state("a", 11), Tombstone("a", 11)],
    ids=["number of a pattern", "number as a deletion", "id", "deletion of an id"],
)
async def test_an_id_or_number_that_is_taken_by_anything_else_is_refused_and_nothing_restored(
    storage: Storage, other: Change
) -> None:
    await storage.restore(HISTORY)
    with pytest.raises(PatternExists):
        await storage.restore([state("d", 10), other])
    assert await all_changes(storage, deletes=True) == HISTORY


async def test_the_next_change_follows_the_other_stores_last_number(store: Store) -> None:
    storage = await store.open()
    await storage.restore(HISTORY)
    await storage.restore([], last_seq=20)
    storage = await store.reopen()
    assert (await storage.insert(record("d"))).stored.seq == 21


async def test_deletions_the_other_store_forgot_are_forgotten_here_too(store: Store) -> None:
    storage = await store.open()
    await storage.restore(HISTORY, purged_seq=4)
    storage = await store.reopen()
    assert (await storage.summary(NOON)).purged_seq == 4
    with pytest.raises(HistoryGone):
        await changes_after(storage, 3, deletes=True)
    assert (await changes_after(storage, 4, deletes=True)).changes == HISTORY[1:]


async def test_restored_patterns_can_be_changed_and_deleted(storage: Storage) -> None:
    await storage.restore(HISTORY)
    updated = await storage.update(record("c", version="2"), seq=9)
    assert updated.stored == Provenance(NOON - 1, 10, 3)
    assert await delete(storage, "a", "c") == 2
    assert [change.seq for change in await all_changes(storage, deletes=True)] == [5, 6, 11, 12]
