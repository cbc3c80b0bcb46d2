"""The service answers."""

import httpx

from tests.patterns import pattern


async def test_a_posted_pattern_comes_back(client: httpx.AsyncClient) -> None:
    posted = pattern("error_occurrence", pattern_id="e1")
    created = await client.post("/v1/patterns", json=posted)
    assert created.status_code == 201
    found = (await client.get("/v1/patterns/e1")).json()
    assert found["data"] == posted["data"]
