"""Compression by hand and as a background task: told, watched, and noticed by nobody else."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from app.errors import StorageUnavailable
from app.schemas.timestamps import DAY, format_timestamp
from tests.api.answers import MERGE_PATCH, found, places, problem, store_all, total
from tests.conftest import Clock
from tests.patterns import pattern

COMPRESSION = "/v1/lifecycle/compression"
SECONDS = 20


async def run(client: AsyncClient, **params: Any) -> dict[str, Any]:
    response = await client.post(COMPRESSION, params=params)
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


async def task(client: AsyncClient) -> Any:
    return (await client.get("/v1/lifecycle")).json()["compression"]


async def store_aged(client: AsyncClient, clock: Clock, days: float, number: int = 120) -> None:
    """Store patterns of a day, `DAYSd-000` and on."""
    time = format_timestamp((clock() // DAY - round(days)) * DAY)
    words = "what was tried, what came of it, and what to try instead the next time; " * 5
    await store_all(
        client,
        [
            pattern(
                "error_occurrence",
                pattern_id=f"{days}d-{number:03}",
                timestamp=time,
                data={"stack_trace": f"{words} in line {number}"},
                context={"tags": ["kept"], "session_id": f"s{number}"},
            )
            for number in range(number)
        ],
    )


async def test_what_is_older_than_the_setting_is_compressed_and_told(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, 40)
    await store_aged(client, clock, 20)
    before = (await client.get("/v1/stats")).json()
    assert before["compression"]["ratio"] == 1.0
    report = await run(client)
    day = format_timestamp(clock() - 40 * DAY)[:10]
    assert report == {
        "dry_run": False,
        "patterns": 120,
        "bytes_before": report["bytes_before"],
        "bytes_after": report["bytes_after"],
        "by_type": {"error_occurrence": 120},
        "by_day": {day: 120},
    }
    assert (await task(client))["last_run"]["result"] == report
    after = (await client.get("/v1/stats")).json()
    assert after["size_bytes"] == report["bytes_after"] < report["bytes_before"]
    assert after["compression"]["ratio"] > 1.5
    assert after["compression"]["raw_bytes"] == before["compression"]["raw_bytes"]
    assert after["total"] == 240
    assert (await run(client))["patterns"] == 0


async def test_a_dry_run_says_what_would_be_compressed(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 40)
    dry = await run(client, dry_run="true")
    assert (dry["patterns"], dry["dry_run"]) == (120, True)
    assert dry["bytes_after"] == dry["bytes_before"]
    real = await run(client)
    for name in ("patterns", "by_type", "by_day"):
        assert real[name] == dry[name]


async def test_a_run_by_hand_means_the_days_it_says(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 3)
    await store_aged(client, clock, 9)
    assert (await run(client, older_than_days=5, dry_run="true"))["patterns"] == 120
    assert (await run(client, older_than_days=1))["patterns"] == 240


async def test_compressed_patterns_are_found_changed_and_deleted_like_any(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, 40)
    name = "40d-007"
    before = await client.get(f"/v1/patterns/{name}")
    await run(client)
    after = await client.get(f"/v1/patterns/{name}")
    assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])
    assert await found(client, q='"line 7"', tags="kept") == [name]
    assert await found(client, session_id="s7") == [name]
    patched = await client.patch(
        f"/v1/patterns/{name}", json={"data": {"resolution": "upgrade"}}, headers=MERGE_PATCH
    )
    assert patched.json()["stored"]["revision"] == 2
    assert await found(client, q="upgrade") == [name]
    assert (await client.delete("/v1/patterns/40d-008")).status_code == 204
    assert (await client.get("/v1/patterns/40d-008")).status_code == 404
    assert await total(client) == 119


@pytest.mark.parametrize("query", ["older_than_days=-1", "older_than_days=x", "force=true", "x=1"])
async def test_parameters_are_checked(client: AsyncClient, query: str) -> None:
    refused = await client.post(f"{COMPRESSION}?{query}")
    assert set(places(refused)) == {query.partition("=")[0]}


async def test_a_run_in_the_background_is_watched(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 40)
    accepted = await client.post(f"{COMPRESSION}?wait=false")
    assert accepted.status_code == 202
    assert accepted.json() == {"task": "compression", "state": "started"}
    async with asyncio.timeout(SECONDS):
        while (last := (await task(client))["last_run"]) is None:
            await asyncio.sleep(0.01)
    assert last["result"]["patterns"] == 120


class TestAsATask:
    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"compression_interval_seconds": 0.05, "compression_after_days": 10}

    async def test_it_runs_by_itself(self, client: AsyncClient, clock: Clock) -> None:
        await store_aged(client, clock, 11)
        assert (await task(client))["settings"] == {"after_days": 10}
        async with asyncio.timeout(SECONDS):
            while (await client.get("/v1/stats")).json()["compression"]["ratio"] == 1.0:
                await asyncio.sleep(0.01)

    async def test_a_run_that_fails_is_told_counted_and_tried_again(
        self,
        client: AsyncClient,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
        app: Any,
    ) -> None:
        storage = app.state.parts.service.storage

        async def failing(before: int) -> Any:
            raise StorageUnavailable("the disk is on fire")

        with monkeypatch.context() as patch:
            patch.setattr(storage, "compressible", failing)
            async with asyncio.timeout(SECONDS):
                while ((last := (await task(client))["last_run"]) or {"error": None})[
                    "error"
                ] is None:
                    await asyncio.sleep(0.01)
            assert last["error"] == "StorageUnavailable: the disk is on fire"
            by_hand = await client.post(COMPRESSION)
            assert problem(by_hand, 503)["detail"] == "the disk is on fire"
        failed = 'pattern_store_task_runs_total{result="failed",task="compression"}'
        assert failed in (await client.get("/metrics")).text
        await store_aged(client, clock, 11)
        async with asyncio.timeout(SECONDS):
            while (await client.get("/v1/stats")).json()["compression"]["ratio"] == 1.0:
                await asyncio.sleep(0.01)


class TestSwitchedOff:
    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"compression_interval_seconds": 0.02, "compression_after_days": 0}

    async def test_it_runs_only_by_hand_and_only_with_days(
        self, client: AsyncClient, clock: Clock
    ) -> None:
        await store_aged(client, clock, 40)
        assert (await task(client))["next_run_at"] is None
        assert (await run(client))["patterns"] == 0
        assert (await run(client, older_than_days=30))["patterns"] == 120
