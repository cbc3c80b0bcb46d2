"""Sizes: a pattern and an array have a limit, a stream of lines has none."""

import gzip
import json
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, LINES, found, post_batch, problem, store
from tests.patterns import pattern

BATCH = "/v1/patterns/batch"
GOOD = json.dumps(pattern()).encode()


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {"max_pattern_bytes": 2000, "max_body_bytes": 10_000}


def of_size(size: int, pattern_id: str = "p") -> bytes:
    """A pattern's JSON text of exactly so many bytes."""
    empty = json.dumps(pattern(pattern_id=pattern_id, x="")).encode()
    return empty.replace(b'"x": ""', b'"x": "%b"' % (b"y" * (size - len(empty))))


@pytest.mark.parametrize("headers", [JSON, LINES], ids=["array", "lines"])
async def test_an_item_that_is_too_large_costs_only_itself(
    client: AsyncClient, headers: dict[str, str]
) -> None:
    items = [of_size(2000, "a"), of_size(2001, "b"), of_size(2000, "c")]
    body = b"[" + b",".join(items) + b"]" if headers == JSON else b"\n".join(items)
    counts = await post_batch(client, body, headers)
    (error,) = counts["errors"]
    assert (error["index"], error["status"]) == (1, 413)
    assert "2000" in error["detail"]
    assert sorted(await found(client)) == ["a", "c"]


async def test_a_line_without_end_is_one_item(client: AsyncClient) -> None:
    body = GOOD + b"\n" + b"x" * 1_000_000
    counts = await post_batch(client, body, LINES)
    assert (counts["stored"], counts["errors"][0]["status"]) == (1, 413)


async def test_an_array_is_limited_and_lines_are_not(client: AsyncClient) -> None:
    items = [of_size(1000, f"p{n}") for n in range(30)]
    refused = problem(
        await client.post(BATCH, content=b"[" + b",".join(items) + b"]", headers=JSON), 413
    )
    assert refused["stored"] == 0
    assert (await post_batch(client, b"\n".join(items), LINES))["stored"] == 30


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_single_pattern_is_limited_alike(client: AsyncClient, method: str) -> None:
    path = "/v1/patterns" if method == "POST" else "/v1/patterns/p"
    if method == "PATCH":
        await store(client, pattern(pattern_id="p"))
    for size, status in ((2000, "2"), (2001, "4")):
        body = of_size(size)
        response = await client.request(method, path, content=body, headers=JSON)
        assert str(response.status_code)[0] == status
    problem(response, 413)


@pytest.mark.parametrize("path", ["/v1/patterns", "/v1/validate", "/v1/patterns/batch"])
async def test_a_body_is_as_large_as_what_it_stands_for(client: AsyncClient, path: str) -> None:
    bomb = gzip.compress(b"[" + b" " * 10_000_000 + b"]")
    assert len(bomb) < 10_000
    headers = JSON | {"Content-Encoding": "gzip"}
    problem(await client.post(path, content=bomb, headers=headers), 413)
