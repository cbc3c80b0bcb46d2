"""More searches than there are readers for: those that would wait long are refused."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import problem, store_all
from tests.generated import generated

NOTHING = {"min_duration_ms": 10**9}
"""Passed by no pattern, which only a look at each of them tells."""


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {"readers": 1, "max_concurrent_requests": 2_000}


async def test_searches_that_would_wait_long_are_refused_and_others_answered(
    client: AsyncClient,
) -> None:
    await store_all(client, [*generated(6_000)])
    number, refused = 100, 0
    while not refused:
        assert number <= 2_000
        searches = [client.get("/v1/count", params=NOTHING) for _ in range(number)]
        answers = await asyncio.gather(*searches)
        statuses = [answer.status_code for answer in answers]
        assert 200 in statuses
        assert set(statuses) <= {200, 429}
        refused, number = statuses.count(429), number * 2
    for answer in answers:
        if answer.status_code == 429:
            assert problem(answer, 429)["type"] == "urn:pattern-store:problem:overloaded"
            assert int(answer.headers["retry-after"]) > 0
    assert (await client.get("/v1/count", params=NOTHING)).json()["count"] == 0
