"""What becomes of a record that is to be inserted."""

import asyncio
from typing import Any

import pytest

from app.schemas.records import Provenance
from app.storage.base import Insertion, Outcome, Storage
from tests.contract.conftest import Store
from tests.records import NOON, record, records


async def test_what_is_new_is_stored_at_revision_one_with_its_time_of_receipt(
    storage: Storage,
) -> None:
    insertions = await storage.insert_many([record("a", at=NOON), record("b", at=NOON + 1)])
    assert insertions == [
        Insertion(Outcome.STORED, Provenance(at=NOON, seq=1, revision=1)),
        Insertion(Outcome.STORED, Provenance(at=NOON + 1, seq=2, revision=1)),
    ]


async def test_what_is_stored_comes_back_byte_for_byte(storage: Storage) -> None:
    new = record(
        "a",
        timestamp="0001-01-01T00:00:00Z",
        context={
            "tags": ["a\0b", "ünïcødé 🙂", "100%", 'it\'s "quoted"'],
            "metadata": {"": [None]},
        },
        data={"duration_ms": 2**70, "digits": 10**400, "fraction": 0.1},
        note="beside the others",
    )
    insertion = await storage.insert(new)
    found = await storage.fetch("a")
    assert found.document == new.document
    assert (found.pattern_id, found.pattern_type) == ("a", "task_completion")
    assert (found.timestamp, found.stored) == (new.timestamp, insertion.stored)


async def test_the_same_received_again_is_a_duplicate_and_changes_nothing(
    storage: Storage,
) -> None:
    first = await storage.insert(record("a"))
    again = await storage.insert(record("a", at=NOON + 1))
    assert again == Insertion(Outcome.DUPLICATE, first.stored)
    assert (await storage.fetch("a")).stored == first.stored


async def test_a_retry_without_a_timestamp_is_a_duplicate_though_received_at_another_time(
    storage: Storage,
) -> None:
    await storage.insert(record("a", at=NOON))
    await storage.insert(record("b", at=NOON, timestamp="2026-01-01"))
    retried = await storage.insert_many(
        [record("a", at=NOON + 5), record("b", at=NOON + 5, timestamp="2026-01-02")]
    )
    assert [insertion.outcome for insertion in retried] == [Outcome.DUPLICATE, Outcome.CONFLICT]


@pytest.mark.parametrize(
    ("stored", "sent", "outcome"),
    [
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}, Outcome.DUPLICATE),
        ({"x": 1}, {"x": 1.0}, Outcome.DUPLICATE),
        ({"x": [{"y": 1.0}]}, {"x": [{"y": 1}]}, Outcome.DUPLICATE),
        ({"x": 2**70}, {"x": 2**70}, Outcome.DUPLICATE),
        ({"x": 2**70}, {"x": 2**70 + 1}, Outcome.CONFLICT),
        ({"x": 1}, {"x": True}, Outcome.CONFLICT),
        ({"x": 0}, {"x": False}, Outcome.CONFLICT),
        ({"x": 0}, {"x": None}, Outcome.CONFLICT),
        ({"x": None}, {}, Outcome.CONFLICT),
        ({"x": "1"}, {"x": 1}, Outcome.CONFLICT),
        ({"x": [1, 2]}, {"x": [2, 1]}, Outcome.CONFLICT),
        ({"x": "a\0b"}, {"x": "a\0c"}, Outcome.CONFLICT),
        ({"x": {"y": 1}}, {"x": {"y": 1, "z": 2}}, Outcome.CONFLICT),
    ],
)
async def test_the_same_content_by_the_rules_of_json_is_a_duplicate_and_any_other_a_conflict(
    storage: Storage, stored: dict[str, Any], sent: dict[str, Any], outcome: Outcome
) -> None:
    first = await storage.insert(record("a", data=stored))
    assert await storage.insert(record("a", data=sent)) == Insertion(outcome, first.stored)


async def test_a_conflict_changes_nothing(storage: Storage) -> None:
    first = record("a")
    provenance = (await storage.insert(first)).stored
    await storage.insert(record("a", data={"task_type": "another"}, context={"tags": ["new"]}))
    found = await storage.fetch("a")
    assert (found.document, found.stored) == (first.document, provenance)
    assert (await storage.summary(NOON)).last_seq == provenance.seq


async def test_outcomes_come_in_the_order_of_the_records_whatever_each_is(
    storage: Storage,
) -> None:
    await storage.insert_many([record("b"), record("d")])
    insertions = await storage.insert_many(
        [record("a"), record("b"), record("c"), record("d", version="2"), record("e")]
    )
    assert [insertion.outcome for insertion in insertions] == [
        Outcome.STORED,
        Outcome.DUPLICATE,
        Outcome.STORED,
        Outcome.CONFLICT,
        Outcome.STORED,
    ]
    assert [insertion.stored.seq for insertion in insertions] == [3, 1, 4, 2, 5]


async def test_of_records_that_share_an_id_the_first_is_stored_and_the_others_measured_against_it(
    storage: Storage,
) -> None:
    insertions = await storage.insert_many(
        [record("a"), record("a", at=NOON + 1), record("a", version="2")]
    )
    stored = Provenance(NOON, 1, 1)
    assert insertions == [
        Insertion(Outcome.STORED, stored),
        Insertion(Outcome.DUPLICATE, stored),
        Insertion(Outcome.CONFLICT, stored),
    ]


async def test_ids_are_told_apart_by_case(storage: Storage) -> None:
    insertions = await storage.insert_many([record("a"), record("A", version="2")])
    assert {insertion.outcome for insertion in insertions} == {Outcome.STORED}


async def test_inserting_nothing_changes_nothing(storage: Storage) -> None:
    assert await storage.insert_many([]) == []
    assert (await storage.summary(NOON)).last_seq == 0


async def test_many_records_of_one_call_are_stored_in_their_order(storage: Storage) -> None:
    insertions = await storage.insert_many(records(2500))
    assert [insertion.stored.seq for insertion in insertions] == list(range(1, 2501))
    assert (await storage.fetch("p2499")).stored.seq == 2500


async def test_more_records_may_come_until_it_is_their_turn(storage: Storage) -> None:
    first, waiting = [record("a")], [record("b")]
    begun: list[int] = []
    _, outcomes = await asyncio.gather(
        storage.insert_many(first, starting=lambda: waiting.append(record("c"))),
        storage.insert_many(waiting, starting=lambda: begun.append(len(waiting))),
    )
    assert begun == [2]
    assert [insertion.outcome for insertion in outcomes] == [Outcome.STORED] * 2
    assert (await storage.fetch("c")).stored.seq == 3


async def test_one_record_does_not_wait_for_the_many_that_wait_beside_it(storage: Storage) -> None:
    begun: list[str] = []
    await asyncio.gather(
        storage.insert_many(records(200, "many"), starting=lambda: begun.append("many")),
        storage.insert_many([record("one")], starting=lambda: begun.append("one")),
        storage.insert_many([record("two")], starting=lambda: begun.append("two")),
    )
    assert begun == ["one", "two", "many"]
    assert (await storage.fetch("two")).stored.seq == 2


async def test_what_was_stored_is_there_when_the_store_is_opened_again(store: Store) -> None:
    storage = await store.open()
    await storage.insert(record("a"))
    stored = await storage.fetch("a")
    reopened = await store.reopen()
    assert await reopened.fetch("a") == stored
