"""A retry is safe: the same again is stored once, another content under its id is refused."""

import asyncio
import json
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, places, problem, store, store_all, total
from tests.conftest import Clock
from tests.patterns import pattern

POSTED = pattern(
    "error_occurrence",
    pattern_id="e1",
    timestamp="2025-11-29T10:00:00Z",
    data={"line_number": 7, "more": {"a": 1, "b": [1, 2]}},
    context={"tags": ["x", "y"]},
)
KEY = {"Idempotency-Key": "hook-17/attempt"}


def reordered(value: Any) -> Any:
    """The same JSON with the members of each object the other way round."""
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "again",
    [
        json.dumps(POSTED),
        json.dumps(POSTED, indent=4),
        json.dumps(reordered(POSTED), separators=(",", ":")),
        json.dumps(POSTED).replace("TypeError", "\\u0054ypeError"),
        json.dumps(POSTED | {"timestamp": "2025-11-29T12:00:00.000+02:00"}),
        json.dumps(POSTED | {"version": "1.0"}),
        json.dumps(POSTED | {"stored": {"seq": 9}}),
    ],
    ids=["bytes", "spaces", "order", "escapes", "offset", "default", "stored"],
)
async def test_the_same_pattern_again_is_answered_200_and_stored_once(
    client: AsyncClient, again: str
) -> None:
    created = await client.post("/v1/patterns", json=POSTED)
    assert created.status_code == 201
    assert created.headers["location"] == "/v1/patterns/e1"
    retried = await client.post("/v1/patterns", content=again, headers=JSON)
    assert retried.status_code == 200
    assert retried.json() == created.json()
    assert retried.headers["etag"] == created.headers["etag"]
    assert "location" not in retried.headers
    batch = await client.post("/v1/patterns/batch", content=f"[{again}]", headers=JSON)
    assert batch.json()["duplicates"] == 1
    assert await total(client) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"data": {"error_type": "TypeError", "error_message": "another"}},
        {"timestamp": "2025-11-29T10:00:01Z"},
        {"context": {"tags": ["y", "x"]}},
        {"context": {}},
        {"version": "1.1"},
        {"unknown": None},
        pattern(),
    ],
)
async def test_another_content_under_the_id_is_a_conflict(
    client: AsyncClient, other: dict[str, Any]
) -> None:
    stored = await store(client, POSTED)
    refused = problem(await client.post("/v1/patterns", json=POSTED | other), 409)
    assert "e1" in refused["detail"]
    assert (await client.get("/v1/patterns/e1")).json() == stored


async def test_a_retry_without_a_time_is_the_same_pattern(
    client: AsyncClient, clock: Clock
) -> None:
    stored = await store(client, pattern(pattern_id="a"))
    clock.advance(days=1)
    retried = await client.post("/v1/patterns", json=pattern(pattern_id="a"))
    assert retried.status_code == 200
    assert retried.json() == stored


@pytest.mark.parametrize("posted", [POSTED, pattern("error_occurrence", pattern_id="e1")])
async def test_a_retry_after_a_change_does_not_undo_it(
    client: AsyncClient, posted: dict[str, Any]
) -> None:
    await store(client, posted)
    patched = await client.patch("/v1/patterns/e1", json={"data": {"resolution": "an int"}})
    put = await client.put(
        "/v1/patterns/e1", json=patched.json() | {"context": {"session_id": "s"}}
    )
    for again in (posted, put.json()):
        retried = await client.post("/v1/patterns", json=again)
        assert retried.status_code == 200
        assert retried.json() == put.json()
        assert (await client.post("/v1/patterns/batch", json=[again])).json()["duplicates"] == 1
    in_between = patched.json()
    problem(await client.post("/v1/patterns", json=in_between), 409)


async def test_after_a_deletion_the_id_is_free(client: AsyncClient) -> None:
    first = await store(client, POSTED)
    await client.delete("/v1/patterns/e1")
    second = await store(client, POSTED | {"version": "2"})
    assert second["stored"]["seq"] > first["stored"]["seq"] + 1, "the deletion took one"
    assert second["stored"]["revision"] == 1


async def test_a_key_makes_a_retry_without_an_id_safe(client: AsyncClient, clock: Clock) -> None:
    created = await client.post("/v1/patterns", json=pattern(), headers=KEY)
    clock.advance(days=1)
    retried = await client.post("/v1/patterns", json=pattern(), headers=KEY)
    assert (created.status_code, retried.status_code) == (201, 200)
    assert retried.json() == created.json()
    other = pattern(data={"duration_ms": 1})
    problem(await client.post("/v1/patterns", json=other, headers=KEY), 409)
    another_key = {"Idempotency-Key": "hook-18"}
    assert (await client.post("/v1/patterns", json=other, headers=another_key)).status_code == 201
    assert await total(client) == 2


async def test_a_key_leaves_an_id_alone(client: AsyncClient) -> None:
    for pattern_id in ("a", "b"):
        posted = pattern(pattern_id=pattern_id)
        created = await client.post("/v1/patterns", json=posted, headers=KEY)
        assert created.status_code == 201
        assert created.json()["pattern_id"] == pattern_id


async def test_without_key_and_id_each_post_is_a_pattern_of_its_own(client: AsyncClient) -> None:
    ids = {(await store(client, pattern()))["pattern_id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256, "a\tb"])
@pytest.mark.parametrize("path", ["/v1/patterns", "/v1/patterns/batch"])
async def test_what_cannot_be_a_key_is_refused(client: AsyncClient, key: str, path: str) -> None:
    headers = [(b"Idempotency-Key", key.encode())]
    assert places(await client.post(path, json=pattern(), headers=headers)) == ["Idempotency-Key"]


async def test_two_keys_are_refused(client: AsyncClient) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    refused = await client.post("/v1/patterns", json=pattern(), headers=headers)
    assert places(refused) == ["Idempotency-Key"]


async def test_the_same_batch_again_stores_nothing_twice(client: AsyncClient) -> None:
    batch = [pattern(pattern_id=f"p{n}", data={"retry_count": n}) for n in range(30)]
    await store_all(client, batch)
    again = await client.post("/v1/patterns/batch", json=batch)
    assert again.status_code == 200
    assert again.json() | {"received": 30, "stored": 0, "duplicates": 30} == again.json()
    assert await total(client) == 30


async def test_a_key_makes_a_batch_without_ids_safe_item_by_item(client: AsyncClient) -> None:
    batch = [pattern(data={"retry_count": 1}), pattern(), pattern()]
    first = await client.post("/v1/patterns/batch", json=batch, headers=KEY)
    assert first.json()["stored"] == 3, "equal items are items of their own"
    longer = [*batch, pattern(data={"retry_count": 4})]
    again = await client.post("/v1/patterns/batch", json=longer, headers=KEY)
    assert (again.json()["stored"], again.json()["duplicates"]) == (1, 3)
    single = await client.post("/v1/patterns", json=batch[0], headers=KEY)
    assert single.status_code == 201, "a single POST is no first item of a batch"


async def test_fifty_retries_at_once_store_once(client: AsyncClient) -> None:
    posts = [client.post("/v1/patterns", json=POSTED) for _ in range(50)]
    batches = [client.post("/v1/patterns/batch", json=[POSTED, POSTED]) for _ in range(5)]
    answers = await asyncio.gather(*posts, *batches)
    statuses = [answer.status_code for answer in answers[:50]]
    stored = sum(answer.json()["stored"] for answer in answers[50:])
    assert set(statuses) <= {200, 201}
    assert statuses.count(201) + stored == 1
    assert len({answer.content for answer in answers[:50]}) == 1
    assert await total(client) == 1


async def test_of_fifty_contents_for_one_id_one_wins(client: AsyncClient) -> None:
    posts = [
        client.post("/v1/patterns", json=pattern(pattern_id="a", data={"retry_count": n}))
        for n in range(50)
    ]
    answers = await asyncio.gather(*posts)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    (winner,) = [answer for answer in answers if answer.status_code == 201]
    assert (await client.get("/v1/patterns/a")).json() == winner.json()
