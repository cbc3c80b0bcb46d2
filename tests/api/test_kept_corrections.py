"""What is learned of corrections is kept; where it is not there at a start, it is learned again."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.errors import StorageUnavailable
from app.storage.index.storage import IndexedStorage
from tests.api.answers import store, store_all
from tests.api.test_corrections import (
    MISTAKE,
    ask,
    ids,
    learned,
    recurring,
    running,
    style,
    timeout,
    until,
)


def database(settings: dict[str, Any]) -> Path:
    """The database of a store on SQLite; others skip the test."""
    scheme, _, path = settings["storage_url"].partition(":///")
    if scheme != "sqlite":
        pytest.skip("the same tables are the index of a tree of files")
    return Path(path)


async def started_once(settings: dict[str, Any], patterns: list[dict[str, Any]]) -> None:
    """Have a service store patterns and learn of them, and end it."""
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store_all(client, patterns)
        await learned(app)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE learned_corrections SET hunks = x''",
        "UPDATE learned_corrections SET hunks = zeroblob(40) WHERE seq = 2",
        "UPDATE learned_corrections SET correction_type = 'stylf'",
        "UPDATE learned_corrections SET category = CAST(x'ff' AS TEXT) WHERE seq = 1",
        "UPDATE patterns SET agent = CAST(x'ff' AS TEXT) WHERE seq = 2",
        "DELETE FROM learned_corrections WHERE seq = 1",
        "DELETE FROM meta WHERE name = 'corrections_learned_version'",
    ],
)
async def test_what_was_learned_and_is_damaged_or_lost_is_learned_again(
    settings: dict[str, Any], damage: str
) -> None:
    path = database(settings)
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store_all(client, [timeout("c1"), style("c2", "user"), timeout("c3", "page")])
        await learned(app)
        before = await recurring(client)
        whole = await app.state.parts.service.storage.learned_corrections(after=0, limit=9)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(damage)
    async with running(settings) as (app, client):
        await until(client, MISTAKE, ["c3"])
        await until(client, style("c2", "user")["data"]["original_output"], ["c2"])
        assert await recurring(client) == before
        if "UPDATE patterns" not in damage:
            storage = app.state.parts.service.storage
            assert await storage.learned_corrections(after=0, limit=9) == whole


async def test_where_nothing_learned_can_be_kept_it_is_learned_at_each_start(
    settings: dict[str, Any],
) -> None:
    path = database(settings)
    await started_once(settings, [timeout("c1"), style("c2", "user")])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        root, size = connection.execute(
            "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size()"
            " WHERE name = 'learned_corrections'"
        ).fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    async with running(settings) as (_, client):
        await until(client, MISTAKE, ["c1"])
        await store(client, timeout("c3", "page"))
        await until(client, MISTAKE, ["c3"])


async def test_what_is_deleted_after_a_start_that_failed_halfway_is_forgotten(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await started_once(settings, [timeout(f"c{number}") for number in range(6)])
    tried = asyncio.Event()
    seqs = IndexedStorage.correction_seqs

    async def failing_once(self: IndexedStorage) -> Sequence[int]:
        if not tried.is_set():
            tried.set()
            raise StorageUnavailable("the disk does not answer")
        return await seqs(self)

    monkeypatch.setattr(IndexedStorage, "correction_seqs", failing_once)
    async with running(settings) as (_, client):
        await tried.wait()
        for number in range(5):
            await client.delete(f"/v1/patterns/c{number}")
        await until(client, MISTAKE, ["c5"])
        (found,) = await ask(client, MISTAKE)
        assert found["times"] == 1


async def test_a_damaged_correction_keeps_no_other_from_being_learned(
    settings: dict[str, Any],
) -> None:
    path = database(settings)
    await started_once(settings, [timeout("c1"), style("c2", "user"), timeout("c3", "page")])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE documents SET document = zeroblob(40) WHERE seq = 2")
        connection.execute("UPDATE meta SET value = 1 WHERE name = 'corrections_learned_version'")
    async with running(settings) as (app, client):
        await until(client, MISTAKE, ["c3"])
        await store(client, timeout("c4", "image"))
        await learned(app)
        (found,) = await ask(client, MISTAKE)
        assert found["times"] == 3


async def test_one_that_is_deleted_and_stored_again_while_the_service_starts_is_known(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await started_once(settings, [timeout("c1")])
    begun, stored_again = asyncio.Event(), asyncio.Event()
    learned_by = IndexedStorage.corrections_learned_by

    async def waiting(self: IndexedStorage) -> int | None:
        begun.set()
        await stored_again.wait()
        return await learned_by(self)

    monkeypatch.setattr(IndexedStorage, "corrections_learned_by", waiting)
    async with running(settings) as (app, client):
        await begun.wait()
        await client.delete("/v1/patterns/c1")
        await store(client, timeout("c1"))
        stored_again.set()
        await learned(app)
        assert ids(await ask(client, MISTAKE)) == ["c1"]
