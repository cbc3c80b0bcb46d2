"""`GET /v1/lifecycle`, and retention as the background task it is."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.errors import StorageUnavailable
from app.schemas.timestamps import DAY, now
from tests.api.answers import problem, store, store_all, total
from tests.conftest import Clock
from tests.patterns import pattern

SECONDS = 20
"""How long anything may take before a test fails."""


async def task(client: AsyncClient) -> Any:
    response = await client.get("/v1/lifecycle")
    assert response.status_code == 200
    return response.json()["retention"]


async def last_run(client: AsyncClient) -> Any:
    """The last run, once there is one."""
    async with asyncio.timeout(SECONDS):
        while (run := (await task(client))["last_run"]) is None:
            await asyncio.sleep(0.01)
    return run


async def test_a_task_left_to_be_run_by_hand(client: AsyncClient) -> None:
    assert await task(client) == {
        "settings": {
            "days": {
                "task_completion": 90,
                "error_occurrence": 90,
                "agent_usage": 90,
                "user_correction": 90,
            },
            "grace_days": 7,
            "max_patterns": 0,
            "max_bytes": 0,
        },
        "interval_seconds": 0,
        "next_run_at": None,
        "running": None,
        "last_run": None,
    }


async def test_a_run_by_hand_is_the_last_run(client: AsyncClient) -> None:
    await store(client, pattern(timestamp="2001-01-01"))
    report = (await client.post("/v1/lifecycle/retention?older_than_days=1")).json()
    run = (await task(client))["last_run"]
    assert run["result"] == report
    assert run["error"] is None
    assert run["started_at"] <= run["ended_at"]


async def test_a_run_that_fails_says_why_and_harms_nobody(
    client: AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*args: object) -> None:
        raise StorageUnavailable("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(app.state.parts.service.storage, "expired", fail)
        problem(await client.post("/v1/lifecycle/retention"), 503)
    run = (await task(client))["last_run"]
    assert "the disk is gone" in run["error"]
    assert run["result"] is None
    assert (await client.post("/v1/lifecycle/retention")).status_code == 200
    assert (await task(client))["last_run"]["error"] is None


async def test_a_running_task_tells_its_progress(
    client: AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store_all(client, [pattern(timestamp="2001-01-01") for _ in range(500)])
    storage = app.state.parts.service.storage
    delete_many, may_go_on = storage.delete_many, asyncio.Semaphore(1)

    async def delete_when_told(seqs: Sequence[int], *, expiring: bool) -> int:
        await may_go_on.acquire()
        deleted: int = await delete_many(seqs)
        return deleted

    monkeypatch.setattr(storage, "delete_many", delete_when_told)
    await client.post("/v1/lifecycle/retention?older_than_days=1&wait=false")
    async with asyncio.timeout(SECONDS):
        while not ((running := (await task(client))["running"]) and running["done"]):
            await asyncio.sleep(0.01)
    assert running["total"] == 500
    assert 0 < running["done"] < 500
    assert running["bytes"] > 0
    assert running["eta_seconds"] is not None
    assert await total(client) == 500 - running["done"]
    for _ in range(10):
        may_go_on.release()
    assert (await last_run(client))["result"]["patterns"] == 500
    assert (await task(client))["running"] is None


async def test_runs_at_once_take_turns(client: AsyncClient) -> None:
    await store_all(client, [pattern(timestamp="2001-01-01") for _ in range(500)])
    runs = [client.post("/v1/lifecycle/retention?older_than_days=1") for _ in range(4)]
    reports = [answer.json()["patterns"] for answer in await asyncio.gather(*runs)]
    assert sorted(reports) == [0, 0, 0, 500]


class TestInTheBackground:
    """Retention on a short interval."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"retention_interval_seconds": 0.05}

    async def test_it_deletes_what_has_grown_old(self, client: AsyncClient, clock: Clock) -> None:
        await store(client, pattern(pattern_id="old", timestamp="2025-01-01"))
        await store(client, pattern(pattern_id="new"))
        assert (await last_run(client))["result"]["patterns"] == 0, "it was just received"
        assert (await task(client))["next_run_at"] is not None
        clock.advance(days=8)
        async with asyncio.timeout(SECONDS):
            while await total(client) > 1:
                await asyncio.sleep(0.01)
        assert (await client.get("/v1/patterns/new")).status_code == 200
        problem(await client.get("/v1/patterns/old"), 404)

    async def test_it_goes_on_after_a_failure(
        self, app: FastAPI, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*args: object) -> None:
            raise RuntimeError("for once")

        with monkeypatch.context() as patched:
            patched.setattr(app.state.parts.service.storage, "expired", fail)
            assert "for once" in (await last_run(client))["error"]
        async with asyncio.timeout(SECONDS):
            while (await last_run(client))["error"]:
                await asyncio.sleep(0.01)


class TestTombstones:
    """Where patterns are kept for ever, deletions still are forgotten one day."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"retention_interval_seconds": 0.05, "retention_days": 0}

    async def test_deletions_are_told_for_thirty_days(
        self, client: AsyncClient, clock: Clock
    ) -> None:
        await store_all(client, [pattern(pattern_id=name) for name in "abc"])
        await client.delete("/v1/patterns/a")
        await client.delete("/v1/patterns/b")
        resumed = "/v1/export?deletes=true&after_seq=3"
        clock.now = now() + 29 * DAY
        await self.run_once(client)
        assert len((await client.get(resumed)).text.splitlines()) == 2
        clock.now = now() + 31 * DAY
        await self.run_once(client)
        gone = problem(await client.get(resumed), 410)
        assert gone["type"] == "urn:pattern-store:problem:history-gone"
        assert "after_seq=0" in gone["detail"]
        afresh = await client.get("/v1/export?deletes=true")
        assert [line[:19] for line in afresh.text.splitlines()] == ['{"pattern_id":"c","']
        assert (await client.get("/v1/export?after_seq=3")).status_code == 200
        assert (await client.get("/v1/export?deletes=true&after_seq=5")).status_code == 200

    async def run_once(self, client: AsyncClient) -> None:
        """Wait until a run has begun after now, and ended."""
        begun = (await task(client))["last_run"]
        async with asyncio.timeout(SECONDS):
            for _ in range(2):
                while (await task(client))["last_run"] == begun:
                    await asyncio.sleep(0.01)
                begun = (await task(client))["last_run"]
