"""The log of writes (WAL) that a killed process left: what SQLite drops of it is told of where it
was acknowledged, and what a power failure cuts is not."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.storage.base import Storage
from app.storage.index.connections import checkpoint
from tests.contract.reading import findings, paged_ids
from tests.records import record, records
from tests.unit.sqlite.conftest import storage_at

FRAME = 24 + 4096


async def killed(path: Path, *, index: bool = True) -> Path:
    """What a process that was killed leaves of a store of `a` to `e`, of which `a` is in the
    database; with the index of the log, or without it, as another disk has it."""
    storage = storage_at(path.with_name("live.db"))
    await storage.open()
    await storage.insert(record("a"))
    await storage._writer.outside(checkpoint)
    for name in "bcde":
        await storage.insert(record(name))
    for part in ("", "-wal", *(["-shm"] if index else [])):
        shutil.copy(f"{path.with_name('live.db')}{part}", f"{path}{part}")
    await storage.close()
    return path.with_name(f"{path.name}-wal")


def frames(log: Path) -> int:
    return (log.stat().st_size - 32) // FRAME


def change(log: Path, place: int) -> None:
    content = bytearray(log.read_bytes())
    content[place] ^= 1
    log.write_bytes(content)


async def losses(storage: Storage) -> list[str]:
    return [each.problem for each in await findings(storage) if each.place == "patterns.db-wal"]


@pytest.mark.parametrize("index", [True, False], ids=["with its index", "without it"])
@pytest.mark.parametrize("read_only", [True, False], ids=["by a check", "at start"])
@pytest.mark.parametrize("place", [0, 10, 20, 32, 40, 50, 200, FRAME + 100])
async def test_damage_at_its_begin_is_told_of(
    path: Path, caplog: pytest.LogCaptureFixture, place: int, read_only: bool, index: bool
) -> None:
    log = await killed(path, index=index)
    change(log, place)
    storage = storage_at(path, read_only=read_only)
    await storage.open()
    (said,) = await losses(storage)
    assert "the log of writes is damaged at byte" in said
    assert "lost" in said
    assert [line.message for line in caplog.records] == ["log of writes damaged"]
    assert await paged_ids(storage) == ["a"]
    await storage.close()


async def test_damage_in_the_last_transaction_and_a_missing_end_are_told_by_the_index(
    path: Path,
) -> None:
    log = await killed(path)
    change(log, log.stat().st_size - 1)
    storage = storage_at(path)
    await storage.open()
    (said,) = await losses(storage)
    assert said.endswith(f"of {frames(log)} pages are lost")
    assert await paged_ids(storage) == ["d", "c", "b", "a"]
    await storage.close()


async def test_a_log_that_is_whole_is_taken_up_without_a_word(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await killed(path)
    storage = storage_at(path)
    await storage.open()
    assert await findings(storage) == []
    assert len(await paged_ids(storage)) == 5
    assert caplog.records == []
    await storage.close()


@pytest.mark.parametrize("missing", [1, 100, FRAME, FRAME + 1])
async def test_a_tail_that_a_power_failure_has_cut_is_no_damage(path: Path, missing: int) -> None:
    log = await killed(path, index=False)
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - missing)
    storage = storage_at(path)
    await storage.open()
    assert await findings(storage) == []
    await storage.close()


async def test_pages_of_the_last_transaction_that_were_written_in_another_order_are_no_damage(
    path: Path,
) -> None:
    log = await killed(path, index=False)
    content = bytearray(log.read_bytes())
    ends = [
        number
        for number in range(frames(log))
        if content[32 + number * FRAME + 4 : 32 + number * FRAME + 8] != bytes(4)
    ]
    first = 32 + (ends[-2] + 1) * FRAME
    content[first : first + FRAME] = bytes(FRAME)  # those after it are there
    log.write_bytes(content)
    storage = storage_at(path)
    await storage.open()
    assert await findings(storage) == []
    assert await paged_ids(storage) == ["d", "c", "b", "a"]
    await storage.close()


async def test_what_earlier_writes_left_behind_the_end_is_no_damage(path: Path) -> None:
    storage = storage_at(path.with_name("live.db"))
    await storage.open()
    await storage.insert_many(records(300))
    with closing(sqlite3.connect(path.with_name("live.db"))) as other:
        other.execute("PRAGMA wal_checkpoint(RESTART)")
    await storage.insert(record("a"))
    for part in ("", "-wal", "-shm"):
        shutil.copy(f"{path.with_name('live.db')}{part}", f"{path}{part}")
    await storage.close()
    again = storage_at(path)
    await again.open()
    assert await findings(again) == []
    assert len(await paged_ids(again)) == 301
    await again.close()


async def test_a_check_beside_a_writer_takes_nothing_for_damage(path: Path) -> None:
    storage = storage_at(path)
    await storage.open()
    for number in range(20):
        await storage.insert_many(records(20, f"p{number}"))
        if number % 7 == 0:
            await storage._writer.outside(checkpoint)
        reader = storage_at(path, read_only=True)
        await reader.open()
        assert await losses(reader) == []
        await reader.close()
    await storage.close()
