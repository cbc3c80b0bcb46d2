"""Opening and closing: one process a store, readers beside it, and nothing lost."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import StorageUnavailable, StoreBusy, StoreNotOpened
from app.storage.base import Outcome
from tests.contract.conftest import Store
from tests.contract.reading import findings, paged_ids
from tests.records import record, records

CHECKOUT = Path(__file__).parents[2]

OPEN_AND_SAY_WHY_NOT = """
import asyncio, sys
from app.errors import StoreBusy
from app.storage.registry import StorageOptions, storage_from

try:
    asyncio.run(storage_from(sys.argv[1], StorageOptions()).open())
except StoreBusy as error:
    print(error)
"""

INSERT_UNTIL_KILLED = """
import asyncio, itertools, sys
from app.storage.registry import StorageOptions, storage_from
from tests.records import record

async def insert(storage, worker):
    for number in itertools.count():
        name = f"{worker}.{number}"
        await storage.insert(record(name))
        print(name, flush=True)

async def main():
    storage = storage_from(sys.argv[1], StorageOptions())
    await storage.open()
    await storage.ready()
    await asyncio.gather(*[insert(storage, worker) for worker in range(4)])

asyncio.run(main())
"""


def python(program: str, *arguments: str) -> subprocess.Popen[str]:
    """A process that runs a program of this checkout."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_a_second_storage_on_the_same_store_is_told_who_holds_it(store: Store) -> None:
    first = await store.open()
    with pytest.raises(StoreBusy) as refused:
        await store.open()
    assert f"process {os.getpid()} " in str(refused.value)
    assert store.url.partition(":///")[2] in str(refused.value)
    await first.insert(record("a"))
    reopened = await store.reopen()
    assert await paged_ids(reopened) == ["a"]


async def test_another_process_on_the_same_store_is_told_who_holds_it(store: Store) -> None:
    await store.open()
    said, _ = python(OPEN_AND_SAY_WHY_NOT, store.url).communicate()
    assert f"in use by process {os.getpid()} " in said


async def test_what_was_acknowledged_is_there_after_the_process_was_killed(store: Store) -> None:
    writing = python(INSERT_UNTIL_KILLED, store.url)
    assert writing.stdout is not None
    acknowledged = [writing.stdout.readline().strip() for _ in range(40)]
    writing.send_signal(signal.SIGKILL)
    acknowledged += writing.stdout.read().split()
    assert writing.wait() == -signal.SIGKILL
    writing.stdout.close()
    storage = await store.open()
    stored = await paged_ids(storage)
    assert len(acknowledged) >= 40
    assert set(acknowledged) <= set(stored)
    assert await findings(storage) == []
    assert (await storage.insert(record("next"))).stored.seq > len(stored)


async def test_closing_finishes_the_writes_that_were_accepted(store: Store) -> None:
    storage = await store.open()
    writes = [asyncio.create_task(storage.insert(new)) for new in records(30)]
    await asyncio.sleep(0)
    await store.close()
    insertions = await asyncio.gather(*writes)
    assert {insertion.outcome for insertion in insertions} == {Outcome.STORED}
    assert len(await paged_ids(await store.open())) == 30


async def test_a_read_only_storage_reads_beside_the_one_that_writes(store: Store) -> None:
    writer = await store.open()
    await writer.insert(record("a"))
    reader = await store.open(read_only=True)
    assert await paged_ids(reader) == ["a"]
    await writer.insert(record("b"))
    assert await paged_ids(reader) == ["b", "a"]
    assert await findings(reader) == []


async def test_a_read_only_storage_keeps_no_writer_out(store: Store) -> None:
    await (await store.open()).insert(record("a"))
    await store.close()
    reader = await store.open(read_only=True)
    writer = await store.open()
    await writer.insert(record("b"))
    assert await paged_ids(reader) == ["b", "a"]


async def test_a_store_that_is_not_there_is_not_made_by_reading(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(StoreNotOpened, match="no store at"):
        await store.open(read_only=True)
    assert os.listdir(tmp_path) == []


async def test_an_open_store_answers(store: Store) -> None:
    for read_only in (False, True):
        await (await store.open(read_only=read_only)).ping()


async def test_a_write_after_the_end_is_refused(store: Store) -> None:
    storage = await store.open()
    await storage.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        await asyncio.wait_for(storage.insert(record("late")), timeout=30)
