"""Compressing what is old: nobody who reads or writes notices, but the disk."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.schemas.filters import Filters, Order
from app.schemas.records import Record, record_of
from app.schemas.timestamps import DAY, format_timestamp
from app.storage.base import Storage, Tally
from app.storage.index import transaction
from app.storage.index.readers import Readers
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, delete, findings, page_after, paged_ids, seq_of
from tests.generated import END, generated
from tests.questions import FILTERS, filters_of, question_about
from tests.records import NOON, record

BEFORE = END - 30 * DAY
NUMBER = 600
PATTERNS = [*generated(NUMBER, days=60)]
CHECKOUT = Path(__file__).parents[2]

COMPRESS_UNTIL_KILLED = """
import asyncio, os, signal, sys
from app.storage.filesystem import folders, mirror
from app.storage.index import commit
from app.storage.registry import StorageOptions, storage_from

def counted(work, cost=1):
    def step(*arguments, **named):
        global steps
        steps -= cost
        if steps < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*arguments, **named)
    return step

async def compress(url, before):
    storage = storage_from(url, StorageOptions())
    await storage.open()
    await storage.ready()
    for place, name in (
        (os, "replace"), (os, "fsync"), (os, "rmdir"), (os, "link"),
        (folders, "_exchange"), (mirror.FileMirror, "committed"),
        (commit.Commit, "fill"), (commit.Commit, "keep"),
    ):
        setattr(place, name, counted(getattr(place, name)))
    os.unlink = counted(os.unlink, cost=0.05)  # of which there are very many, all alike
    async for _ in storage.compress(before):
        pass
    await storage.reclaim()

for line in sys.stdin:
    url, before, steps = line.split()[0], int(line.split()[1]), int(line.split()[2])
    child = os.fork()
    if child == 0:
        asyncio.run(compress(url, before))
        os._exit(0)
    print(os.waitpid(child, 0)[1], flush=True)
"""
"""Compresses stores that lines name, each in a process that dies before its nth step."""


def as_received(pattern: dict[str, Any]) -> Record:
    return record_of(pattern, pattern_id=pattern["pattern_id"], at=END)


async def fill(storage: Storage) -> None:
    """600 patterns of 60 days, some changed and some deleted."""
    records = [as_received(pattern) for pattern in PATTERNS]
    await storage.insert_many(records)
    for old in records[3::50]:
        new = record_of(old.content() | {"version": "2"}, pattern_id=old.pattern_id, at=END)
        await storage.update(new, await seq_of(storage, old.pattern_id))
    await delete(storage, *[old.pattern_id for old in records[7::50]])


@pytest.fixture
async def filled(storage: Storage) -> Storage:
    await fill(storage)
    return storage


async def compress(storage: Storage, before: int = BEFORE) -> int:
    """How many patterns it took."""
    return sum([done async for done in storage.compress(before)])


def questions() -> list[Filters]:
    """Every filter, and none."""
    random = Random(8)
    asked = [
        question_about(pattern, [name], random)
        for name in FILTERS
        for pattern in random.sample(PATTERNS, 4)
    ]
    return [Filters(), *(filters_of(question) for question in asked if question)]


async def answers(storage: Storage, asked: list[Filters]) -> list[Any]:
    told: list[Any] = [await all_changes(storage, deletes=True)]
    for filters in asked:
        first = await page_after(storage, None, filters, limit=20)
        told += [first, await storage.count(filters), await storage.matching(filters)]
        if first.patterns:
            told.append(await page_after(storage, first.patterns[-1], filters))
        told.append(await page_after(storage, None, filters, order=Order.OLDEST))
    summary = await storage.summary(NOON)
    told += [summary.days, summary.oldest, summary.newest, summary.last_seq, summary.raw_bytes]
    return told


async def test_all_calls_answer_the_same_before_while_and_after_it_runs(filled: Storage) -> None:
    asked = questions()
    before, some = await answers(filled, asked), await answers(filled, asked[:9])

    async def ask_on() -> None:
        while not compressed:
            assert await answers(filled, asked[:9]) == some

    compressed = False
    asking = asyncio.create_task(ask_on())
    taken = 0
    async for done in filled.compress(BEFORE):
        taken += done
        assert await answers(filled, asked[:9]) == some
    compressed = True
    await asking
    assert taken > 200
    await filled.reclaim()
    assert await answers(filled, asked) == before
    assert await findings(filled) == []


async def test_what_would_be_compressed_is_told_and_then_is_not_there_any_more(
    filled: Storage,
) -> None:
    tallies, seqs = await filled.compressible(BEFORE)
    old = {
        pattern["pattern_id"]
        for pattern in PATTERNS
        if pattern["timestamp"] < format_timestamp(BEFORE // DAY * DAY)
    }
    told = {change.pattern_id for change in await all_changes(filled) if change.seq in set(seqs)}
    assert old & set(await paged_ids(filled)) <= told
    assert sum(tally.patterns for tally in tallies) == len(seqs)
    assert all(isinstance(tally, Tally) and tally.day * DAY < BEFORE for tally in tallies)
    assert await compress(filled) == len(seqs)
    assert await filled.compressible(BEFORE) == ([], [])
    assert await compress(filled) == 0


async def test_a_store_too_small_to_gain_is_left_as_it_is_and_says_so(store: Store) -> None:
    storage = await store.open()
    await storage.insert(record("a", timestamp=format_timestamp(BEFORE - 9 * DAY)))
    _, seqs = await storage.compressible(BEFORE)
    assert await compress(storage) == len(seqs)
    assert await findings(storage) == []


async def test_compressed_patterns_are_updated_and_deleted_like_any(filled: Storage) -> None:
    await compress(filled)
    await filled.reclaim()
    first, second, third = [pattern["pattern_id"] for pattern in PATTERNS[:3]]
    content = (await filled.fetch(first)).content() | {"version": "3"}
    new = record_of(content, pattern_id=first, at=END)
    updated = await filled.update(new, await seq_of(filled, first))
    assert await filled.fetch(first) == updated
    await delete(filled, second)
    assert await filled.get(second) is None
    again = as_received(PATTERNS[1])
    assert (await filled.insert(again)).stored.revision == 1
    assert (await filled.insert(as_received(PATTERNS[2]))).stored == (
        await filled.fetch(third)
    ).stored
    assert await findings(filled) == []
    await compress(filled)
    assert await filled.fetch(first) == updated
    assert await findings(filled) == []


async def test_everything_compressed_can_be_deleted(filled: Storage) -> None:
    await compress(filled, END + DAY)
    seqs = await filled.matching(Filters())
    for start in range(0, len(seqs), 200):
        await filled.delete_many(seqs[start : start + 200])
    await filled.reclaim()
    assert await paged_ids(filled) == []
    assert await findings(filled) == []


async def test_what_is_deleted_between_its_steps_does_not_stop_it(
    filled: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, seqs = await filled.compressible(BEFORE)
    to_go = [*seqs[::5]]
    read = Readers.run

    async def read_and_delete(self: Readers, work: Callable[[Any], Any]) -> Any:
        answer = await read(self, work)
        if to_go:
            await filled.delete_many([to_go.pop() for _ in range(min(len(to_go), 9))])
        return answer

    monkeypatch.setattr(Readers, "run", read_and_delete)
    await compress(filled)
    monkeypatch.undo()
    await compress(filled)
    assert await filled.compressible(BEFORE) == ([], [])
    assert await findings(filled) == []


async def test_compressed_or_not_a_store_opens_again(store: Store) -> None:
    storage = await store.open()
    await fill(storage)
    await compress(storage)
    before = await answers(storage, questions())
    assert await answers(await store.reopen(), questions()) == before


async def test_others_write_between_its_steps_and_no_step_is_large(
    filled: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    changes = transaction.Transaction.finish

    def measured(self: transaction.Transaction) -> None:
        sizes.append(self.connection.total_changes)
        changes(self)

    monkeypatch.setattr(transaction.Transaction, "finish", measured)
    compressing = asyncio.create_task(compress(filled))
    written = 0
    while not compressing.done():
        await filled.insert(record(f"new{written}", timestamp=format_timestamp(END)))
        written += 1
    assert await compressing > 200
    assert written > 3
    steps = [after - before for before, after in pairwise(sizes)]
    assert max(steps) <= 350
    assert len(await paged_ids(filled)) == NUMBER - 12 + written


async def test_it_gives_space_back_and_the_ratio_is_told(storage: Storage) -> None:
    notes = "the same words come again and again in what agents write, " * 40
    await storage.insert_many(
        [
            record(
                f"p{number}",
                timestamp=format_timestamp(BEFORE - 3 * DAY - number),
                data={"note": f"{number} {notes}"},
            )
            for number in range(1000)
        ]
    )
    await storage.reclaim()
    full, before = storage.stored_bytes(), await storage.summary(NOON)
    assert before.document_bytes == before.raw_bytes
    assert await compress(storage) == 1000
    await storage.reclaim()
    after = await storage.summary(NOON)
    assert storage.stored_bytes() < full / 2
    assert after.raw_bytes == before.raw_bytes
    assert after.document_bytes < before.document_bytes / 10
    await delete(storage, *[f"p{number}" for number in range(1000)])
    await storage.insert(record("a"))
    last = await storage.summary(NOON)
    assert last.document_bytes == last.raw_bytes > 0


def two_days(number: int) -> list[Record]:
    """Old patterns of two days."""
    start = BEFORE // DAY * DAY - 2 * DAY
    return [
        as_received({**pattern, "timestamp": format_timestamp(start + place * 2 * DAY // number)})
        for place, pattern in enumerate(PATTERNS[:number])
    ]


async def test_a_kill_at_any_step_loses_nothing_and_the_next_run_finishes(
    store: Store, tmp_path: Path
) -> None:
    storage = await store.open()
    await storage.insert_many(two_days(104))
    await storage.delete_many([5, 90])
    before = await all_changes(storage, deletes=True)
    await store.close()
    place = Path(store.url.partition(":///")[2])
    kept = tmp_path / "kept"
    with killing() as kill_at:
        for step in range(1000):
            await asyncio.to_thread(replace, place, kept)
            killed = await asyncio.to_thread(kill_at, store.url, step)
            storage = await store.open()
            assert await all_changes(storage, deletes=True) == before, step
            await compress(storage)
            assert await storage.compressible(BEFORE) == ([], []), step
            assert await all_changes(storage, deletes=True) == before, step
            assert await findings(storage) == [], step
            await store.close()
            if not killed:
                break
    assert not killed
    assert step > 5


def replace(place: Path, kept: Path) -> None:
    """Put a store back as it was when this was called first."""
    if not kept.exists():
        subprocess.run(["cp", "-a", place, kept], check=True)
    subprocess.run(["rm", "-rf", place, f"{place}-wal", f"{place}-shm"], check=True)
    subprocess.run(["cp", "-a", kept, place], check=True)


@contextmanager
def killing() -> Iterator[Callable[[str, int], bool]]:
    """Have a store compressed by a process that dies before a step; whether it came so far."""
    with subprocess.Popen(
        [sys.executable, "-c", COMPRESS_UNTIL_KILLED],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as helper:
        assert helper.stdin is not None
        assert helper.stdout is not None
        given, told = helper.stdin, helper.stdout

        def kill_at(url: str, step: int) -> bool:
            print(url, BEFORE, step, file=given, flush=True)
            status = int(told.readline())
            assert status in (0, signal.SIGKILL)
            return status != 0

        yield kill_at
        given.close()
