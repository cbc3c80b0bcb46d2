"""A medium that fails: nothing is acknowledged, nothing is lost, and it mends by itself."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.errors import PatternChanged, StorageUnavailable
from app.storage.base import Outcome, Storage
from tests.contract.reading import findings, paged_ids
from tests.records import record, records


@contextmanager
def full_disk() -> Iterator[None]:
    """A time in which no file of this process can be written to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_write_on_a_full_disk_fails_and_leaves_all_as_it_was(storage: Storage) -> None:
    await storage.insert_many([record("a"), record("b")])
    before = await storage.fetch("a")
    with full_disk():
        for write in (
            storage.insert(record("c")),
            storage.update(record("a", version="2"), seq=1),
            storage.delete_many([1]),
            storage.insert_many(records(500)),
        ):
            with pytest.raises(StorageUnavailable):
                await write
        assert await storage.fetch("a") == before
        assert await paged_ids(storage) == ["b", "a"]
    assert await findings(storage) == []


async def test_writes_succeed_again_when_there_is_space_though_nobody_opened_the_store_anew(
    storage: Storage,
) -> None:
    await storage.insert(record("a"))
    with full_disk():
        failures = await asyncio.gather(
            *[storage.insert(new) for new in records(20)], return_exceptions=True
        )
    assert {type(failure) for failure in failures} == {StorageUnavailable}
    insertion = await storage.insert(record("b"))
    assert insertion.outcome is Outcome.STORED
    assert insertion.stored.seq > 1
    updated = await storage.update(record("a", version="2"), seq=1)
    assert await storage.fetch("a") == updated
    assert await storage.delete_many([insertion.stored.seq]) == 1
    assert await findings(storage) == []


async def test_a_refused_write_fails_alone(storage: Storage) -> None:
    await storage.insert_many([record("a"), record("b")])
    stale = storage.update(record("a", version="2"), seq=99)
    others = [storage.insert(new) for new in records(10)]
    refused, updated, deleted, *inserted = await asyncio.gather(
        stale,
        storage.update(record("b", version="2"), seq=2),
        storage.delete_many([1]),
        *others,
        return_exceptions=True,
    )
    assert isinstance(refused, PatternChanged)
    assert updated == await storage.fetch("b")
    assert deleted == 1
    assert len(inserted) == 10
    assert await storage.get("a") is None
    assert len(await paged_ids(storage)) == 11


async def test_a_caller_who_goes_away_disturbs_nobody(storage: Storage) -> None:
    await storage.insert(record("a"))
    writes = [asyncio.create_task(storage.insert(new)) for new in records(10)]
    reads = [asyncio.create_task(storage.fetch("a")) for _ in range(10)]
    await asyncio.sleep(0)
    for task in (*writes[::2], *reads[::2]):
        task.cancel()
    await asyncio.gather(*writes, *reads, return_exceptions=True)
    assert {(await write).outcome for write in writes[1::2]} == {Outcome.STORED}
    assert {(await read).pattern_id for read in reads[1::2]} == {"a"}
    assert await findings(storage) == []
    assert (await storage.insert(record("b"))).outcome is Outcome.STORED
