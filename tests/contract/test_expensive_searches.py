"""A search that takes too long is given up; nothing else is limited in time."""

from collections.abc import Awaitable, Callable

import pytest

from app.errors import QueryTooExpensive
from app.schemas.filters import Filters, Order
from app.schemas.timestamps import LATEST
from app.storage.base import Storage
from tests.contract.conftest import Store
from tests.generated import generated
from tests.records import record

NUMBER = 6_000
NOTHING = Filters(min_duration_ms=10**9)
"""Passed by no pattern, which only a look at each of them tells."""

SEARCHES: tuple[Callable[[Storage], Awaitable[object]], ...] = (
    lambda store: store.query(NOTHING, order=Order.NEWEST, limit=1, max_bytes=1),
    lambda store: store.count(NOTHING),
    lambda store: store.agents(NOTHING),
    lambda store: store.matching(NOTHING),
)


@pytest.fixture
async def storage(store: Store) -> Storage:
    """A store in which a search may take no time at all."""
    full = await store.open()
    await full.insert_many([record(**pattern) for pattern in generated(NUMBER)])
    await store.close()
    return await store.open(query_seconds=1e-9)


async def test_a_search_that_takes_too_long_is_given_up(storage: Storage) -> None:
    for search in SEARCHES * 2:  # more often than there are readers
        with pytest.raises(QueryTooExpensive, match="start_date"):
            await search(storage)
    (newest,) = (await storage.query(Filters(), order=Order.NEWEST, limit=1, max_bytes=1)).patterns
    assert await storage.get(newest.pattern_id) == newest


async def test_work_of_the_store_s_own_takes_its_time(storage: Storage) -> None:
    assert (await storage.summary(LATEST)).last_seq == NUMBER
    assert len((await storage.compressible(LATEST))[1]) == NUMBER
    assert not [finding async for finding in storage.check()]
    everything = Filters(min_duration_ms=0)
    step = await storage.changes(
        everything, after_seq=0, limit=1, max_bytes=1, deletes=False, begun_at=0
    )
    assert len(step.changes) == 1
