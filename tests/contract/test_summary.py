"""The store at a glance, the space it takes, and giving space back."""

import asyncio
from pathlib import Path
from random import Random

from app.schemas.timestamps import DAY, day_of, format_timestamp
from app.storage.base import Storage, Tally
from tests.contract.conftest import Store
from tests.contract.reading import delete, findings, paged_ids
from tests.questions import filters_of
from tests.records import NOON, record, records

LARGE = "x" * 100_000


def size_of_files(folder: Path) -> int:
    stats = [file.stat() for file in folder.rglob("*") if file.is_file()]
    return sum(max(stat.st_size, stat.st_blocks * 512) for stat in stats)


async def test_an_empty_store_has_no_oldest_and_no_newest(storage: Storage) -> None:
    summary = await storage.summary(NOON)
    assert (summary.days, summary.oldest, summary.newest) == ([], None, None)
    assert (summary.in_future, summary.document_bytes, summary.last_seq) == (0, 0, 0)


async def test_a_summary_tells_of_days_and_types_extremes_the_future_and_sizes(
    storage: Storage,
) -> None:
    times = {"a": NOON - 2 * DAY, "b": NOON, "c": NOON, "d": NOON + 1}
    new = [record(name, timestamp=format_timestamp(time)) for name, time in times.items()]
    new.append(record("e", "agent_usage", timestamp=format_timestamp(NOON)))
    await storage.insert_many(new)
    sizes = [len(each.document) for each in new]
    summary = await storage.summary(NOON)
    assert summary.days == [
        Tally(day_of(NOON) - 2, "task_completion", 1, sizes[0]),
        Tally(day_of(NOON), "agent_usage", 1, sizes[4]),
        Tally(day_of(NOON), "task_completion", 3, sum(sizes[1:4])),
    ]
    assert (summary.oldest, summary.newest) == (NOON - 2 * DAY, NOON + 1)
    assert (summary.in_future, summary.last_seq) == (1, 5)
    assert (summary.document_bytes, summary.raw_bytes) == (sum(sizes), sum(sizes))
    assert summary.stored_bytes == storage.stored_bytes()


async def test_a_summary_follows_updates_and_deletions(storage: Storage) -> None:
    await storage.insert_many(records(3))
    new = record("p0000", data={"note": "longer than before"})
    await storage.update(new, seq=1)
    await delete(storage, "p0001")
    size = len(new.document) + len((await storage.fetch("p0002")).document)
    summary = await storage.summary(NOON)
    assert summary.days == [Tally(day_of(NOON), "task_completion", 2, size)]
    assert (summary.document_bytes, summary.last_seq) == (size, 5)
    await delete(storage, "p0000", "p0002")
    assert (await storage.summary(NOON)).days == []


async def test_the_size_told_is_what_lies_on_the_disk(store: Store, tmp_path: Path) -> None:
    storage = await store.open()
    await storage.insert_many(records(20, data={"note": LARGE}))
    assert 20 * len(LARGE) < storage.stored_bytes() <= size_of_files(tmp_path)


async def test_reclaiming_gives_the_space_of_what_was_deleted_back(storage: Storage) -> None:
    await storage.insert_many(records(50, data={"note": LARGE}))
    await storage.insert(record("kept"))
    await storage.delete_many(range(1, 51))
    full = storage.stored_bytes()
    await storage.reclaim()
    assert storage.stored_bytes() < full / 10
    assert await paged_ids(storage) == ["kept"]
    assert await findings(storage) == []


async def test_reclaiming_gives_the_space_of_words_back_and_those_left_are_still_found(
    storage: Storage,
) -> None:
    random = Random(3)
    for start in range(0, 60, 10):
        texts = [" ".join(f"{random.getrandbits(40):x}" for _ in range(2000)) for _ in range(10)]
        await storage.insert_many(
            [
                record(f"p{start + index}", "error_occurrence", data={"error_message": text})
                for index, text in enumerate(texts)
            ]
        )
    full = storage.stored_bytes()
    await storage.delete_many(range(1, 55))
    await storage.reclaim()
    assert storage.stored_bytes() < full / 5
    left = [f"p{index}" for index in range(54, 60)]
    for name in left:
        text = (await storage.fetch(name)).content()["data"]["error_message"]
        for word in (text[:10], text[-10:]):
            assert await paged_ids(storage, filters_of({"q": f'"{word}"'})) == [name]
    assert await findings(storage) == []


async def test_others_read_and_write_while_space_is_reclaimed(storage: Storage) -> None:
    await storage.insert_many(records(50, data={"note": LARGE}))
    await storage.delete_many(range(1, 51))
    full = storage.stored_bytes()
    reclaiming = asyncio.create_task(storage.reclaim())
    written = 0
    while not reclaiming.done():
        await storage.insert(record(f"new{written}"))
        written += 1
    await reclaiming
    assert len(await paged_ids(storage)) == written > 0
    assert storage.stored_bytes() < full / 2 + written * 4096


async def test_a_summary_of_projects_tells_nothing_of_the_others(storage: Storage) -> None:
    times = {"a": NOON - 2 * DAY, "b": NOON, "c": NOON - 9 * DAY, "d": NOON + 9 * DAY}
    new = [
        record(name, timestamp=format_timestamp(time), context={"project_name": f"of {name}"})
        for name, time in times.items()
    ]
    await storage.insert_many(new)
    sizes = [len(each.document) for each in new]
    summary = await storage.summary_of_projects(NOON - 1, ["of a", "of b", "of nobody"])
    assert summary.days == [
        Tally(day_of(NOON) - 2, "task_completion", 1, sizes[0]),
        Tally(day_of(NOON), "task_completion", 1, sizes[1]),
    ]
    assert (summary.oldest, summary.newest) == (NOON - 2 * DAY, NOON)
    assert (summary.in_future, summary.last_seq, summary.purged_seq) == (1, 2, 0)
    assert {summary.stored_bytes, summary.document_bytes, summary.raw_bytes} == {sum(sizes[:2])}


async def test_a_summary_of_a_project_without_patterns_is_empty(storage: Storage) -> None:
    await storage.insert_many(records(2))
    summary = await storage.summary_of_projects(NOON, ["nobody's"])
    assert (summary.days, summary.oldest, summary.newest) == ([], None, None)
    assert (summary.in_future, summary.stored_bytes, summary.last_seq) == (0, 0, 0)
