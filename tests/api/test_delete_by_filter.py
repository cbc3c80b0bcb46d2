"""`DELETE /v1/patterns` and `GET /v1/count`: the same filters, for many patterns at once."""

import asyncio

import pytest
from httpx import AsyncClient

from app.storage.index import reading
from tests.api.answers import found, places, problem, store, store_all, total
from tests.patterns import DATA, pattern

TEN = [
    pattern(pattern_id=f"p{n}", context={"tags": ["odd" if n % 2 else "even"]}) for n in range(10)
]


async def test_a_count_tells_types_apart(client: AsyncClient) -> None:
    empty = (await client.get("/v1/count")).json()
    assert empty == {"count": 0, "relation": "eq", "by_type": {}}
    for number, name in enumerate(DATA):
        await store_all(client, [pattern(name, context={"tags": ["t"]}) for _ in range(number + 1)])
    counted = (await client.get("/v1/count")).json()
    by_type = {name: number + 1 for number, name in enumerate(DATA)}
    assert counted == {"count": 10, "relation": "eq", "by_type": by_type}
    assert (await client.get("/v1/count", params={"tags": "t"})).json() == counted
    two = {"pattern_type": ["agent_usage", "error_occurrence"]}
    assert (await client.get("/v1/count", params=two)).json()["count"] == 5


async def test_a_count_that_would_cost_too_much_says_at_least(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store_all(client, TEN)
    monkeypatch.setattr(reading, "COUNT_LIMIT", 4)
    odd = (await client.get("/v1/count", params={"tags": "odd"})).json()
    assert odd["relation"] == "gte"
    assert odd["count"] == sum(odd["by_type"].values()) in (4, 5)
    everything = (await client.get("/v1/count")).json()
    assert (everything["relation"], everything["count"]) == ("eq", 10), "known without counting"


async def test_matching_patterns_are_deleted_and_others_stay(client: AsyncClient) -> None:
    await store_all(client, TEN)
    deleted = await client.delete("/v1/patterns", params={"tags": "odd"})
    assert deleted.status_code == 200
    assert deleted.json() == {"matched": 5, "deleted": 5}
    assert sorted(await found(client)) == ["p0", "p2", "p4", "p6", "p8"]
    again = await client.delete("/v1/patterns", params={"tags": "odd"})
    assert again.json() == {"matched": 0, "deleted": 0}


@pytest.mark.parametrize("query", ["", "?dry_run=true", "?expect=10", "?dry_run=false&expect=10"])
async def test_without_a_filter_nothing_is_deleted(client: AsyncClient, query: str) -> None:
    await store_all(client, TEN)
    refused = problem(await client.delete(f"/v1/patterns{query}"), 422)
    assert refused["errors"]
    assert await total(client) == 10


async def test_a_dry_run_only_counts(client: AsyncClient) -> None:
    await store_all(client, TEN)
    dry = await client.delete("/v1/patterns", params={"tags": "odd", "dry_run": "true"})
    assert dry.json() == {"matched": 5, "deleted": 0}
    assert await total(client) == 10


@pytest.mark.parametrize("expected", [0, 4, 6, 10])
@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_another_number_than_expected_deletes_nothing(
    client: AsyncClient, expected: int, dry_run: str
) -> None:
    await store_all(client, TEN)
    asked = f"/v1/patterns?tags=odd&expect={expected}&dry_run={dry_run}"
    refused = problem(await client.delete(asked), 412)
    assert "5" in refused["detail"]
    assert await total(client) == 10


async def test_the_expected_number_is_deleted(client: AsyncClient) -> None:
    await store_all(client, TEN)
    deleted = await client.delete("/v1/patterns", params={"tags": "odd", "expect": 5})
    assert deleted.json() == {"matched": 5, "deleted": 5}


@pytest.mark.parametrize(
    "query",
    ["expect=-1", "expect=five", "expect=", "dry_run=1", "dry_run=", "limit=1", "order=oldest"],
)
async def test_its_own_parameters_are_checked_too(client: AsyncClient, query: str) -> None:
    await store_all(client, TEN)
    refused = await client.delete(f"/v1/patterns?tags=odd&{query}")
    assert places(refused) == [query.partition("=")[0]]
    assert await total(client) == 10


async def test_what_comes_in_after_the_call_began_stays(client: AsyncClient) -> None:
    await store_all(client, [pattern(context={"tags": ["t"]}) for _ in range(1000)])

    async def post_more() -> list[str]:
        posts = [store(client, pattern(context={"tags": ["t"]}, late=True)) for _ in range(20)]
        return [stored["pattern_id"] for stored in await asyncio.gather(*posts)]

    deletion, late = await asyncio.gather(
        client.delete("/v1/patterns", params={"tags": "t"}), post_more()
    )
    assert deletion.json()["matched"] == deletion.json()["deleted"]
    left = await found(client, tags="t")
    assert len(left) == 1020 - deletion.json()["deleted"]
    assert set(left) <= set(late)


async def test_every_pattern_can_be_meant_by_saying_so(client: AsyncClient) -> None:
    await store_all(client, TEN)
    deleted = await client.delete("/v1/patterns", params={"start_date": "0001-01-01"})
    assert deleted.json() == {"matched": 10, "deleted": 10}
    assert await total(client) == 0
