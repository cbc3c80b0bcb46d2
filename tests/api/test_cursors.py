"""Cursors: opaque, and bound to the query they come from."""

import base64
import json
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.api.answers import places, store_all
from tests.patterns import pattern

CORPUS = [
    pattern(pattern_id=f"p{n}", timestamp=f"2026-01-0{n}", context={"tags": ["odd", "even"][:n]})
    for n in range(1, 7)
]


async def cursor_of(client: AsyncClient, **params: Any) -> str:
    await store_all(client, CORPUS)
    cursor = (await client.get("/v1/patterns", params={"limit": 2, **params})).json()["next_cursor"]
    assert isinstance(cursor, str)
    return cursor


async def ask(client: AsyncClient, **params: Any) -> Response:
    return await client.get("/v1/patterns", params=params)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"tags": "even"},
        {"tags": ["odd", "even"]},
        {"any_tags": "odd"},
        {"tags": "odd", "order": "oldest"},
        {"tags": "odd", "start_date": "2026-01-01"},
        {"tags": "odd", "q": "x"},
    ],
)
async def test_a_cursor_is_bound_to_its_filters_and_order(
    client: AsyncClient, other: dict[str, Any]
) -> None:
    cursor = await cursor_of(client, tags="odd")
    assert places(await ask(client, cursor=cursor, **other)) == ["cursor"]
    assert (await ask(client, cursor=cursor, tags="odd", limit=7)).status_code == 200


async def test_filters_may_be_spelt_another_way(client: AsyncClient) -> None:
    cursor = await cursor_of(client, start_date="2026-01-02", tags="odd")
    same = {"tags": "odd", "start_date": "2026-01-02T02:00:00+02:00", "order": "newest"}
    assert (await ask(client, cursor=cursor, **same)).status_code == 200


NOT_MADE_HERE: list[Any] = [
    [],
    {},
    None,
    ["FINGERPRINT"],
    ["FINGERPRINT", "1", "p"],
    ["FINGERPRINT", 1.5, "p"],
    ["FINGERPRINT", True, "p"],
    ["FINGERPRINT", 2**70, "p"],
    ["FINGERPRINT", 1, 2],
    ["FINGERPRINT", 1, None],
    ["FINGERPRINT", 1, "p", "more"],
    ["FINGERPRINT", 1, "\ud800"],
    [["FINGERPRINT"], 1, "p"],
    ["other", 1, "p"],
]


@pytest.mark.parametrize("content", NOT_MADE_HERE)
async def test_a_made_up_cursor_is_refused(client: AsyncClient, content: object) -> None:
    cursor = await cursor_of(client)
    fingerprint = json.loads(base64.urlsafe_b64decode(cursor + "=="))[0]
    text = json.dumps(content).replace("FINGERPRINT", fingerprint)
    made_up = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    assert places(await ask(client, cursor=made_up)) == ["cursor"]


async def test_a_damaged_cursor_is_refused(client: AsyncClient) -> None:
    cursor = await cursor_of(client)
    damaged = [
        cursor[:-3],
        cursor[3:],
        cursor.swapcase(),
        "!" + cursor,
        f"{cursor[:9]} {cursor[9:]}",
    ]
    nested = base64.urlsafe_b64encode(b"[" * 30_000).decode()
    for text in (*damaged, nested, "x", "=", "\x00", "🙂", "[]"):
        assert places(await ask(client, cursor=text)) == ["cursor"], text[:80]
