"""DELETE takes one pattern away, for good."""

import asyncio

from httpx import AsyncClient

from tests.api.answers import found, problem, store, total
from tests.patterns import pattern


async def test_a_deleted_pattern_is_gone_from_everywhere(client: AsyncClient) -> None:
    await store(client, pattern("error_occurrence", pattern_id="a", context={"tags": ["t"]}))
    await store(client, pattern("error_occurrence", pattern_id="b", context={"tags": ["t"]}))
    deleted = await client.delete("/v1/patterns/a")
    assert deleted.status_code == 204
    assert deleted.content == b""
    for method in ("GET", "HEAD"):
        assert (await client.request(method, "/v1/patterns/a")).status_code == 404
    for filters in ({}, {"tags": "t"}, {"q": "cannot add"}, {"error_type": "TypeError"}):
        assert await found(client, **filters) == ["b"]
    assert await found(client, pattern_id="a") == []
    assert await total(client) == 1
    assert '"a"' not in (await client.get("/v1/export")).text


async def test_what_is_not_there_cannot_be_deleted(client: AsyncClient) -> None:
    problem(await client.delete("/v1/patterns/a"), 404)
    await store(client, pattern(pattern_id="a"))
    await client.delete("/v1/patterns/a")
    problem(await client.delete("/v1/patterns/a"), 404)


async def test_of_many_deletions_at_once_one_succeeds(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="a"))
    answers = await asyncio.gather(*[client.delete("/v1/patterns/a") for _ in range(10)])
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 9


async def test_what_is_gone_cannot_be_patched_back(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="a"))
    await client.delete("/v1/patterns/a")
    problem(await client.patch("/v1/patterns/a", json={"x": 1}), 404)
    assert (await client.put("/v1/patterns/a", json=pattern())).status_code == 201
