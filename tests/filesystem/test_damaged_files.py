"""Files that cannot be read: told of, moved aside, never deleted, and no harm to others."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.schemas.json_text import write_json
from app.storage.filesystem import FilesystemStorage
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, delete, findings, paged_ids
from tests.filesystem.conftest import age, files_in, opened, posted, put, quarantined
from tests.records import record, records

DAMAGE = {
    "garbage": b"\x00\xff\x17 no JSON",
    "truncated": write_json(posted())[:80],
    "empty": b"",
    "another encoding": write_json(posted(data={"note": "x"})).replace(b"x", "é".encode("latin-1")),
    "a byte order mark": b"\xef\xbb\xbf" + write_json(posted()),
    "no object": b"[1, 2]",
    "no pattern": b'{"pattern_type": "task_completion", "data": {}}',
    "an unknown type": write_json(posted() | {"pattern_type": "other"}),
    "an infinite number": write_json(posted()).replace(b"2500", b"1e999"),
    "nested too deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
async def test_a_damaged_file_is_told_of_by_a_check_and_moved_aside_by_a_rescan(
    store: Store, root: Path, content: bytes
) -> None:
    storage = opened(await store.open())
    await storage.insert_many(records(3))
    before = [await storage.fetch(name) for name in await paged_ids(storage)]
    put(root, "inbox/bad.json", content)
    put(root, "inbox/good.json", posted("good"))
    told = {finding.place: finding.problem for finding in await findings(storage)}
    assert told.keys() == {"inbox/bad.json", "inbox/good.json"}
    assert (root / "inbox/bad.json").read_bytes() == content
    (finding,) = (await storage.repair()).findings
    assert finding.place == "inbox/bad.json"
    assert "moved to quarantine/inbox_bad.json" in finding.problem
    assert (root / "quarantine/inbox_bad.json").read_bytes() == content
    assert not (root / "inbox").exists()
    assert await storage.get("good") is not None
    assert [await storage.fetch(pattern.pattern_id) for pattern in before] == before
    assert await findings(storage) == []
    await store.close()
    assert len(await paged_ids(await store.open())) == 4


@pytest.mark.parametrize(
    "content", [b"", b"{", gzip.compress(b"{}", mtime=0)[:-4], gzip.compress(b"{}", mtime=0)]
)
async def test_a_damaged_gzip_file_is_moved_aside_too(
    storage: FilesystemStorage, root: Path, content: bytes
) -> None:
    put(root, "bad.json.gz", b"")
    (root / "bad.json.gz").write_bytes(content)
    age(root / "bad.json.gz")
    await storage.rescan()
    assert quarantined(root) == ["bad.json.gz"]
    assert (root / "quarantine/bad.json.gz").read_bytes() == content


async def test_damage_to_a_file_that_the_index_knows_is_mended_from_it(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert(record("a"))
    before = await storage.fetch("a")
    (path,) = files_in(root)
    intact = (root / path).read_bytes()
    put(root, path, b"damaged")
    await storage.rescan()
    assert (root / path).read_bytes() == intact
    assert len(quarantined(root)) == 1
    assert await storage.fetch("a") == before
    assert await findings(storage) == []


async def test_nothing_in_quarantine_is_ever_replaced(
    storage: FilesystemStorage, root: Path
) -> None:
    for content in (b"one", b"two", b"one", b"three"):
        put(root, "bad.json", content)
        await storage.rescan()
    kept = {(root / "quarantine" / name).read_bytes() for name in quarantined(root)}
    assert kept == {b"one", b"two", b"three"}


async def test_a_file_that_cannot_be_read_just_now_is_not_taken_for_damaged(
    storage: FilesystemStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.insert(record("a"))
    file = put(root, "x.json", posted("b"))
    read = Path.read_bytes

    def failing(path: Path) -> bytes:
        if path == file:
            raise OSError(5, os.strerror(5), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", failing)
    (finding,) = (await storage.repair()).findings
    assert "Input/output error" in finding.problem
    assert file.exists()
    monkeypatch.undo()
    await storage.rescan()
    assert await storage.get("b") is not None


async def test_a_file_that_has_changed_though_nobody_wrote_to_it_is_mended_by_a_repair(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many(records(3))
    before = [await storage.fetch(name) for name in await paged_ids(storage)]
    file = root / files_in(root)[0]
    intact = file.read_bytes()
    age(file)
    await storage.rescan()
    status = file.stat()
    file.write_bytes(intact.replace(b"2500", b"2600"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    (told,) = await findings(storage)
    assert "differs from the index" in told.problem
    (finding,) = (await storage.repair()).findings
    assert "though nobody has written to it; moved to quarantine/" in finding.problem
    assert file.read_bytes() == intact
    assert b"2600" in (root / "quarantine" / quarantined(root)[0]).read_bytes()
    assert [await storage.fetch(pattern.pattern_id) for pattern in before] == before
    assert await findings(storage) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content.replace(b'"seq": 4', b'"seq": 9'),
        lambda content: content.replace(b"p0000", b"p0002"),
        lambda content: content[:20],
        lambda content: b"\xff" + content[1:],
        lambda content: content[: content.index(b"\n") + 1],
        lambda _: b"",
        lambda content: content.replace(b"p0000", b"p0002").replace(b"crc32", b"cr<32"),
    ],
    ids=[
        "another number",
        "another id",
        "cut",
        "no JSON",
        "cut between lines",
        "empty",
        "another id and no checksum",
    ],
)
async def test_a_damaged_tombstone_is_found_buries_nothing_else_and_is_mended(
    store: Store, root: Path, damage: Callable[[bytes], bytes]
) -> None:
    storage = opened(await store.open())
    await storage.insert_many(records(3))
    await delete(storage, "p0000", "p0001")
    before = await all_changes(storage, deletes=True)
    await store.close()
    file = root / "tombstones.ndjson"
    intact = file.read_bytes()
    file.write_bytes(damage(intact))
    storage = opened(await store.open())
    assert "tombstones.ndjson" in {finding.place for finding in await findings(storage)}
    await storage.repair()
    assert file.read_bytes() == intact
    assert await findings(storage) == []
    assert await all_changes(storage, deletes=True) == before
