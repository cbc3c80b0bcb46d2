"""Archives under the hands of people, updates and deletions."""

import asyncio
import gzip
import zlib
from pathlib import Path
from typing import Any

import pytest

from app.schemas.json_text import read_json, write_json
from app.schemas.records import Record
from app.schemas.timestamps import DAY, format_timestamp
from app.storage.base import Tombstone
from app.storage.filesystem import FilesystemStorage
from app.storage.filesystem.archives import members_of
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, delete, findings, paged_ids, seq_of
from tests.filesystem.conftest import age, files_in, opened, quarantined
from tests.records import NOON, record

OLD = NOON - 40 * DAY
BEFORE = NOON - 30 * DAY
FOLDER = "2025/12/06"
ARCHIVE = f"{FOLDER}/archive.ndjson.gz"


async def fill(storage: FilesystemStorage, number: int = 150) -> None:
    """Patterns of one old day, `p000` and on, each a second after the one before."""
    await storage.insert_many([old(f"p{n:03}", n) for n in range(number)])


def old(name: str, second: int, **members: Any) -> Record:
    return record(name, timestamp=format_timestamp(OLD + second * 1_000_000), **members)


async def pack(storage: FilesystemStorage) -> int:
    return sum([done async for done in storage.compress(BEFORE)])


async def without_index(store: Store, root: Path) -> FilesystemStorage:
    """The store opened again, its index lost."""
    await store.close()
    for file in (root / ".index").iterdir():
        file.unlink()
    return opened(await store.open())


def lines_in(file: Path) -> list[bytes]:
    return gzip.decompress(file.read_bytes()).splitlines()


@pytest.fixture
async def packed(storage: FilesystemStorage) -> FilesystemStorage:
    """A store of 150 patterns in one archive."""
    await fill(storage)
    assert await pack(storage) == 150
    return storage


async def test_one_pattern_is_read_from_its_member_and_the_rest_stays_packed(
    packed: FilesystemStorage, root: Path
) -> None:
    members = [*members_of(root / ARCHIVE)]
    assert [len(member.lines) for member in members] == [64, 64, 22]
    content = (root / ARCHIVE).read_bytes()[members[1].offset : members[2].offset]
    lines = zlib.decompress(content, 16 + zlib.MAX_WBITS).splitlines()
    assert lines[3] == (await packed.fetch("p067")).json


async def test_an_updated_pattern_lies_beside_the_archive_and_counts(
    packed: FilesystemStorage, store: Store, root: Path
) -> None:
    updated = await packed.update(old("p003", 3, version="2"), await seq_of(packed, "p003"))
    assert files_in(root) == [ARCHIVE, f"{FOLDER}/task_completion_20251206_120003_p003.json"]
    assert await findings(packed) == []
    storage = await without_index(store, root)
    assert await storage.fetch("p003") == updated
    assert len(await paged_ids(storage)) == 150
    assert await findings(storage) == []


async def test_a_deleted_pattern_stays_deleted_when_tombstones_and_index_are_lost(
    packed: FilesystemStorage, store: Store, root: Path
) -> None:
    await delete(packed, "p003")
    assert await pack(packed) == 0
    storage = await without_index(store, root)
    assert await storage.get("p003") is None
    assert await storage.purge_tombstones(2**62) == 1
    assert len(lines_in(root / ARCHIVE)) == 149
    storage = await without_index(store, root)
    assert await storage.get("p003") is None
    assert len(await paged_ids(storage)) == 149
    assert await findings(storage) == []


async def test_an_archive_is_packed_again_when_enough_of_it_has_changed(
    packed: FilesystemStorage, root: Path
) -> None:
    for number in range(16):
        await packed.update(old(f"p{number:03}", number, version="2"), number + 1)
    assert await pack(packed) == 0
    await packed.update(old("p016", 16, version="2"), 17)
    assert await pack(packed) == 17
    assert files_in(root) == [ARCHIVE]
    assert len(lines_in(root / ARCHIVE)) == 150
    assert await findings(packed) == []


async def test_an_archive_with_nothing_alive_goes_as_one_file_and_its_folders_with_it(
    packed: FilesystemStorage, root: Path
) -> None:
    await packed.delete_many(range(1, 151))
    assert files_in(root) == [ARCHIVE]
    await packed.reclaim()
    assert files_in(root) == []
    assert not (root / "2025").exists()


async def test_removing_an_archive_by_hand_deletes_its_patterns(
    packed: FilesystemStorage, root: Path
) -> None:
    await packed.insert(record("a"))
    (root / ARCHIVE).unlink()
    assert (await packed.repair()).deleted == 150
    assert await paged_ids(packed) == ["a"]
    gone = [change for change in await all_changes(packed, deletes=True) if change.seq > 151]
    assert {type(change) for change in gone} == {Tombstone}
    assert len(gone) == 150
    assert await findings(packed) == []


async def test_an_archive_edited_by_hand_counts_as_it_is(
    packed: FilesystemStorage, store: Store, root: Path
) -> None:
    lines = lines_in(root / ARCHIVE)
    first = read_json(lines[0]) | {"version": "by hand"}
    (root / ARCHIVE).write_bytes(gzip.compress(b"\n".join([write_json(first), *lines[10:]])))
    await packed.rescan()
    changed = await packed.fetch("p000")
    assert (changed.content()["version"], changed.stored.revision) == ("by hand", 2)
    assert len(await paged_ids(packed)) == 141
    assert await findings(packed) == []
    storage = await without_index(store, root)
    assert await storage.fetch("p000") == changed
    assert len(await paged_ids(storage)) == 141


async def test_an_older_archive_put_back_harms_nothing_that_is_loose(
    packed: FilesystemStorage, root: Path
) -> None:
    older = (root / ARCHIVE).read_bytes()
    updated = await packed.update(old("p003", 3, version="2"), await seq_of(packed, "p003"))
    await delete(packed, "p004")
    (root / ARCHIVE).write_bytes(older)
    await packed.rescan()
    assert await packed.fetch("p003") == updated
    assert await packed.get("p004") is None
    assert len(await paged_ids(packed)) == 149
    assert await findings(packed) == []


@pytest.mark.parametrize("indexed", [True, False], ids=["with its index", "without"])
async def test_damage_in_the_middle_of_an_archive_costs_at_most_the_damaged_member(
    packed: FilesystemStorage, store: Store, root: Path, indexed: bool
) -> None:
    await packed.insert(record("a"))
    middle = [*members_of(root / ARCHIVE)][1].offset
    content = bytearray((root / ARCHIVE).read_bytes())
    content[middle + 200 : middle + 260] = bytes(60)
    (root / ARCHIVE).write_bytes(content)
    age(root / ARCHIVE)
    told = await findings(packed)
    assert [finding.place for finding in told] == [ARCHIVE]
    assert f"the member at byte {middle} is damaged" in told[0].problem
    storage = packed
    if not indexed:
        storage = await without_index(store, root)
    await storage.rescan()
    alive = await paged_ids(storage)
    lost = set() if indexed else {f"p{number:03}" for number in range(64, 128)}
    assert {f"p{number:03}" for number in range(150)} - set(alive) == lost
    assert quarantined(root) == ["2025_12_06_archive.ndjson.gz"]
    assert (root / "quarantine/2025_12_06_archive.ndjson.gz").read_bytes() == content
    assert await findings(storage) == []
    assert await pack(storage) == len(alive) - 1
    assert await findings(storage) == []


@pytest.mark.parametrize("cut", [0, 10, -5])
async def test_a_truncated_archive_loses_nothing_that_the_index_has(
    packed: FilesystemStorage, root: Path, cut: int
) -> None:
    content = (root / ARCHIVE).read_bytes()
    (root / ARCHIVE).write_bytes(content[:cut])
    age(root / ARCHIVE)
    await packed.rescan()
    assert len(await paged_ids(packed)) == 150
    assert quarantined(root) == ["2025_12_06_archive.ndjson.gz"]
    assert await findings(packed) == []


async def test_a_file_that_somebody_touches_while_its_day_is_packed_is_not_removed(
    storage: FilesystemStorage, root: Path
) -> None:
    await fill(storage)
    steps = storage.compress(BEFORE)
    file = next(root.rglob("*_p100.json"))
    written = write_json(read_json(file.read_bytes()) | {"version": "by hand"})
    original = storage._packer._move

    def edit_then_move(*arguments: object, **named: object) -> None:
        file.write_bytes(written)
        original(*arguments, **named)  # type: ignore[arg-type]

    storage._packer._move = edit_then_move  # type: ignore[method-assign]
    assert [done async for done in steps if done] == [150]
    assert file.read_bytes() == written
    await storage.rescan()
    assert (await storage.fetch("p100")).content()["version"] == "by hand"
    assert len(await paged_ids(storage)) == 150
    assert await findings(storage) == []


async def test_updates_and_deletions_while_a_day_is_packed_are_kept(
    storage: FilesystemStorage, store: Store, root: Path
) -> None:
    await fill(storage)
    original = storage._packer._note
    calls: list[str] = []

    async def change_then_note(folder: str, patterns: int) -> None:
        await original(folder, patterns)
        if not calls:  # what is to be packed has been read, and the archive is about to be made
            calls.append(folder)
            await storage.update(old("p001", 1, version="2"), 2)
            await delete(storage, "p002")

    storage._packer._note = change_then_note  # type: ignore[method-assign]
    await pack(storage)
    assert calls == [FOLDER]
    for reopened in (False, True):
        if reopened:
            storage = await without_index(store, root)
        assert (await storage.fetch("p001")).content()["version"] == "2"
        assert await storage.get("p002") is None
        assert len(await paged_ids(storage)) == 149
        assert await findings(storage) == []
    await storage.purge_tombstones(2**62)
    storage = await without_index(store, root)
    assert await storage.get("p002") is None
    assert (await storage.fetch("p001")).stored.revision == 2


async def test_tombstones_are_kept_while_an_archive_that_needs_them_cannot_be_packed(
    packed: FilesystemStorage, store: Store, root: Path
) -> None:
    await delete(packed, "p003")
    age(root / ARCHIVE)  # somebody has touched it
    assert await packed.purge_tombstones(2**62) == 0
    storage = await without_index(store, root)
    assert await storage.get("p003") is None
    assert await storage.purge_tombstones(2**62) == 1
    assert len(lines_in(root / ARCHIVE)) == 149


async def test_packing_comparing_and_writing_at_once_lose_nothing(
    storage: FilesystemStorage, store: Store, root: Path
) -> None:
    days = [OLD - day * DAY for day in range(4)]
    for day, start in enumerate(days):
        await storage.insert_many(
            [record(f"{day}.{n:02}", timestamp=format_timestamp(start + n)) for n in range(60)]
        )

    async def write(day: int) -> None:
        for n in range(0, 60, 3):
            name = f"{day}.{n:02}"
            new = record(name, timestamp=format_timestamp(days[day] + n), version="2")
            await storage.update(new, await seq_of(storage, name))
            await delete(storage, f"{day}.{n + 1:02}")

    writing = asyncio.gather(*[write(day) for day in range(4)])
    while not writing.done():
        _, mended = await asyncio.gather(pack(storage), storage.repair())
        assert (mended.taken_up, mended.deleted, mended.findings) == (0, 0, [])
    await writing
    await pack(storage)
    await storage.purge_tombstones(2**62)
    before = await all_changes(storage, deletes=True)
    assert len(before) == 4 * 40
    assert await findings(storage) == []
    storage = await without_index(store, root)
    assert await all_changes(storage, deletes=True) == before
    assert await findings(storage) == []
