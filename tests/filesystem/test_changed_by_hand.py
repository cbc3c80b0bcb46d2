"""Files that somebody removes, moves, edits or copies: the service follows."""

import shutil
from pathlib import Path

import pytest

from app.schemas.json_text import write_json
from app.storage.base import Tombstone
from app.storage.filesystem import FilesystemStorage
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, changes_after, delete, findings, paged_ids
from tests.filesystem.conftest import content_of, files_in, numbered, opened, posted, put
from tests.records import record, records


def edit(file: Path, **members: object) -> None:
    """Change a file as an editor does."""
    file.write_bytes(write_json(content_of(file) | members))


@pytest.mark.parametrize("restarted", [False, True], ids=["rescan", "start"])
async def test_a_pattern_whose_file_is_removed_is_deleted(
    store: Store, root: Path, restarted: bool
) -> None:
    storage = opened(await store.open())
    await storage.insert_many([record("a", context={"tags": ["t"]}), record("b")])
    if restarted:
        await store.close()
    next(root.rglob("*_a.json")).unlink()
    if restarted:
        storage = opened(await store.open())
    else:
        await storage.rescan()
    assert await storage.get("a") is None
    b = await storage.fetch("b")
    assert await all_changes(storage, deletes=True) == [b, Tombstone("a", 3)]
    assert await findings(storage) == []


async def test_removing_all_files_deletes_all_patterns(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many(records(450))
    shutil.rmtree(root / "2026")
    assert (await storage.repair()).deleted == 450
    assert await paged_ids(storage) == []
    assert len(await all_changes(storage, deletes=True)) == 450


async def test_where_the_whole_store_is_gone_nothing_counts_as_deleted(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert(record("a"))
    root.rename(root.parent / "elsewhere")
    root.mkdir()
    with pytest.raises(Exception, match=r"store\.json is gone"):
        await storage.rescan()
    with pytest.raises(Exception, match="does not answer"):
        await storage.ping()
    root.rmdir()
    (root.parent / "elsewhere").rename(root)
    await storage.rescan()
    await storage.ping()
    assert await paged_ids(storage) == ["a"]


@pytest.mark.parametrize("folder", ["0001/01/01", "9999/01/01", "archive of mine"])
async def test_a_file_that_is_moved_or_renamed_stays_the_same_pattern(
    storage: FilesystemStorage, root: Path, folder: str
) -> None:
    await storage.insert(record("a"))
    before = await storage.fetch("a")
    (path,) = files_in(root)
    (root / folder).mkdir(parents=True)
    (root / path).rename(root / folder / Path(path).name)
    await storage.rescan()
    assert await storage.fetch("a") == before
    assert await all_changes(storage, deletes=True) == [before]
    assert await findings(storage) == []
    await delete(storage, "a")
    assert files_in(root) == []


async def test_an_edited_file_is_a_new_revision(storage: FilesystemStorage, root: Path) -> None:
    await storage.insert_many([record("a", context={"tags": ["old"]}), record("b")])
    before = await storage.fetch("a")
    file = next(root.rglob("*_a.json"))
    edit(file, context={"tags": ["new"]})
    await storage.rescan()
    after = await storage.fetch("a")
    assert (after.stored.seq, after.stored.revision) == (3, 2)
    assert after.stored.at == before.stored.at
    assert content_of(file) == after.content() | {"stored": content_of(file)["stored"]}
    assert content_of(file)["stored"]["revision"] == 2
    assert await all_changes(storage, 2) == [after]
    assert await findings(storage) == []


async def test_a_file_that_says_the_same_in_other_words_is_no_change(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert(record("a", context={"project_name": "x", "session_id": "y"}))
    before = await storage.fetch("a")
    (path,) = files_in(root)
    content = content_of(root / path)
    (root / path).write_bytes(write_json(dict(sorted(content.items()))))
    await storage.rescan()
    assert await storage.fetch("a") == before
    assert await findings(storage) == []


@pytest.mark.parametrize(
    "stored", [None, {"at": "x"}, {"at": "2020-01-01", "seq": 1, "revision": 1}]
)
async def test_what_somebody_does_to_the_provenance_is_put_right(
    storage: FilesystemStorage, root: Path, stored: object
) -> None:
    await storage.insert_many([record("b"), record("a")])
    before = await storage.fetch("a")
    file = next(root.rglob("*_a.json"))
    intact = file.read_bytes()
    edit(file, stored=stored)
    await storage.rescan()
    assert await storage.fetch("a") == before
    assert file.read_bytes() == intact


async def test_a_file_under_another_id_is_another_pattern_and_the_first_is_gone(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert(record("a"))
    file = next(root.rglob("*_a.json"))
    edit(file, pattern_id="b")
    await storage.rescan()
    await storage.rescan()
    assert await paged_ids(storage) == ["b"]
    assert [path.name for path in root.rglob("*_?.json")] == [file.name.replace("_a", "_b")]
    assert Tombstone("a", 3) in await all_changes(storage, deletes=True)
    assert await findings(storage) == []


async def test_of_two_files_of_a_pattern_the_higher_revision_counts_and_the_other_is_told_of(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert(record("a"))
    (path,) = files_in(root)
    put(root, f"copy/{Path(path).name}", numbered("a", 90, revision=5, data={"note": "later"}))
    told = (await storage.repair()).findings
    assert [finding.place for finding in told] == [path]
    assert "twin" in told[0].problem
    found = await storage.fetch("a")
    assert (found.content()["data"]["note"], found.stored.revision) == ("later", 5)
    assert len(files_in(root)) == 2
    assert {finding.place for finding in await findings(storage)} == {path}
    (root / path).unlink()
    await storage.rescan()
    assert await storage.fetch("a") == found
    assert await findings(storage) == []


async def test_a_plain_copy_is_told_of_and_takes_over_when_the_first_is_removed(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert(record("a"))
    before = await storage.fetch("a")
    (path,) = files_in(root)
    for folder in ("0000", "zzzz"):
        (root / folder).mkdir()
        shutil.copy(root / path, root / folder)
    told = (await storage.repair()).findings
    assert [finding.place for finding in told] == [
        f"{f}/{Path(path).name}" for f in ("0000", "zzzz")
    ]
    shutil.rmtree(root / "0000")
    (root / path).unlink()
    await storage.rescan()
    assert await storage.fetch("a") == before
    assert await findings(storage) == []


async def test_a_lower_revision_beside_is_left_where_it_is(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert(record("a"))
    await storage.update(record("a", version="2"), seq=1)
    after = await storage.fetch("a")
    older = put(root, "old.json", numbered("a", 1))
    assert [finding.place for finding in (await storage.repair()).findings] == ["old.json"]
    assert await storage.fetch("a") == after
    assert older.exists()


async def test_the_same_pattern_dropped_in_again_is_no_twin(
    storage: FilesystemStorage, root: Path
) -> None:
    put(root, "x.json", posted())
    await storage.rescan()
    before = await storage.fetch("a")
    put(root, "y.json", posted())
    assert (await storage.repair()).findings == []
    assert await storage.fetch("a") == before
    assert len(files_in(root)) == 1


async def test_exports_miss_no_change_that_was_made_by_hand(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many(records(10))
    seen = {change.pattern_id: change for change in await all_changes(storage, deletes=True)}
    through = (await changes_after(storage)).through
    next(root.rglob("*_p0001.json")).unlink()
    edit(next(root.rglob("*_p0002.json")), version="2")
    put(root, "new.json", numbered("new", 3))
    await storage.rescan()
    for change in await all_changes(storage, through, deletes=True):
        seen[change.pattern_id] = change
    alive = {name: await storage.get(name) for name in seen}
    assert alive.pop("p0001") is None
    assert isinstance(seen.pop("p0001"), Tombstone)
    assert seen == alive
