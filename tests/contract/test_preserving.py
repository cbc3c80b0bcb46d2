"""Imports that keep the provenance an export wrote."""

from app.schemas.records import Provenance
from app.storage.base import Outcome, Storage
from tests.contract.reading import all_changes
from tests.records import NOON, record


async def test_a_preserved_provenance_is_kept_where_its_seq_is_greater_than_the_last(
    storage: Storage,
) -> None:
    kept = Provenance(at=NOON - 1, seq=40, revision=7)
    insertion = await storage.insert(record("a", preserved=kept))
    assert insertion.stored == kept
    assert (await storage.fetch("a")).stored == kept


async def test_a_preserved_seq_that_is_taken_gives_way_to_the_next_and_the_rest_is_kept(
    storage: Storage,
) -> None:
    await storage.insert_many([record("a"), record("b")])
    insertion = await storage.insert(record("c", preserved=Provenance(NOON - 1, 2, 7)))
    assert insertion.stored == Provenance(NOON - 1, seq=3, revision=7)


async def test_seq_goes_on_from_a_preserved_one(storage: Storage) -> None:
    insertions = await storage.insert_many(
        [
            record("a", preserved=Provenance(NOON, 40, 1)),
            record("b"),
            record("c", preserved=Provenance(NOON, 40, 1)),
            record("d", preserved=Provenance(NOON, 50, 1)),
        ]
    )
    assert [insertion.stored.seq for insertion in insertions] == [40, 41, 42, 50]


async def test_a_preserved_provenance_counts_for_nothing_where_the_id_is_taken(
    storage: Storage,
) -> None:
    first = await storage.insert(record("a"))
    again = await storage.insert(record("a", preserved=Provenance(NOON - 1, 40, 7)))
    assert (again.outcome, again.stored) == (Outcome.DUPLICATE, first.stored)
    assert (await storage.insert(record("b"))).stored.seq == 2


async def test_a_preserved_pattern_is_changed_and_exported_like_any_other(
    storage: Storage,
) -> None:
    far = 2**61
    await storage.insert_many([record("a"), record("b", preserved=Provenance(NOON, far, 7))])
    updated = await storage.update(record("b", version="2"), far)
    assert updated.stored == Provenance(NOON, far + 1, 8)
    assert [change.pattern_id for change in await all_changes(storage)] == ["a", "b"]
