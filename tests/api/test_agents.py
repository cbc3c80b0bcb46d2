"""`GET /v1/stats/agents`: how each agent does."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import MERGE_PATCH, places, store_all
from tests.patterns import pattern

AGENTS = "/v1/stats/agents"
SECONDS = 20


async def asked(client: AsyncClient, **params: Any) -> Any:
    response = await client.get(AGENTS, params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def counts(client: AsyncClient, **params: Any) -> dict[str, int]:
    """The patterns of each agent, in the answer's order."""
    return {each["agent"]: each["patterns"] for each in (await asked(client, **params))["agents"]}


def work(agent: str, duration: int = 2500, *, success: bool = True, **members: Any) -> Any:
    """A task that an agent completed."""
    data = {"agent": agent, "duration_ms": duration, "success": success}
    return pattern(data=data, **members)


async def test_an_empty_store(client: AsyncClient) -> None:
    answer = await asked(client)
    assert (answer["agents"], answer["agents_omitted"]) == ([], 0)


async def test_each_agent_is_told_of_the_most_used_first(client: AsyncClient) -> None:
    correction = pattern("user_correction", data={"agent": "slow"})
    await store_all(
        client,
        [
            *(work("quick", duration, success=duration < 30) for duration in (40, 20, 10, 30)),
            work("slow", 7_000_000),
            correction,
            pattern("agent_usage", data={"agent_type": "slow", "duration_ms": 5}),
            pattern("error_occurrence"),
            pattern("user_correction", data={"agent": "idle"}),
        ],
    )
    quick, slow, idle = (await asked(client))["agents"]
    assert quick == {
        "agent": "quick",
        "patterns": 4,
        "by_type": {"task_completion": 4},
        "succeeded": 2,
        "failed": 2,
        "success_rate": 0.5,
        "duration_ms": {"known": 4, "min": 10, "p50": 20, "p95": 40, "max": 40},
    }
    assert slow["by_type"] == {"agent_usage": 1, "task_completion": 1, "user_correction": 1}
    assert (slow["succeeded"], slow["failed"], slow["success_rate"]) == (2, 0, 1.0)
    assert slow["duration_ms"] == {
        "known": 2,
        "min": 5,
        "p50": 5,
        "p95": pytest.approx(7_000_000, rel=0.01),
        "max": 7_000_000,
    }
    assert (idle["success_rate"], idle["duration_ms"]) == (None, None)


async def test_without_dates_it_is_the_last_seven_days_and_says_so(
    client: AsyncClient,
) -> None:
    times = ("2026-01-08T11:59:59Z", "2026-01-08T12:00:01Z", "2026-01-15T11:59:59Z", "2026-01-16")
    await store_all(client, [work(time[:13], timestamp=time) for time in times])
    answer = await asked(client)
    assert [each["agent"] for each in answer["agents"]] == ["2026-01-08T12", "2026-01-15T11"]
    assert answer["start_date"].startswith("2026-01-08T12:00:00.")
    assert answer["end_date"].startswith("2026-01-15T12:00:00.")
    assert answer["quantile_error"] == 0.01


async def test_with_one_date_the_other_end_is_open(client: AsyncClient) -> None:
    await store_all(client, [work(f"in{year}", timestamp=f"{year:04}-06-01") for year in (1, 9999)])
    await store_all(client, [work("in2026", timestamp="2026-01-10T23:59:59.999999Z")])
    until = await asked(client, end_date="2026-01-10")
    assert (until["start_date"], until["end_date"]) == (None, "2026-01-10T23:59:59.999999Z")
    assert {each["agent"] for each in until["agents"]} == {"in1", "in2026"}
    since = await asked(client, start_date="2026-01-10")
    assert (since["start_date"], since["end_date"]) == ("2026-01-10T00:00:00.000000Z", None)
    assert {each["agent"] for each in since["agents"]} == {"in9999", "in2026"}


async def test_the_filters_of_a_query_hold(client: AsyncClient) -> None:
    context = {"project_name": "checkout", "tags": ["backend"]}
    await store_all(client, [work("a", context=context), work("a"), work("b", 9, success=False)])
    assert await counts(client) == {"a": 2, "b": 1}
    assert await counts(client, project_name="checkout") == {"a": 1}
    assert await counts(client, tags="backend") == {"a": 1}
    assert await counts(client, any_tags=["backend", "frontend"]) == {"a": 1}
    assert await counts(client, agent="b") == {"b": 1}
    assert await counts(client, max_duration_ms=9) == {"b": 1}
    assert await counts(client, success="true") == {"a": 2}
    assert await counts(client, pattern_type="agent_usage") == {}


async def test_the_rarest_agents_are_left_out_beyond_the_limit(client: AsyncClient) -> None:
    await store_all(client, [work(name) for name in "abbccc"])
    answer = await asked(client, limit=2)
    assert [each["agent"] for each in answer["agents"]] == ["c", "b"]
    assert answer["agents_omitted"] == 1


@pytest.mark.parametrize(
    "query",
    ["agents=x", "limit=0", "limit=1001", "agent=", "start_date=soon", "order=newest", "cursor=x"],
)
async def test_parameters_are_checked(client: AsyncClient, query: str) -> None:
    refused = await client.get(f"{AGENTS}?{query}")
    assert set(places(refused)) == {query.partition("=")[0]}


class TestWithSummaries:
    """The same, with what has ended summarised every moment."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"summary_interval_seconds": 0.02}

    async def test_they_are_made_by_themselves_and_answers_are_never_stale(
        self, client: AsyncClient
    ) -> None:
        await store_all(
            client,
            [
                work("a", pattern_id=f"a{n}", timestamp=f"2026-01-{10 + n % 4}T10:00:00Z")
                for n in range(80)
            ],
        )
        await self.summarised(client, 8)
        assert await counts(client) == {"a": 80}
        await client.patch("/v1/patterns/a0", json={"data": {"agent": "b"}}, headers=MERGE_PATCH)
        assert await counts(client) == {"a": 79, "b": 1}
        await client.put("/v1/patterns/a1", json=work("b", timestamp="2026-01-11T10:00:00Z"))
        await client.delete("/v1/patterns/a2")
        await store_all(client, [work("a", timestamp="2026-01-13T10:59:59Z")])
        assert await counts(client) == {"a": 78, "b": 2}
        assert await counts(client, start_date="2026-01-12", end_date="2026-01-12") == {"a": 19}
        await client.post("/v1/lifecycle/compression?older_than_days=1")
        assert await counts(client) == {"a": 78, "b": 2}
        await client.post("/v1/lifecycle/retention?older_than_days=4")
        assert await counts(client) == {"a": 40}

    async def summarised(self, client: AsyncClient, expected: int) -> None:
        """Wait until so many hours and days were summarised by one run or several."""
        seen: dict[str, int] = {}
        async with asyncio.timeout(SECONDS):
            while sum(seen.values()) < expected:
                task = (await client.get("/v1/lifecycle")).json()["summaries"]
                assert (task["settings"], task["interval_seconds"]) == ({}, 0.02)
                if (run := task["last_run"]) is not None:
                    assert run["error"] is None
                    seen[run["started_at"]] = run["result"]["summarised"]
                await asyncio.sleep(0.001)
