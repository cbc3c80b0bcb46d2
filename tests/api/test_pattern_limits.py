"""How deep, how many-membered, how many-tagged a pattern may be, and how long its names."""

import gzip
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, LINES, MERGE_PATCH, places, post_batch, problem, store, total
from tests.patterns import ndjson, pattern

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {
        "max_depth": 6, "max_values": 60, "max_tags": 3, "max_name_length": 40,
        "max_pattern_bytes": 2_000_000, "max_body_ratio": 20,
    }  # fmt: skip


def nested(depth: int) -> Any:
    """A list in a list and so on, at a depth beside the pattern's own objects."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


BEYOND: dict[str, tuple[dict[str, Any], str, str]] = {
    "depth": ({"context": {"metadata": {"a": nested(4)}}}, "", "maxDepth"),
    "values": ({"context": {"metadata": {"a": [0] * 60}}}, "", "maxProperties"),
    "tags": ({"context": {"tags": ["a", "b", "c", "d"]}}, "/context/tags", "maxItems"),
    "a tag": ({"context": {"tags": ["a", "t" * 41]}}, "/context/tags/1", "maxLength"),
    "project": ({"context": {"project_name": "p" * 41}}, "/context/project_name", "maxLength"),
    "session": ({"context": {"session_id": "s" * 41}}, "/context/session_id", "maxLength"),
    "user": ({"context": {"user_id": "u" * 41}}, "/context/user_id", "maxLength"),
}
WITHIN: dict[str, Any] = {
    "tags": ["a", "b", "t" * 40],
    "project_name": "é" * 40,
    "metadata": {"a": nested(3), "text": "[{,:" * 100, "b": [0] * 20},
}


@pytest.mark.parametrize(("members", "pointer", "code"), BEYOND.values(), ids=BEYOND)
async def test_what_is_more_is_refused_by_its_place(
    client: AsyncClient, members: dict[str, Any], pointer: str, code: str
) -> None:
    stored = await store(client, pattern(pattern_id="p"))
    refused = pattern(pattern_id="q") | members
    merged = {"context": members["context"]}
    for answer in (
        await client.post("/v1/patterns", json=refused),
        await client.put("/v1/patterns/q", json=refused),
        await client.put("/v1/patterns/p", json=refused | {"pattern_id": "p"}),
        await client.patch("/v1/patterns/p", content=json.dumps(merged), headers=MERGE_PATCH),
    ):
        assert places(answer) == [pointer]
        assert answer.json()["errors"][0]["code"] == code
    (error,) = (await post_batch(client, ndjson([refused]), LINES))["errors"]
    assert (error["status"], error["errors"][0]["code"]) == (422, code)
    checked = (await client.post("/v1/validate", json=refused)).json()
    assert [each["code"] for each in checked["errors"]] == [code]
    assert (await client.get("/v1/patterns/p")).json() == stored
    assert await total(client) == 1


async def test_what_is_as_much_comes_back(client: AsyncClient) -> None:
    stored = await store(client, pattern(pattern_id="p", context=WITHIN))
    assert stored["context"] == WITHIN | stored["context"]


async def test_patches_do_not_add_up_beyond_the_largest_pattern(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="p"))
    for name, status in (("a", 200), ("b", 413)):
        patch = json.dumps({"context": {"metadata": {name: "x" * 1_500_000}}})
        answer = await client.patch("/v1/patterns/p", content=patch, headers=MERGE_PATCH)
        assert answer.status_code == status
    assert set((await client.get("/v1/patterns/p")).json()["context"]["metadata"]) >= {"a"}


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_a_json_body_stands_for_so_many_times_its_size(
    client: AsyncClient, coding: str
) -> None:
    compress: Callable[[bytes], bytes] = gzip.compress if coding == "gzip" else zstd.compress
    headers = {"Content-Encoding": coding}
    for size, status in ((900_000, 201), (1_500_000, 413)):
        body = compress(json.dumps(pattern(x="y" * size)).encode())
        assert len(body) * 20 < size
        answer = await client.post("/v1/patterns", content=body, headers=JSON | headers)
        assert answer.status_code == status
    assert "20 times" in problem(answer, 413)["detail"]
    lines = compress(json.dumps(pattern(x="y" * 1_500_000)).encode())
    assert (await post_batch(client, lines, LINES | headers))["stored"] == 1
