"""Places where a store cannot be, or cannot be written: clear words, and no harm done."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import StorageUnavailable, StoreNotOpened
from app.storage.base import Outcome, Storage
from tests.conftest import BACKENDS
from tests.contract.conftest import Store
from tests.contract.reading import delete, findings, paged_ids
from tests.disks import enlarge, read_only, small_disk, without_privileges
from tests.records import record

REMEDY = "Check the path, its owner and its permissions"


@pytest.fixture
def place(store: Store) -> Path:
    """Where the store is, or will be."""
    return Path(store.url.partition(":///")[2])


@pytest.fixture
def disk(tmp_path: Path, store: Store) -> Iterator[Path]:
    """A small disk with the store on it."""
    folder = tmp_path / "disk"
    scheme = store.url.partition(":")[0]
    store.url = BACKENDS[scheme].format(folder=folder)
    with small_disk(folder, "1600k"):
        yield folder


def write_letter(place: Path) -> None:
    place.write_text("a letter")


async def refused(store: Store) -> str:
    """What is said when a store cannot be opened."""
    with pytest.raises(StoreNotOpened) as error:
        await store.open()
    return str(error.value)


async def test_something_else_where_the_store_should_be(store: Store, place: Path) -> None:
    if store.url.startswith("sqlite"):
        os.mkdir(place)
    else:
        write_letter(place)
    said = await refused(store)
    assert str(place) in said
    assert REMEDY in said


async def test_a_file_where_the_folder_above_should_be(store: Store, tmp_path: Path) -> None:
    write_letter(tmp_path / "file")
    scheme = store.url.partition(":")[0]
    store.url = BACKENDS[scheme].format(folder=tmp_path / "file" / "deeper")
    said = await refused(store)
    assert str(tmp_path / "file") in said
    assert (tmp_path / "file").read_text() == "a letter"


async def test_a_loop_of_links(store: Store, place: Path) -> None:
    os.symlink(place, place)
    said = await refused(store)
    assert str(place) in said
    assert REMEDY in said


async def test_a_place_that_cannot_be_written(store: Store, place: Path, tmp_path: Path) -> None:
    await (await store.open()).insert(record("a"))
    await store.close()
    with read_only(tmp_path):
        said = await refused(store)
        assert str(place) in said
        assert REMEDY in said
    assert await paged_ids(await store.open()) == ["a"]


async def test_a_folder_of_another_user(store: Store) -> None:
    scheme = store.url.partition(":")[0]
    with without_privileges() as folder:
        store.url = BACKENDS[scheme].format(folder=folder)
        os.chmod(folder, 0o555)
        said = await refused(store)
        assert str(folder) in said
        assert REMEDY in said
        os.chmod(folder, 0o755)
        await (await store.open()).insert(record("a"))
        await store.close()


async def fill_up(storage: Storage) -> list[str]:
    """Insert until the disk is full; the ids of what was acknowledged."""
    acknowledged: list[str] = []
    refusal = ""
    while not refusal:
        new = record(f"p{len(acknowledged):04}", data={"note": "x" * 300})
        try:
            assert (await storage.insert(new)).outcome is Outcome.STORED
            acknowledged.append(new.pattern_id)
        except StorageUnavailable as refused:
            refusal = str(refused)
    assert re.search(r"(full|No space).* Make room on the disk\.$", refusal)
    return acknowledged


async def test_a_disk_that_is_full_takes_writes_again_when_there_is_room(
    store: Store, disk: Path
) -> None:
    storage = await store.open()
    acknowledged = await fill_up(storage)
    assert len(acknowledged) > 20
    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            await storage.insert_many([record(f"q{n}", data={"x": "y" * 9000}) for n in range(90)])
    assert await paged_ids(storage) == acknowledged[::-1]
    enlarge(disk, "64m")
    assert (await storage.insert(record("q"))).outcome is Outcome.STORED
    await store.close()
    storage = await store.open()
    assert await paged_ids(storage) == ["q", *acknowledged[::-1]]
    assert await findings(storage) == []


async def test_with_little_room_a_full_disk_can_be_emptied(store: Store, disk: Path) -> None:
    storage = await store.open()
    names = await fill_up(storage)
    enlarge(disk, "1900k")
    for start in range(0, len(names), 50):
        await delete(storage, *names[start : start + 50])
    await storage.reclaim()
    assert (await storage.insert(record("more"))).outcome is Outcome.STORED
    assert await findings(storage) == []
