"""Those who follow a store are told of all that is committed, in its order, and soon."""

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.schemas.filters import Filters
from app.service.feed import STEP, Feed
from app.storage.base import Changes, Storage, Tombstone
from app.storage.sqlite import SQLiteStorage
from tests.contract.conftest import Store
from tests.contract.reading import delete
from tests.records import record, records


class Listener:
    """A follower that remembers what it was told."""

    name = "listener"

    def __init__(self, filters: Filters | None = None, *, deletes: bool = False) -> None:
        self.filters = filters or Filters()
        self.deletes = deletes
        self.after = 0
        self.told: list[str] = []
        self.failures = 0

    async def begin(self) -> int:
        return self.after

    async def take(self, step: Changes) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("it does not feel like it")
        self.told += [
            f"-{change.pattern_id}" if isinstance(change, Tombstone) else change.pattern_id
            for change in step.changes
        ]
        self.after = step.through


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    store = Store(f"sqlite:///{tmp_path}/patterns.db")
    yield await store.open()
    await store.close()


async def test_a_follower_is_told_of_all_changes_in_their_order(storage: Storage) -> None:
    before = records(STEP * 2 + 1)
    await storage.insert_many(before)
    listener = Listener(deletes=True)
    feed = Feed(storage, [listener])
    feed.start()
    await feed.caught_up()
    assert listener.told == [each.pattern_id for each in before]
    await storage.insert(record("later"))
    await delete(storage, "p0000")
    await feed.caught_up()
    assert listener.told[len(before) :] == ["later", "-p0000"]
    await feed.stop()


async def test_it_is_told_without_being_asked_for(storage: Storage) -> None:
    listener = Listener()
    feed = Feed(storage, [listener])
    feed.start()
    for name in ("a", "b"):
        await storage.insert(record(name))
        async with asyncio.timeout(10):
            while name not in listener.told:
                await asyncio.sleep(0.01)
    await feed.stop()


async def test_each_follower_is_told_what_passes_its_filters_from_its_own_place(
    storage: Storage,
) -> None:
    await storage.insert_many([record("a"), record("b", "agent_usage"), record("c")])
    usages, late = Listener(Filters(pattern_types=("agent_usage",))), Listener()
    late.after = 2
    feed = Feed(storage, [usages, late])
    feed.start()
    await feed.caught_up()
    assert (usages.told, late.told) == (["b"], ["c"])
    await feed.stop()


async def test_a_follower_that_fails_is_told_again_and_keeps_nobody_else_waiting(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    await storage.insert_many(records(3))
    failing, other = Listener(), Listener()
    failing.failures = 1
    feed = Feed(storage, [failing, other])
    feed.start()
    await feed.caught_up()
    assert failing.told == other.told == ["p0000", "p0001", "p0002"]
    assert [each.getMessage() for each in caplog.records] == ["not learned"]
    await feed.stop()


async def test_whoever_waits_before_it_has_begun_waits_for_that_too(storage: Storage) -> None:
    listener = Listener()
    feed = Feed(storage, [listener])
    await storage.insert(record("a"))
    waiting = asyncio.create_task(feed.caught_up())
    await asyncio.sleep(0)
    feed.start()
    await waiting
    assert listener.told == ["a"]
    await feed.stop()


async def test_whoever_waits_for_it_waits_only_so_long(storage: Storage) -> None:
    failing = Listener()
    failing.failures = 1000
    feed = Feed(storage, [failing])
    await storage.insert(record("a"))
    feed.start()
    await feed.caught_up(0.01)
    assert failing.told == []
    await feed.stop()


async def test_it_says_for_how_long_a_follower_has_not_known_all(storage: Storage) -> None:
    failing, other = Listener(), Listener()
    failing.name, failing.failures = "failing", 1000
    feed = Feed(storage, [failing, other])
    await storage.insert(record("a"))
    behind = [feed.seconds_behind("failing"), feed.seconds_behind("listener")]
    assert min(behind) > 0
    feed.start()
    await feed.caught_up(0.1)
    assert feed.seconds_behind("failing") > behind[0]
    assert feed.seconds_behind("listener") == 0
    await feed.stop()


class Reader(Listener):
    """A follower that has much to read before it begins."""

    async def begin(self) -> int:
        self.read = [Memory() for _ in range(1000)]
        return await super().begin()


class Memory:
    """Something read."""


async def test_what_a_follower_has_read_is_left_out_of_collections(storage: Storage) -> None:
    feed = Feed(storage, [Reader()])
    feed.start()
    await feed.caught_up()
    assert not any(isinstance(each, Memory) for each in gc.get_objects())
    await feed.stop()


async def test_what_is_left_of_failures_is_collected(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.feed._RETRY_SECONDS", 0.001)
    reader = Reader()
    feed = Feed(storage, [reader])
    feed.start()
    await feed.caught_up()
    frozen = gc.get_freeze_count()
    reader.failures = 20
    await storage.insert(record("a"))
    await feed.caught_up()
    assert reader.told == ["a"]
    assert gc.get_freeze_count() <= frozen
    await feed.stop()


async def test_in_another_generation_a_follower_begins_again(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    feed = Feed(storage, [listener])
    await storage.insert_many(records(3))
    feed.start()
    await feed.caught_up()
    monkeypatch.setattr(SQLiteStorage, "generation", 1)
    listener.after = 1
    await storage.insert(record("a"))
    await feed.caught_up()
    assert listener.told == ["p0000", "p0001", "p0002", "p0001", "p0002", "a"]
    await feed.stop()
