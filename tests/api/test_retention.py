"""Retention: what is past its age is deleted, by hand or in the background, never too early."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from app.schemas.timestamps import DAY, format_timestamp
from tests.api.answers import found, places, problem, store, store_all, total
from tests.conftest import Clock
from tests.patterns import DATA, pattern

RETENTION = "/v1/lifecycle/retention"


async def run(client: AsyncClient, **params: Any) -> dict[str, Any]:
    response = await client.post(RETENTION, params=params)
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


async def store_aged(client: AsyncClient, clock: Clock, *days: float) -> None:
    """Store patterns of so many days, each with its age for an id."""
    now = clock()
    patterns = [
        pattern(pattern_id=f"{age}d", timestamp=format_timestamp(now - round(age * DAY)))
        for age in days
    ]
    await store_all(client, patterns)


async def test_what_is_past_its_days_goes_and_the_rest_stays(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, 0, 60, 79.9, 80.1, 200)
    clock.advance(days=10)
    report = await run(client)
    assert report["patterns"] == 2
    assert report["by_type"] == {"task_completion": 2}
    assert sum(report["by_day"].values()) == 2
    assert report["dry_run"] is False
    assert await found(client) == ["0d", "60d", "79.9d"]
    assert (await run(client))["patterns"] == 0


async def test_what_was_just_received_stays_whatever_its_time(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, 100, 4000)
    for days in (0, 3, 3.9):
        clock.advance(days=days)
        assert (await run(client))["patterns"] == 0
    clock.advance(days=0.2)
    assert (await run(client))["patterns"] == 2


async def test_a_change_does_not_begin_the_grace_anew(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 100)
    clock.advance(days=6)
    await client.patch("/v1/patterns/100d", json={"x": 1})
    clock.advance(days=2)
    assert (await run(client))["patterns"] == 1


async def test_a_dry_run_says_what_would_go(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 0, 100, 200)
    clock.advance(days=8)
    dry = await run(client, dry_run="true")
    assert (dry["patterns"], dry["dry_run"]) == (2, True)
    assert dry["bytes_after"] == dry["bytes_before"]
    assert await total(client) == 3
    real = await run(client)
    assert real["by_day"] == dry["by_day"]
    assert real["by_type"] == dry["by_type"]
    assert await total(client) == 1


@pytest.mark.parametrize(("days", "left"), [(1, ["0d"]), (5, ["0d", "3d"]), (36_500, None)])
async def test_a_run_by_hand_means_the_days_it_says_with_no_grace(
    client: AsyncClient, clock: Clock, days: int, left: list[str] | None
) -> None:
    ages = (0, 3, 30, 300)
    await store_aged(client, clock, *ages)
    report = await run(client, older_than_days=days)
    expected = left or [f"{age}d" for age in ages]
    assert await found(client) == expected
    assert report["patterns"] == len(ages) - len(expected)


async def test_deleting_everything_must_be_forced(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 0, 1)
    for query in ("older_than_days=0", "older_than_days=0&dry_run=true"):
        assert places(await client.post(f"{RETENTION}?{query}")) == ["older_than_days"]
    assert await total(client) == 2
    assert (await run(client, older_than_days=0, force="true"))["patterns"] == 2
    assert await total(client) == 0


@pytest.mark.parametrize(
    "query",
    [
        "older_than_days=-1",
        "older_than_days=1.5",
        "older_than_days=",
        "older_than_days=36501",
        "older_than_days=1&older_than_days=2",
        "dry_run=1",
        "force=yes",
        "wait=no",
        "days=3",
    ],
)
async def test_parameters_are_checked(client: AsyncClient, query: str) -> None:
    await store(client, pattern(timestamp="2001-01-01"))
    refused = await client.post(f"{RETENTION}?{query}")
    assert set(places(refused)) == {query.partition("=")[0]}
    assert await total(client) == 1


async def test_what_lies_far_ahead_ages_from_its_receipt(client: AsyncClient, clock: Clock) -> None:
    await store(client, pattern(pattern_id="next-year", timestamp="2027-01-01"))
    await store(client, pattern(pattern_id="soon", timestamp="2026-01-16T11:00:00Z"))
    clock.advance(days=89)
    assert (await run(client))["patterns"] == 0
    clock.advance(days=2)
    assert (await run(client))["patterns"] == 2


async def test_space_is_given_back(client: AsyncClient, clock: Clock) -> None:
    bulky = [pattern(timestamp="2020-01-01", x=f"{n}" * 5000) for n in range(400)]
    await store_all(client, bulky)
    await store_aged(client, clock, 0)
    report = await run(client, older_than_days=30)
    assert report["patterns"] == 400
    assert report["bytes_before"] > 2_000_000
    assert report["bytes_after"] < report["bytes_before"] / 4
    assert (await client.get("/v1/stats")).json()["size_bytes"] == report["bytes_after"]
    assert await found(client) == ["0d"]


async def test_deletions_by_retention_are_told_by_an_export(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, 0, 50)
    await run(client, older_than_days=40)
    export = await client.get("/v1/export", params={"deletes": "true"})
    assert '{"pattern_id":"50d","deleted":true,"seq":3}' in export.text


async def test_writers_go_on_while_it_runs(client: AsyncClient, clock: Clock) -> None:
    old = [pattern(timestamp="2020-01-01", pattern_id=f"old-{n}") for n in range(2000)]
    await store_all(client, old)
    retention = asyncio.create_task(run(client, older_than_days=30))
    written = 0
    while not retention.done():
        await store(client, pattern(pattern_id=f"new-{written}"))
        written += 1
    assert (await retention)["patterns"] == 2000
    assert written > 2, "they did not have to wait for its end"
    assert await total(client) == written


class TestOverrides:
    """Days by type; 0 keeps for ever."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {
            "retention_days": 0,
            "retention_days_by_type": {"error_occurrence": 365, "agent_usage": 10},
            "retention_grace_days": 0,
        }

    async def test_each_type_has_its_own_days(self, client: AsyncClient) -> None:
        ages = {"new": "2026-01-14", "old": "2025-12-01", "ancient": "2001-01-01"}
        for name in DATA:
            for age, time in ages.items():
                await store(client, pattern(name, pattern_id=f"{name}-{age}", timestamp=time))
        report = await run(client)
        assert report["by_type"] == {"error_occurrence": 1, "agent_usage": 2}
        gone = {"error_occurrence-ancient", "agent_usage-old", "agent_usage-ancient"}
        everything = {f"{name}-{age}" for name in DATA for age in ages}
        assert set(await found(client)) == everything - gone


async def test_it_can_be_begun_without_waiting(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 50)
    accepted = await client.post(f"{RETENTION}?older_than_days=40&wait=false")
    assert accepted.status_code == 202
    assert accepted.json() == {"task": "retention", "state": "started"}
    assert accepted.headers["location"] == "/v1/lifecycle"
    async with asyncio.timeout(20):
        while (task := (await client.get("/v1/lifecycle")).json()["retention"])["last_run"] is None:
            await asyncio.sleep(0.01)
    assert task["last_run"]["result"]["patterns"] == 1
    assert await total(client) == 0


async def test_a_refused_run_has_not_begun(client: AsyncClient) -> None:
    problem(await client.post(f"{RETENTION}?older_than_days=0&wait=false"), 422)
    assert (await client.get("/v1/lifecycle")).json()["retention"]["last_run"] is None
