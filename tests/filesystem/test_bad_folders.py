"""Folders that cannot be used, while the service runs and when it starts."""

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from app.errors import StorageUnavailable, StoreNotOpened
from app.main import create_app
from app.settings import Settings
from app.storage.filesystem import FilesystemStorage
from tests.contract.conftest import Store
from tests.contract.reading import findings, paged_ids
from tests.disks import as_owner_of_all, read_only, without_privileges
from tests.filesystem.conftest import files_in, opened
from tests.records import record


async def test_a_file_where_a_days_folder_should_be_stops_that_day_alone(
    storage: FilesystemStorage, root: Path
) -> None:
    (root / "2026").mkdir()
    (root / "2026/01").write_text("a letter")
    with pytest.raises(StorageUnavailable) as refused:
        await storage.insert(record("a"))
    assert str(root / "2026/01") in str(refused.value)
    assert "Move the file away" in str(refused.value)
    await storage.insert(record("b", timestamp="2026-02-01"))
    assert (root / "2026/01").read_text() == "a letter"
    (root / "2026/01").unlink()
    await storage.insert(record("a"))
    assert sorted(await paged_ids(storage)) == ["a", "b"]
    assert await findings(storage) == []


@pytest.mark.parametrize("name", [".index", "store.json", ".index/index.db", ".lock"])
async def test_something_else_where_a_file_of_the_store_should_be_is_named(
    store: Store, root: Path, name: str
) -> None:
    (root / name).parent.mkdir(parents=True)
    if name == ".index":
        (root / name).write_text("a letter")
    else:
        (root / name).mkdir()
    with pytest.raises(StoreNotOpened) as refused:
        await store.open()
    assert str(root) in str(refused.value)
    assert "Check the path" in str(refused.value)


FIELDS = '{"format": %s, "store_id": "s", "reserved_seq": %s, "purged_seq": %s, "closed": null}'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 1, "store_id": 7}',
        FIELDS % (1, "1e999", 0),
        FIELDS % (1, -1, 0),
        FIELDS % (1, 0, "true"),
        FIELDS.replace("format", "fosmat") % (1, 0, 0),
        "[" * 100_000,
    ],
)
async def test_a_damaged_store_file_is_named_with_the_remedy(
    store: Store, root: Path, content: str
) -> None:
    await (await store.open()).insert(record("a"))
    await store.close()
    (root / "store.json").write_text(content)
    with pytest.raises(StoreNotOpened) as refused:
        await store.open()
    assert str(root / "store.json") in str(refused.value)
    assert "check --repair" in str(refused.value)
    (root / "store.json").unlink()
    storage = await store.open()
    assert await paged_ids(storage) == ["a"]
    assert (await storage.insert(record("b"))).stored.seq > 1


async def test_a_store_of_a_later_format_is_left_alone(store: Store, root: Path) -> None:
    await store.open()
    await store.close()
    later = (root / "store.json").read_text().replace('"format": 1', '"format": 2')
    (root / "store.json").write_text(later)
    with pytest.raises(StoreNotOpened, match="upgrade Pattern Store"):
        await store.open()
    assert (root / "store.json").read_text() == later


async def test_a_folder_that_turns_read_only_fails_writes_until_it_is_writable(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many([record("a"), record("b")])
    with read_only(root):
        for write in (
            storage.insert(record("c")),
            storage.update(record("a", version="2"), seq=1),
            storage.delete_many([2]),
        ):
            with pytest.raises(StorageUnavailable, match=r"Read-only.*Mount the disk so"):
                await write
        assert await paged_ids(storage) == ["b", "a"]
        assert (await storage.fetch("a")).stored.revision == 1
    assert (await storage.insert(record("c"))).stored.seq > 2
    assert await storage.delete_many([2]) == 1
    await storage.rescan()
    assert await findings(storage) == []


async def test_a_folder_of_another_user_keeps_the_service_waiting_and_says_so(
    store: Store,
) -> None:
    with without_privileges() as folder:
        store.url = f"filesystem:///{folder}/patterns"
        await (await store.open()).insert_many([record("a"), record("b", timestamp="2026-02-02")])
        await store.close()
        foreign = folder / "patterns/2026/01/15"
        with as_owner_of_all():
            os.chown(foreign, 0, 0)
            os.chmod(foreign, 0o700)
        app = create_app(Settings(_env_file=None, storage_url=store.url))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                await until(http, 503, f"Permission denied: '{foreign}'")
                assert "chown" in (await http.get("/readyz")).json()["detail"]
                assert (await http.get("/v1/patterns")).status_code == 503
                with as_owner_of_all():
                    os.chmod(foreign, 0o755)
                await until(http, 200, "")
                assert len((await http.get("/v1/patterns")).json()["items"]) == 2
                refused = await http.put("/v1/patterns/c", json={
                    "pattern_type": "task_completion", "timestamp": "2026-01-15",
                    "data": {"task_type": "t", "agent": "a", "duration_ms": 1, "success": True},
                })  # fmt: skip
                assert refused.status_code == 503
                assert "chown" in refused.json()["detail"]
        with as_owner_of_all():
            os.chown(foreign, os.stat(folder).st_uid, -1)
        storage = opened(await store.open())
        assert sorted(await paged_ids(storage)) == ["a", "b"]
        await store.close()


async def until(http: httpx.AsyncClient, status: int, words: str) -> None:
    """Wait for an answer of `/readyz`."""
    async with asyncio.timeout(20):
        while True:
            answer = await http.get("/readyz")
            if answer.status_code == status and words in answer.text:
                return
            await asyncio.sleep(0.02)


async def test_a_file_that_may_not_be_read_is_told_of_and_not_moved(store: Store) -> None:
    with without_privileges() as folder:
        store.url = f"filesystem:///{folder}/patterns"
        storage = opened(await store.open())
        await storage.insert(record("a"))
        (path,) = files_in(folder / "patterns")
        os.utime(folder / "patterns" / path, (0, 0))
        os.chmod(folder / "patterns" / path, 0)
        (finding,) = (await storage.repair()).findings
        assert (finding.place, "Permission denied" in finding.problem) == (path, True)
        assert await paged_ids(storage) == ["a"]
        os.chmod(folder / "patterns" / path, 0o644)
        assert (await storage.repair()).findings == []
        assert await findings(storage) == []
        await store.close()
