"""Files that somebody puts into the store: they get a number, and are found."""

import asyncio
import gzip
import os
import shutil
from pathlib import Path

import pytest

from app.schemas.json_text import write_json
from app.storage import filesystem
from app.storage.base import Tombstone
from app.storage.filesystem import FilesystemStorage
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, changes_after, delete, findings, paged_ids
from tests.filesystem.conftest import (
    DAY,
    content_of,
    files_in,
    numbered,
    opened,
    posted,
    put,
    quarantined,
)
from tests.records import record, records

HOME = f"{DAY}/task_completion_20260115_100000_a.json"
"""Where the pattern `a` of `posted` belongs."""


@pytest.mark.parametrize(
    "path",
    [
        HOME,
        "a.json",
        "inbox/from elsewhere/ä.json",
        "1999/01/01/task_completion_20260115_100000_a.json",
        f"{HOME}.gz",
        "dump.json.gz",
    ],
    ids=["by its name", "at the top", "any name", "another day", "gzipped", "gzipped, any name"],
)
async def test_a_valid_file_is_taken_up_wherever_it_lies_and_whatever_its_name(
    storage: FilesystemStorage, root: Path, path: str
) -> None:
    await storage.insert_many(records(3))
    put(root, path, posted())
    await storage.rescan()
    found = await storage.fetch("a")
    assert (found.stored.seq, found.stored.revision) == (4, 1)
    assert content_of(root / HOME)["stored"]["seq"] == 4
    assert len(files_in(root)) == 4
    assert await findings(storage) == []


@pytest.mark.parametrize("content", [posted(None), posted("a"), numbered("a", 90, revision=3)])
async def test_it_is_found_by_a_rescan_at_the_start_and_by_a_repair(
    store: Store, root: Path, content: dict[str, object]
) -> None:
    storage = opened(await store.open())
    put(root, "by rescan.json", content)
    await storage.rescan()
    assert len(await paged_ids(storage)) == 1
    await store.close()
    put(root, "at start.json", posted("b"))
    storage = opened(await store.open())
    assert len(await paged_ids(storage)) == 2
    put(root, "by repair.json", posted("c"))
    repaired = await storage.repair()
    assert (repaired.taken_up, repaired.deleted, repaired.findings) == (2, 0, [])
    assert len(await paged_ids(storage)) == 3


async def test_what_has_no_id_gets_one_once_though_the_file_should_come_back(
    storage: FilesystemStorage, root: Path
) -> None:
    for _ in range(2):
        put(root, "x.json", posted(None))
        await storage.rescan()
    (pattern_id,) = await paged_ids(storage)
    assert files_in(root) == [f"{DAY}/task_completion_20260115_100000_{pattern_id}.json"]


async def test_what_has_no_time_happened_when_the_file_was_made(
    storage: FilesystemStorage, root: Path
) -> None:
    file = put(root, "x.json", {**posted(), "timestamp": None} | {"pattern_type": "agent_usage"})
    timeless = {name: value for name, value in posted().items() if name != "timestamp"}
    file.write_bytes(write_json(timeless))
    os.utime(file, (0, 1_500_000_000))
    await storage.rescan()
    found = await storage.fetch("a")
    assert found.timestamp == found.stored.at == 1_500_000_000 * 1_000_000
    assert files_in(root) == ["2017/07/14/task_completion_20170714_024000_a.json"]


async def test_what_comes_late_gets_a_number_that_no_export_has_passed(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many(records(3))
    await delete(storage, "p0001")
    through = (await changes_after(storage)).through
    put(root, "x.json", numbered("a", 2, revision=7))
    await storage.rescan()
    found = await storage.fetch("a")
    assert (found.stored.seq, found.stored.revision) == (5, 7)
    assert await all_changes(storage, through) == [found]
    assert content_of(root / HOME)["stored"] == {
        "at": "2026-01-15T10:00:00.000000Z",
        "seq": 5,
        "revision": 7,
    }


async def test_a_number_ahead_is_kept_and_the_next_one_follows(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many(records(3))
    put(root, HOME, numbered("a", 5000))
    await storage.rescan()
    assert (await storage.fetch("a")).stored.seq == 5000
    assert (await storage.insert(record("b"))).stored.seq == 5001


async def test_two_patterns_of_one_number_do_not_share_it(
    storage: FilesystemStorage, root: Path
) -> None:
    put(root, "x.json", numbered("a", 70))
    put(root, "y.json", numbered("b", 70))
    await storage.rescan()
    seqs = [(await storage.fetch(name)).stored.seq for name in "ab"]
    assert sorted(seqs) == [70, 71]
    assert await findings(storage) == []


async def test_a_file_of_a_deleted_pattern_that_is_put_back_brings_it_back_as_a_new_state(
    store: Store, root: Path
) -> None:
    storage = opened(await store.open())
    await storage.insert(record("a"))
    (path,) = files_in(root)
    shutil.copy(root / path, root.parent / "backup")
    await delete(storage, "a")
    through = (await changes_after(storage)).through
    (root / path).parent.mkdir(parents=True)
    shutil.copy2(root.parent / "backup", root / path)
    await storage.rescan()
    found = await storage.fetch("a")
    assert found.stored.seq > through
    assert await all_changes(storage, deletes=True) == [Tombstone("a", 2), found]


async def test_many_files_are_taken_up_at_once(storage: FilesystemStorage, root: Path) -> None:
    for number in range(450):
        put(root, f"inbox/{number}.json", posted(f"p{number}"))
    repaired = await storage.repair()
    assert repaired.taken_up == len(await paged_ids(storage)) == 450
    assert not (root / "inbox").exists()
    assert await findings(storage) == []


async def test_an_archive_somebody_made_is_taken_up_pattern_by_pattern(
    storage: FilesystemStorage, root: Path
) -> None:
    lines = [write_json(posted(f"p{number}")) for number in range(300)]
    lines.append(write_json(numbered("old", 9000)))
    put(root, f"{DAY}/archive.ndjson.gz", gzip.compress(b"\n".join(lines) + b"\n\n"))
    await storage.rescan()
    assert len(await paged_ids(storage)) == 301
    assert (await storage.fetch("old")).stored.seq == 9000
    assert await findings(storage) == []


@pytest.mark.parametrize(
    "name",
    ["notes.txt", "a.json~", ".a.json.swp", ".hidden/a.json", "a.jsonl", "quarantine/a.json"],
)
async def test_other_files_are_nobodys_business(
    storage: FilesystemStorage, root: Path, name: str
) -> None:
    file = put(root, name, b"{ no pattern")
    await storage.rescan()
    assert file.read_bytes() == b"{ no pattern"
    assert await findings(storage) == []


async def test_links_and_what_is_no_file_are_passed_over(
    storage: FilesystemStorage, root: Path, tmp_path: Path
) -> None:
    await storage.insert(record("a"))
    outside = put(tmp_path, "outside/b.json", posted("b"))
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(outside.parent)
    (root / "b.json").symlink_to(outside)
    (root / "broken.json").symlink_to("nowhere")
    (root / "2026" / "self").symlink_to("self")
    os.mkfifo(root / "pipe.json")
    (root / "folder.json").mkdir()
    put(root, "folder.json/c.json", posted("c"))
    await storage.rescan()
    assert sorted(await paged_ids(storage)) == ["a", "c"]
    assert await findings(storage) == []
    assert outside.exists()


async def test_a_name_in_another_encoding_is_told_of_and_harms_nobody(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert(record("a"))
    for name in (b"caf\xe9.json", b"b\xfccher"):
        path = os.fsencode(root) + b"/" + name
        if name.endswith(b".json"):
            Path(os.fsdecode(path)).write_bytes(write_json(posted("b")))
        else:
            os.mkdir(path)
    told = (await storage.repair()).findings
    assert [finding.place for finding in told] == ["./b\\xfccher", "./caf\\xe9.json"]
    assert "rename" in told[0].problem
    assert await findings(storage) == told
    os.rename(os.fsencode(root) + b"/caf\xe9.json", root / "cafe.json")
    os.rmdir(os.fsencode(root) + b"/b\xfccher")
    await storage.rescan()
    assert sorted(await paged_ids(storage)) == ["a", "b"]


async def test_what_is_still_being_copied_is_left_alone_until_it_is_whole(
    storage: FilesystemStorage, root: Path
) -> None:
    whole = write_json(posted())
    (root / "x.json").write_bytes(whole[:50])
    assert [finding.place for finding in (await storage.repair()).findings] == ["x.json"]
    assert quarantined(root) == []
    (root / "x.json").write_bytes(whole)
    await storage.rescan()
    assert await paged_ids(storage) == ["a"]


async def test_the_service_finds_it_by_itself(
    store: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystem, "RESCAN_SECONDS", 0.0)
    monkeypatch.setattr(filesystem, "_DOUBT_SECONDS", 0.01)
    storage = await store.open()
    put(root, "x.json", posted())
    async with asyncio.timeout(20):
        while await storage.get("a") is None:
            await asyncio.sleep(0.01)
