"""Asking the service, and reading what it answers."""

import json
from typing import Any

from httpx import URL, AsyncClient, Response

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


def problem(response: Response, status: int) -> dict[str, Any]:
    """The body of an error, which has every member that an error must have."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:pattern-store:problem:")
    assert body["title"]
    assert body["detail"]
    assert body["instance"].isascii()
    assert URL(body["instance"]).path == response.request.url.path
    return body


def places(response: Response) -> list[str]:
    """Where a 422 says that something is to be changed: pointers, parameters, headers."""
    found = []
    for error in problem(response, 422)["errors"]:
        (kind,) = {"pointer", "parameter", "header"} & error.keys()
        assert error["code"]
        assert error["detail"]
        found.append(error[kind])
    return found


async def store(client: AsyncClient, pattern: dict[str, Any]) -> dict[str, Any]:
    """Post a pattern that is not there yet; the stored one."""
    response = await client.post("/v1/patterns", json=pattern)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def store_all(client: AsyncClient, patterns: list[dict[str, Any]]) -> None:
    """Post patterns of which none is there yet."""
    response = await client.post("/v1/patterns/batch", json=patterns)
    assert response.json()["stored"] == len(patterns), response.text


async def post_batch(client: AsyncClient, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """Post a batch that can be read; its counts, which add up."""
    response = await client.post("/v1/patterns/batch", content=body, headers=headers)
    counts: dict[str, Any] = response.json()
    assert response.status_code == (207 if counts["rejected"] else 200), response.text
    assert counts["received"] == counts["stored"] + counts["duplicates"] + counts["rejected"]
    return counts


async def total(client: AsyncClient) -> int:
    """How many patterns there are."""
    count: int = (await client.get("/v1/count")).json()["count"]
    return count


async def found(client: AsyncClient, **filters: Any) -> list[str]:
    """The ids that a query finds, in its order."""
    response = await client.get("/v1/patterns", params=filters)
    assert response.status_code == 200, response.text
    return [item["pattern_id"] for item in response.json()["items"]]


def exactly(value: Any) -> str:
    """A value as text that differs wherever two values do: `1`, `1.0` and `true` are three."""
    return json.dumps(value, sort_keys=True)


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """The same object without some members."""
    return {name: member for name, member in value.items() if name not in names}
