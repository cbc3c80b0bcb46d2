"""What was learned stays known however the index, and the files' numbers, come to be others."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from httpx import AsyncClient

from tests.api.answers import store
from tests.api.test_corrections import (
    MISTAKE,
    SECONDS,
    ask,
    ids,
    learned,
    running,
    style,
    timeout,
)
from tests.filesystem.conftest import failing_commits, opened
from tests.patterns import pattern

TRACE = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    x\nValueError: bad'


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    off = dict.fromkeys(("retention_interval_seconds", "compression_interval_seconds"), 0)
    return {"storage_url": f"filesystem:///{tmp_path}/patterns", **off}


def error(pattern_id: str) -> dict[str, Any]:
    """An error, always the same."""
    said = {"error_type": "ValueError", "error_message": "bad", "stack_trace": TRACE}
    return pattern("error_occurrence", pattern_id=pattern_id, data=said)


async def counts(client: AsyncClient) -> list[int]:
    """How often each error was seen."""
    return [group["count"] for group in (await client.get("/v1/errors")).json()["items"]]


async def there(client: AsyncClient, pattern_id: str) -> None:
    """Wait until a pattern is there."""
    async with asyncio.timeout(SECONDS):
        while (await client.get(f"/v1/patterns/{pattern_id}")).status_code != 200:
            await asyncio.sleep(0.05)


async def test_what_was_learned_is_known_after_the_index_was_made_anew_beside_the_service(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store(client, timeout("c1"))
        await store(client, error("e1"))
        await store(client, pattern("task_completion", pattern_id="victim"))
        await learned(app)
        with closing(sqlite3.connect(tmp_path / "patterns/.index/index.db")) as index:
            index.execute("UPDATE documents SET document = zeroblob(40) WHERE seq = 3")
            index.commit()
        assert (await client.get("/v1/patterns/victim")).status_code == 503
        await there(client, "victim")
        await store(client, style("c2", "user"))
        await store(client, error("e2"))
        async with asyncio.timeout(SECONDS):
            while await counts(client) != [2]:
                await asyncio.sleep(0.05)
        await learned(app)
        assert ids(await ask(client, MISTAKE)) == ["c1"]
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await learned(app)
        assert await counts(client) == [2]
        assert ids(await ask(client, MISTAKE)) == ["c1"]


async def test_a_correction_taken_up_under_a_number_gone_beyond_is_learned(
    settings: dict[str, Any],
) -> None:
    def failing(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    async with running(settings) as (app, client):
        storage = app.state.parts.service.storage
        await storage.ready()
        await store(client, style("c0", "user"))
        await learned(app)
        with (
            failing_commits(opened(storage)),
            patch("app.storage.filesystem.mirror.remove_files", failing),
        ):
            assert (await client.post("/v1/patterns", json=timeout("c1"))).status_code == 503
        for number in range(3):
            await store(client, pattern("task_completion", pattern_id=f"t{number}"))
        await learned(app)
        await there(client, "c1")
        await learned(app)
        assert ids(await ask(client, MISTAKE)) == ["c1"]
        await store(client, style("c2", "page"))
        await learned(app)
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await learned(app)
        assert ids(await ask(client, MISTAKE)) == ["c1"]
