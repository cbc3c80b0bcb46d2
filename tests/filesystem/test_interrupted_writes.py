"""Writes that a kill, a power failure or a full disk breaks off halfway."""

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.errors import StorageUnavailable
from app.schemas.records import record_of
from app.storage.base import Outcome, Tombstone
from app.storage.filesystem import FilesystemStorage, mirror
from app.storage.filesystem.store_file import BLOCK
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, delete, findings, paged_ids
from tests.filesystem.conftest import content_of, failing_commits, files_in, opened
from tests.patterns import pattern
from tests.records import NOON, record, records


async def killed(store: Store) -> FilesystemStorage:
    """The store opened again after an end without its mark, as a kill leaves it."""
    for storage in store._open:
        opened(storage)._trusted = False
    return opened(await store.reopen())


async def test_what_a_kill_left_unfinished_is_swept_away_at_the_next_start(
    store: Store, root: Path
) -> None:
    await (await store.open()).insert(record("a"))
    folder = (root / files_in(root)[0]).parent
    for unfinished in (folder / ".new-x.json", root / ".new-store.json"):
        unfinished.write_bytes(b"{")
    storage = await killed(store)
    assert [path.name for path in root.rglob(".new-*")] == []
    assert await findings(storage) == []


async def test_a_file_that_the_index_did_not_live_to_see_is_taken_up_at_the_next_start(
    store: Store, root: Path
) -> None:
    storage = opened(await store.open())
    await storage.insert(record("b"))
    before = (root / ".index").rename(root / "kept")
    assert before.exists()
    await store.close()
    storage = opened(await store.open())
    new = record_of(pattern(), pattern_id="a", at=NOON)
    inserted = await storage.insert(new)
    for opened_storage in store._open:
        opened(opened_storage)._trusted = False
    await store.close()
    for file in (root / ".index").iterdir():
        file.unlink()
    (root / ".index").rmdir()
    (root / "kept").rename(root / ".index")
    storage = opened(await store.open())
    assert (await storage.fetch("a")).stored == inserted.stored
    retried = record_of(pattern(), pattern_id="a", at=NOON + 5_000_000)
    assert (await storage.insert(retried)).outcome is Outcome.DUPLICATE


async def test_a_deletion_whose_file_still_lies_there_is_carried_out_at_the_next_start(
    store: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = await store.open()
    await storage.insert_many([record("a"), record("b")])
    with monkeypatch.context() as patch:
        patch.setattr(mirror, "remove_files", lambda *_: None)
        await delete(storage, "a")
    assert len(files_in(root)) == 2
    storage = await killed(store)
    assert await paged_ids(storage) == ["b"]
    assert len(files_in(root)) == 1
    assert (await all_changes(storage, deletes=True))[-1] == Tombstone("a", 3)


async def test_a_tombstone_that_was_cut_spoils_no_other(store: Store, root: Path) -> None:
    storage = await store.open()
    await storage.insert_many(records(3))
    await delete(storage, "p0000")
    with (root / "tombstones.ndjson").open("ab") as file:
        file.write(b'{"pattern_id": "p00')
    await delete(storage, "p0001")
    storage = await killed(store)
    gone = [change for change in await all_changes(storage, deletes=True) if change.seq > 3]
    assert gone == [Tombstone("p0000", 4), Tombstone("p0001", 5)]


async def test_a_write_that_the_index_refuses_is_taken_back_from_the_files(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many([record("a"), record("b")])
    before = {path: (root / path).read_bytes() for path in files_in(root)}
    with failing_commits(storage):
        for write in (
            storage.insert(record("c", timestamp="2001-01-01T00:00:00Z")),
            storage.update(record("a", version="2"), seq=1),
            storage.delete_many([2]),
        ):
            with pytest.raises(StorageUnavailable):
                await write
    assert {path: (root / path).read_bytes() for path in files_in(root)} == before
    assert not (root / "2001").exists()
    assert (root / "tombstones.ndjson").read_bytes() == b""
    assert await findings(storage) == []
    assert (await storage.insert(record("c"))).stored.seq > 2


async def test_a_number_that_a_failed_write_may_have_left_on_the_disk_is_not_given_again(
    storage: FilesystemStorage,
) -> None:
    first = (await storage.insert(record("a"))).stored.seq
    with failing_commits(storage), pytest.raises(StorageUnavailable):
        await storage.insert(record("b"))
    assert (await storage.insert(record("c"))).stored.seq > first + 1


async def test_numbers_are_not_used_before_they_are_reserved_on_the_disk(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert(record("a"))
    with full_disk(), pytest.raises(StorageUnavailable):
        await storage.restore([], last_seq=3 * BLOCK)
    await storage.restore([], last_seq=3 * BLOCK)
    assert content_of(root / "store.json")["reserved_seq"] >= 3 * BLOCK


@contextmanager
def full_disk() -> Iterator[None]:
    """A time in which no file of this process can be written to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_files_that_could_not_be_removed_are_removed_by_the_next_rescan(
    storage: FilesystemStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.insert_many([record("a"), record("b")])

    def failing(*_: object) -> None:
        raise OSError(30, os.strerror(30))

    with monkeypatch.context() as patch:
        patch.setattr(mirror, "remove_files", failing)
        assert await delete(storage, "a") == 1
    assert len(files_in(root)) == 2
    await storage.purge_tombstones(2**62)
    assert len(files_in(root)) == 1
    assert await paged_ids(storage) == ["b"]
    assert await findings(storage) == []


async def test_writes_go_on_while_files_are_compared(
    storage: FilesystemStorage, root: Path
) -> None:
    async def write(worker: int) -> None:
        for number in range(25):
            name = f"{worker}.{number}"
            await storage.insert(record(name))
            current = await storage.fetch(name)
            if number % 3 == 0:
                await storage.update(record(name, version="2"), current.stored.seq)
            if number % 4 == 0:
                await delete(storage, name)

    writing = asyncio.gather(*[write(worker) for worker in range(6)])
    rescans = 0
    while not writing.done():
        mended = await storage.repair()
        assert (mended.taken_up, mended.deleted, mended.findings) == (0, 0, [])
        rescans += 1
    await writing
    assert rescans > 3
    assert len(await paged_ids(storage)) == 6 * 18
    assert len(files_in(root)) == 6 * 18
    assert await findings(storage) == []


async def test_a_check_beside_writes_finds_nothing(store: Store) -> None:
    storage = await store.open()
    reader = await store.open(read_only=True)

    async def write() -> None:
        for new in records(120):
            await storage.insert(new)

    writing = asyncio.create_task(write())
    while not writing.done():
        assert await findings(reader) == []
    await writing


async def test_the_space_told_follows_the_files(storage: FilesystemStorage, root: Path) -> None:
    def on_disk() -> int:
        return sum(-(-(root / path).stat().st_size // 4096) * 4096 for path in files_in(root))

    await storage.insert_many(records(50))
    await storage.insert(record("large", data={"note": "x" * 9000}))
    assert storage._files.allocated_bytes == on_disk() == 53 * 4096
    await storage.update(record("large", version="2"), seq=51)
    await delete(storage, "p0003")
    assert storage._files.allocated_bytes == on_disk()
    next(root.rglob("*_p0004.json")).unlink()
    (root / "copy.json").write_bytes(b'{"pattern_type": "task_completion"}')
    os.utime(root / "copy.json", (0, 0))
    await storage.rescan()
    assert storage._files.allocated_bytes == on_disk()
    async for _ in storage.compress(NOON + 400 * 86_400_000_000):
        pass
    assert files_in(root) == ["2026/01/15/archive.ndjson.gz"]
    assert storage._files.allocated_bytes == on_disk() == 4096


async def test_the_mark_of_a_clean_end_is_left_when_all_is_committed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = opened(await store.open())
    await storage.insert(record("a"))
    marks = []
    marking = storage._mark_clean_end

    async def mark() -> None:
        marks.append(len(storage._writer._waiting))
        await marking()

    monkeypatch.setattr(storage, "_mark_clean_end", mark)
    writes = [asyncio.create_task(storage.insert(new)) for new in records(20)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*writes)
    assert marks == [0]
