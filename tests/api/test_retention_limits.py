"""Retention by number and bytes: the oldest go until the store is within its limits."""

import asyncio
from typing import Any

import httpx
import pytest
from httpx import AsyncClient

from app.main import create_app
from app.schemas.timestamps import DAY, format_timestamp
from app.settings import Settings
from tests.api.answers import found, store_all, total
from tests.conftest import Clock
from tests.patterns import pattern

RETENTION = "/v1/lifecycle/retention"
LIMITS = {"retention_max_patterns": 0, "retention_max_bytes": 0, "retention_days": 90}


@pytest.fixture
def limits() -> dict[str, int]:
    """What a test adds to the settings; set by `@pytest.mark.parametrize`."""
    return {}


@pytest.fixture
def settings(settings: dict[str, Any], limits: dict[str, int]) -> dict[str, Any]:
    return settings | limits


def limited(**limits: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("limits", [LIMITS | limits], ids=[""])


async def store_aged(client: AsyncClient, clock: Clock, *days: float, size: int = 0) -> None:
    """Store patterns of so many days, each with its age for an id."""
    now = clock()
    patterns = [
        pattern(
            pattern_id=f"{age}d",
            timestamp=format_timestamp(now - round(age * DAY)),
            data={"note": "x" * size},
        )
        for age in days
    ]
    await store_all(client, patterns)


async def run(client: AsyncClient, **params: Any) -> dict[str, Any]:
    response = await client.post(RETENTION, params=params)
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


@limited(retention_max_patterns=3)
async def test_the_oldest_beyond_a_number_go(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 5, 1, 4, 2, 3)
    clock.advance(days=8)
    report = await run(client)
    assert report["patterns"] == 2
    assert await found(client) == ["1d", "2d", "3d"]
    assert (await run(client))["patterns"] == 0


@limited(retention_max_bytes=20_000)
async def test_the_oldest_beyond_so_many_bytes_of_json_go(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, 5, 1, 4, 2, 3, size=6000)
    clock.advance(days=8)
    assert (await run(client))["patterns"] == 2
    assert await found(client) == ["1d", "2d", "3d"]


@limited(retention_days=50, retention_max_patterns=4, retention_max_bytes=15_000)
async def test_ages_and_limits_work_together(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 60, 70, 1, 2, 3, 4, 5, size=6000)
    clock.advance(days=8)
    dry = await run(client, dry_run="true")
    assert dry["patterns"] == 5
    assert dry["by_type"] == {"task_completion": 5}
    assert sum(dry["by_day"].values()) == 5
    assert list(dry["by_day"]) == sorted(dry["by_day"])
    assert await total(client) == 7
    real = await run(client)
    assert real | {"dry_run": True, "bytes_after": 0} == dry | {"bytes_after": 0}
    assert await found(client) == ["1d", "2d"]


@limited(retention_max_patterns=20)
async def test_the_grace_holds_up_to_a_tenth_over_the_limit(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, *range(100, 122))
    assert (await run(client))["patterns"] == 0
    await store_aged(client, clock, 50, 51)
    assert (await run(client))["patterns"] == 2
    assert await total(client) == 22
    assert not {"121d", "120d"} & set(await found(client))
    clock.advance(days=8)
    await run(client)
    assert set(await found(client)) == {"50d", "51d"}


@limited(retention_max_bytes=70_000)
async def test_the_grace_holds_up_to_a_tenth_over_the_bytes_too(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, *range(12), size=6000)
    assert (await run(client))["patterns"] == 0
    await store_aged(client, clock, *range(12, 15), size=6000)
    assert (await run(client))["patterns"] == 3
    assert await found(client) == [f"{age}d" for age in range(12)]


@limited(retention_max_patterns=2)
async def test_far_ahead_and_long_ago_are_old_as_their_age_is_reckoned(
    client: AsyncClient, clock: Clock
) -> None:
    await store_all(client, [pattern(pattern_id="ahead", timestamp="2999-01-01")])
    clock.advance(days=5)
    await store_aged(client, clock, 0, 1, 700_000)
    clock.advance(days=8)
    report = await run(client)
    assert [*report["by_day"]] == ["0109-07-09", "2999-01-01"]
    assert await found(client) == ["0d", "1d"]


async def test_a_dry_run_says_how_many_only_their_grace_keeps(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, 0, 100, 200)
    dry = await run(client, dry_run="true")
    assert (dry["patterns"], dry["kept_by_grace"]) == (0, 2)
    stats = (await client.get("/v1/stats")).json()["retention"]
    assert (stats["due"], stats["kept_by_grace"]) == (0, 2)
    clock.advance(days=8)
    dry = await run(client, dry_run="true")
    assert (dry["patterns"], dry["kept_by_grace"]) == (2, 0)


@limited(retention_max_patterns=3)
async def test_the_statistics_and_the_tasks_say_what_the_limits_are_and_what_they_let_go(
    client: AsyncClient, clock: Clock
) -> None:
    await store_aged(client, clock, *range(5))
    clock.advance(days=8)
    told = (await client.get("/v1/stats")).json()["retention"]
    assert (told["max_patterns"], told["max_bytes"]) == (3, 0)
    assert (told["due"], told["due_by_type"]["task_completion"]) == (2, 2)
    settings = (await client.get("/v1/lifecycle")).json()["retention"]["settings"]
    assert (settings["max_patterns"], settings["max_bytes"]) == (3, 0)


@limited(retention_max_patterns=1)
async def test_no_limit_by_hand_deletes_only_by_age(client: AsyncClient, clock: Clock) -> None:
    await store_aged(client, clock, 0, 2, 9)
    assert (await run(client, older_than_days=5))["patterns"] == 1
    assert await found(client) == ["0d", "2d"]


async def test_what_retention_deletes_next_is_logged_at_the_start(
    settings: dict[str, Any], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for due in (0, 1):
        app = create_app(Settings(_env_file=None, **settings), clock)
        async with app.router.lifespan_context(app):
            async with asyncio.timeout(20):
                while not (told := [log for log in caplog.records if log.msg == "store opened"]):
                    await asyncio.sleep(0.01)
            assert told[0].__dict__["retention"]["due"] == due
            transport = httpx.ASGITransport(app)
            async with AsyncClient(transport=transport, base_url="http://localhost") as client:
                await client.put("/v1/patterns/old", json=pattern(timestamp="2001-01-01"))
        caplog.clear()
        clock.advance(days=8)
