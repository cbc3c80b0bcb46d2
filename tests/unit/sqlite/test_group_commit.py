"""Writes that wait share a transaction, and none of them suffers for another."""

import asyncio

from app.metrics import Metrics
from app.storage.base import Outcome
from app.storage.index.transaction import Transaction
from app.storage.sqlite import SQLiteStorage
from tests.contract.reading import findings, paged_ids
from tests.records import record, records


def commits_and_writes(metrics: Metrics) -> tuple[float, float]:
    """How many transactions there were, and how many writes they held."""
    values = [
        metrics.registry.get_sample_value(f"pattern_store_commit_writes_{part}")
        for part in ("count", "sum")
    ]
    return values[0] or 0, values[1] or 0


async def test_writes_that_wait_together_are_committed_together(
    storage: SQLiteStorage, metrics: Metrics
) -> None:
    insertions = await asyncio.gather(*[storage.insert(new) for new in records(200)])
    assert {insertion.outcome for insertion in insertions} == {Outcome.STORED}
    assert sorted(insertion.stored.seq for insertion in insertions) == list(range(1, 201))
    commits, writes = commits_and_writes(metrics)
    assert writes == 200
    assert commits <= 20


async def test_the_same_pattern_sent_twice_at_once_is_stored_once(storage: SQLiteStorage) -> None:
    insertions = await asyncio.gather(*[storage.insert(record("a")) for _ in range(20)])
    outcomes = [insertion.outcome for insertion in insertions]
    assert (outcomes.count(Outcome.STORED), outcomes.count(Outcome.DUPLICATE)) == (1, 19)


async def test_a_change_that_fails_midway_is_undone_alone(storage: SQLiteStorage) -> None:
    await storage.insert_many([record("a"), record("b")])

    def delete_then_fail(transaction: Transaction) -> None:
        transaction.delete([1])
        raise ZeroDivisionError

    failed, deleted, *inserted = await asyncio.gather(
        storage._writer.change(delete_then_fail),
        storage.delete_many([2]),
        *[storage.insert(new) for new in records(10)],
        return_exceptions=True,
    )
    assert isinstance(failed, ZeroDivisionError)
    assert deleted == 1
    assert len(inserted) == 10
    stored = await paged_ids(storage)
    assert len(stored) == 11
    assert "a" in stored
    assert await findings(storage) == []


async def test_a_record_that_cannot_be_stored_fails_alone(storage: SQLiteStorage) -> None:
    broken = record("broken")._replace(timestamp=2**70)
    results = await asyncio.gather(
        *[storage.insert(new) for new in (record("a"), broken, record("b"))],
        return_exceptions=True,
    )
    assert isinstance(results[1], OverflowError)
    assert await paged_ids(storage) == ["b", "a"]
