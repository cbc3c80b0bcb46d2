"""A search that would look at too much is a 422 with a hint, and holds nobody up."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import problem, store, store_all
from tests.generated import generated
from tests.patterns import pattern

NOTHING = {"min_duration_ms": 10**9}
"""Passed by no pattern, which only a look at each of them tells."""

SEARCHES = [
    ("GET", "/v1/patterns"),
    ("GET", "/v1/count"),
    ("GET", "/v1/stats/agents?start_date=0001-01-01"),
    ("DELETE", "/v1/patterns"),
]


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {"max_query_seconds": 1e-9}


@pytest.fixture(autouse=True)
async def _many(client: AsyncClient) -> None:
    await store_all(client, [*generated(6_000)])


async def test_it_is_refused_with_a_hint_and_what_is_narrow_is_answered(
    client: AsyncClient,
) -> None:
    for method, path in SEARCHES:
        url = client.build_request(method, path).url.copy_merge_params(NOTHING)
        refused = problem(await client.request(method, url), 422)
        assert refused["type"] == "urn:pattern-store:problem:query-too-expensive"
        assert "start_date" in refused["detail"]
        assert "errors" not in refused
    stored = await store(client, pattern(pattern_id="p", context={"session_id": "s"}))
    answer = await client.get("/v1/patterns", params=NOTHING | {"session_id": "s"})
    assert answer.json()["items"] == []
    answer = await client.get("/v1/patterns", params={"session_id": "s"})
    assert answer.json()["items"] == [stored]


async def test_it_holds_nobody_up(client: AsyncClient) -> None:
    searches = [client.get("/v1/patterns", params=NOTHING) for _ in range(20)]
    others = [store(client, pattern(pattern_id=f"p{number}")) for number in range(20)]
    answers, stored = await asyncio.gather(asyncio.gather(*searches), asyncio.gather(*others))
    assert {answer.status_code for answer in answers} == {422}
    assert len(stored) == 20
    assert (await client.get("/v1/patterns/p7")).json() == stored[7]
