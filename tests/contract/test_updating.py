"""Replacing the content of a pattern."""

import asyncio
from typing import Any

import pytest

from app.errors import PatternChanged
from app.schemas.filters import Filters
from app.schemas.records import Provenance, StoredDocument
from app.schemas.words import parse_text_query
from app.storage.base import Outcome, Storage
from tests.contract.reading import delete, paged_ids
from tests.records import NOON, record


async def test_an_update_goes_one_up_in_revision_takes_the_next_seq_and_keeps_the_receipt(
    storage: Storage,
) -> None:
    await storage.insert_many([record("a", at=NOON), record("b")])
    updated = await storage.update(record("a", version="2", at=NOON + 5), seq=1)
    assert updated.stored == Provenance(at=NOON, seq=3, revision=2)
    again = await storage.update(record("a", version="3", at=NOON + 6), seq=3)
    assert again.stored == Provenance(at=NOON, seq=4, revision=3)


async def test_an_update_returns_what_is_stored_from_then_on(storage: Storage) -> None:
    await storage.insert(record("a"))
    new = record("a", version="2", data={"note": "a\0b 🙂", "digits": 2**200})
    updated = await storage.update(new, seq=1)
    assert updated == await storage.fetch("a")
    assert updated.document == new.document


async def test_an_update_of_an_earlier_state_is_refused_and_changes_nothing(
    storage: Storage,
) -> None:
    await storage.insert(record("a"))
    second = await storage.update(record("a", version="2"), seq=1)
    with pytest.raises(PatternChanged):
        await storage.update(record("a", version="3"), seq=1)
    assert await storage.fetch("a") == second
    assert (await storage.summary(NOON)).last_seq == 2


async def test_an_update_of_a_deleted_pattern_is_refused(storage: Storage) -> None:
    await storage.insert(record("a"))
    await delete(storage, "a")
    with pytest.raises(PatternChanged):
        await storage.update(record("a", version="2"), seq=1)
    assert await storage.get("a") is None


async def test_an_update_by_the_seq_of_another_pattern_is_refused(storage: Storage) -> None:
    await storage.insert_many([record("a"), record("b")])
    with pytest.raises(PatternChanged):
        await storage.update(record("a", version="2"), seq=2)
    assert await paged_ids(storage) == ["b", "a"]


async def test_a_retry_of_the_original_after_an_update_is_a_duplicate(storage: Storage) -> None:
    await storage.insert(record("a"))
    updated = await storage.update(record("a", version="2"), seq=1)
    for sent in (record("a"), record("a", version="2")):
        insertion = await storage.insert(sent)
        assert (insertion.outcome, insertion.stored) == (Outcome.DUPLICATE, updated.stored)
    assert (await storage.insert(record("a", version="3"))).outcome is Outcome.CONFLICT


async def test_what_stood_between_the_original_and_the_present_content_is_a_conflict(
    storage: Storage,
) -> None:
    await storage.insert(record("a"))
    await storage.update(record("a", version="2"), seq=1)
    await storage.update(record("a", version="3"), seq=2)
    assert (await storage.insert(record("a"))).outcome is Outcome.DUPLICATE
    assert (await storage.insert(record("a", version="2"))).outcome is Outcome.CONFLICT


async def test_filters_find_a_pattern_by_its_present_content_only(storage: Storage) -> None:
    def error(word: str) -> dict[str, Any]:
        return {
            "data": {"error_type": word, "error_message": f"the {word} 漢字 {word}"},
            "context": {"project_name": word, "session_id": word, "tags": [word, f"{word}\0"]},
        }

    await storage.insert(record("a", "error_occurrence", **error("old")))
    await storage.update(record("a", "error_occurrence", **error("new")), seq=1)
    for word, found in (("old", []), ("new", ["a"])):
        for filters in (
            Filters(error_type=word),
            Filters(project_name=word),
            Filters(session_id=word),
            Filters(tags=(word,)),
            Filters(any_tags=(f"{word}\0",)),
            Filters(phrases=parse_text_query(f'"{word} 漢"')),
        ):
            assert await paged_ids(storage, filters) == found
            assert sum((await storage.count(filters)).by_type.values()) == len(found)


async def test_of_twenty_updates_of_the_same_state_exactly_one_wins(storage: Storage) -> None:
    await storage.insert(record("a"))
    results = await asyncio.gather(
        *[storage.update(record("a", version=f"2.{index}"), seq=1) for index in range(20)],
        return_exceptions=True,
    )
    winners = [result for result in results if isinstance(result, StoredDocument)]
    assert winners == [await storage.fetch("a")]
    assert sum(isinstance(result, PatternChanged) for result in results) == 19


async def test_updates_that_each_build_on_the_state_they_read_all_count(storage: Storage) -> None:
    await storage.insert(record("a", data={"retry_count": 0}))

    async def add_one() -> None:
        while True:
            current = await storage.fetch("a")
            number = current.content()["data"]["retry_count"] + 1
            try:
                await storage.update(record("a", data={"retry_count": number}), current.stored.seq)
            except PatternChanged:
                continue
            return

    await asyncio.gather(*[add_one() for _ in range(12)])
    final = await storage.fetch("a")
    assert final.content()["data"]["retry_count"] == 12
    assert final.stored.revision == 13
