"""PUT creates a pattern under an id, or replaces it; a replacement is a new revision."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import exactly, places, problem, store, total, without
from tests.conftest import Clock
from tests.patterns import pattern

FIRST = pattern(
    pattern_id="a",
    timestamp="2025-11-29T10:00:00Z",
    data={"files_created": 3, "unknown": [1]},
    context={"tags": ["old"], "project_name": "p"},
    beside=True,
)


async def test_put_creates_a_pattern_under_the_id_of_the_path(client: AsyncClient) -> None:
    created = await client.put("/v1/patterns/a", json=pattern())
    assert created.status_code == 201
    assert created.headers["location"] == "/v1/patterns/a"
    assert created.headers["etag"] == '"1-1"'
    assert created.json()["pattern_id"] == "a"
    assert (await client.get("/v1/patterns/a")).json() == created.json()


async def test_put_replaces_the_whole_content(client: AsyncClient, clock: Clock) -> None:
    stored = await store(client, FIRST)
    clock.advance(days=3)
    second = pattern(data={"agent": "tester"}, context={"tags": ["new"]}, version="2")
    replaced = await client.put("/v1/patterns/a", json=second)
    assert replaced.status_code == 200
    assert "location" not in replaced.headers
    now = replaced.json()
    assert exactly(now["data"]) == exactly(second["data"])
    assert now["context"] == {"tags": ["new"]}
    assert now["version"] == "2"
    assert "beside" not in now
    assert now["timestamp"] == stored["timestamp"], "absent, it stays"
    assert now["stored"] == {
        "at": stored["stored"]["at"],
        "seq": stored["stored"]["seq"] + 1,
        "revision": 2,
    }
    assert replaced.headers["etag"] == '"2-2"'
    assert (await client.get("/v1/patterns/a")).json() == now
    assert await total(client) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"pattern_id": "b"}, "/pattern_id"),
        ({"pattern_id": "A"}, "/pattern_id"),
        (pattern("error_occurrence"), "/pattern_type"),
        ({"timestamp": "2025-11-29T10:00:00.000001Z"}, "/timestamp"),
        ({"timestamp": "2025-11-29T10:00:00+01:00"}, "/timestamp"),
    ],
)
async def test_id_type_and_time_never_change(
    client: AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    stored = await store(client, FIRST)
    assert places(await client.put("/v1/patterns/a", json=FIRST | change)) == [pointer]
    assert (await client.get("/v1/patterns/a")).json() == stored
    assert await total(client) == 1


async def test_a_new_pattern_must_not_name_another_id_than_its_path(client: AsyncClient) -> None:
    refused = await client.put("/v1/patterns/b", json=pattern(pattern_id="a"))
    assert places(refused) == ["/pattern_id"]
    assert await total(client) == 0


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"data": {}}, "/data/task_type"),
        ({"data": None}, "/data"),
        ({"context": None}, "/context"),
        ({"version": 2}, "/version"),
        ({"timestamp": "then"}, "/timestamp"),
        ({"context": {"environment": "prod"}}, "/context/environment"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_content_that_is_not_valid_changes_nothing(
    client: AsyncClient, is_there: bool, change: dict[str, Any], pointer: str
) -> None:
    stored = await store(client, FIRST) if is_there else None
    assert pointer in places(await client.put("/v1/patterns/a", json=FIRST | change))
    found = await client.get("/v1/patterns/a")
    assert found.json() == stored if is_there else problem(found, 404)


async def test_the_same_content_again_keeps_revision_and_seq(client: AsyncClient) -> None:
    stored = await store(client, FIRST)
    same = [
        FIRST,
        stored,
        without(FIRST, "timestamp", "pattern_id"),
        FIRST | {"timestamp": "2025-11-29T11:00:00.000000000+01:00"},
        FIRST | {"stored": {"revision": 7}},
    ]
    for again in same:
        put = await client.put("/v1/patterns/a", json=again)
        assert put.status_code == 200
        assert put.json() == stored


async def test_true_is_another_content_than_one(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="a", x=1))
    put = await client.put("/v1/patterns/a", json=pattern(x=True))
    assert put.json()["x"] is True
    assert put.json()["stored"]["revision"] == 2


async def test_a_replaced_pattern_is_found_by_what_it_holds_now(client: AsyncClient) -> None:
    await store(client, FIRST)
    await client.put("/v1/patterns/a", json=FIRST | {"context": {"tags": ["new"]}})
    for filters, expected in (
        ({"tags": "new"}, 1),
        ({"tags": "old"}, 0),
        ({"project_name": "p"}, 0),
        ({"agent": "developer"}, 1),
    ):
        answer = (await client.get("/v1/count", params=filters)).json()
        assert answer["count"] == expected, filters
