"""Going through the matches page by page, also while others write."""

from random import Random

import pytest

from app.schemas.filters import Filters, Order
from app.schemas.records import Record
from app.schemas.timestamps import SECOND, format_timestamp
from app.storage.base import Page, Storage
from tests.contract.reading import delete, page_after, paged_ids
from tests.records import NOON, record, records

TIMES = [format_timestamp(NOON + second * SECOND) for second in (0, 0, 0, 0, 0, 1, 1, 2)]
"""Times as they come: several patterns share each."""


async def test_an_empty_store_has_one_empty_page(storage: Storage) -> None:
    assert await page_after(storage) == Page([], more=False)


async def test_patterns_of_one_time_are_in_the_order_of_their_ids(storage: Storage) -> None:
    names = ["b", "a", "C", "a.1", "a-1", "a1", "a_1", "1"]
    await storage.insert_many([record(name) for name in names])
    assert await paged_ids(storage, order=Order.OLDEST) == sorted(names)
    assert await paged_ids(storage, order=Order.NEWEST) == sorted(names, reverse=True)


@pytest.mark.parametrize("order", Order)
async def test_every_limit_gives_each_match_exactly_once_in_the_same_order(
    storage: Storage, order: Order
) -> None:
    await storage.insert_many(
        [
            record(
                f"p{index:02}",
                timestamp=TIMES[index % 8],
                context={"tags": ["a", "b"][index % 2 :]},
            )
            for index in range(32)
        ]
    )
    for filters in (
        Filters(),
        Filters(tags=("a",)),
        Filters(any_tags=("a", "b")),
        Filters(pattern_types=("task_completion", "agent_usage")),
        Filters(agent="developer"),
    ):
        whole = await paged_ids(storage, filters, order=order)
        assert len(whole) == (16 if filters.tags else 32)
        for limit in range(1, len(whole) + 2):
            assert await paged_ids(storage, filters, order=order, limit=limit) == whole


async def test_thousands_of_patterns_of_one_time_are_paged_through(storage: Storage) -> None:
    await storage.insert_many(records(3000))
    expected = [f"p{index:04}" for index in range(3000)]
    assert await paged_ids(storage, order=Order.OLDEST, limit=501) == expected


async def test_the_last_page_says_that_no_more_follow(storage: Storage) -> None:
    await storage.insert_many(records(6))
    first = await page_after(storage, limit=3)
    second = await page_after(storage, first.patterns[-1], limit=3)
    assert (len(first.patterns), first.more) == (3, True)
    assert (len(second.patterns), second.more) == (3, False)


async def test_a_page_holds_no_more_bytes_than_asked_but_at_least_one_pattern(
    storage: Storage,
) -> None:
    growing = [record(f"p{index}", data={"note": "x" * 1000 * index}) for index in range(5)]
    small, large = len(growing[0].document), len(growing[4].document)
    await storage.insert_many(growing)
    for order, max_bytes, first in ((Order.OLDEST, small, "p0"), (Order.NEWEST, 1, "p4")):
        page = await page_after(storage, order=order, max_bytes=max_bytes)
        assert ([pattern.pattern_id for pattern in page.patterns], page.more) == ([first], True)
    pages = [await page_after(storage, order=Order.OLDEST, max_bytes=large)]
    while pages[-1].more:
        last = pages[-1].patterns[-1]
        pages.append(await page_after(storage, last, order=Order.OLDEST, max_bytes=large))
    assert [len(page.patterns) for page in pages] == [3, 1, 1]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize(
    "filters",
    [Filters(), Filters(any_tags=("all", "some")), Filters(task_type="kept")],
    ids=["no filter", "tags", "task_type"],
)
async def test_what_is_there_and_matches_throughout_comes_exactly_once_whatever_is_written(
    storage: Storage, order: Order, filters: Filters
) -> None:
    random = Random(str(order))
    lasting = [f"lasting{index:02}" for index in range(40)]
    passing = [f"passing{index:02}" for index in range(40)]
    await storage.insert_many([_matching(name, random.choice(TIMES)) for name in lasting + passing])
    seen: list[str] = []
    page = await page_after(storage, None, filters, order=order, limit=5)
    while page.patterns:
        seen += [pattern.pattern_id for pattern in page.patterns]
        for name in random.sample(lasting, 3):
            current = await storage.fetch(name)
            time = format_timestamp(current.timestamp)
            await storage.update(_matching(name, time, f"2.{len(seen)}"), current.stored.seq)
        await delete(storage, passing.pop(random.randrange(len(passing))))
        names = [f"{random.choice('az')}{len(seen)}.{index}" for index in range(3)]
        await storage.insert_many([_matching(name, random.choice(TIMES)) for name in names])
        page = await page_after(storage, page.patterns[-1], filters, order=order, limit=5)
    assert len(set(seen)) == len(seen)
    assert sorted(name for name in seen if name.startswith("lasting")) == lasting
    assert len(seen) > len(lasting)


def _matching(name: str, time: str, version: str = "1.0") -> Record:
    tags, data = ["all", "some"], {"task_type": "kept"}
    return record(name, timestamp=time, version=version, data=data, context={"tags": tags})
