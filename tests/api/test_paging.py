"""Pages: each match exactly once, whatever is written meanwhile, until `next_cursor` is null."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import store, store_all
from tests.patterns import pattern

DAYS = [f"2026-01-{day:02}T00:00:00Z" for day in (1, 1, 1, 2, 3, 3, 4, 5, 5, 5, 5, 6)]
CORPUS = [
    pattern(pattern_id=f"p{n:02}", timestamp=day, context={"tags": ["odd" if n % 2 else "even"]})
    for n, day in enumerate(DAYS)
]
IDS = [posted["pattern_id"] for posted in CORPUS]


async def follow(
    client: AsyncClient,
    params: dict[str, Any],
    between: Callable[[], Awaitable[None]] | None = None,
) -> list[list[str]]:
    """The ids of each page, the next one always asked for by the Link header."""
    response = await client.get("/v1/patterns", params=params)
    pages = []
    while True:
        assert response.status_code == 200, response.text
        page = response.json()
        assert page.keys() == {"items", "next_cursor"}
        pages.append([item["pattern_id"] for item in page["items"]])
        if page["next_cursor"] is None:
            assert "link" not in response.headers
            return pages
        assert response.links["next"]["rel"] == "next"
        if between is not None:
            await between()
        response = await client.get(response.links["next"]["url"])


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("limit", [1, 2, 5, 11, 12, 13, 1000])
async def test_the_link_header_leads_through_all_pages(
    client: AsyncClient, order: str, limit: int
) -> None:
    await store_all(client, CORPUS)
    pages = await follow(client, {"order": order, "limit": limit})
    expected = IDS if order == "oldest" else IDS[::-1]
    assert [name for page in pages for name in page] == expected
    assert all(len(page) <= limit for page in pages)


@pytest.mark.parametrize(
    "filters",
    [
        {"tags": "odd"},
        {"any_tags": ["odd", "even"]},
        {"pattern_type": ["task_completion", "agent_usage"], "start_date": "2026-01-01"},
        {"pattern_id": IDS[::-1]},
        {"agent": "developer", "end_date": "2026-01-05T00:00:00+00:00"},
    ],
)
async def test_pages_keep_to_their_filters(client: AsyncClient, filters: dict[str, Any]) -> None:
    await store_all(client, CORPUS)
    whole = await follow(client, {**filters, "limit": 1000})
    pages = await follow(client, {**filters, "limit": 2})
    assert len(pages) > 1
    assert [name for page in pages for name in page] == whole[0]


async def test_a_store_without_matches_has_one_empty_page(client: AsyncClient) -> None:
    assert (await client.get("/v1/patterns")).json() == {"items": [], "next_cursor": None}
    await store_all(client, CORPUS)
    none = await client.get("/v1/patterns", params={"tags": "none"})
    assert none.json() == {"items": [], "next_cursor": None}


async def test_without_a_limit_a_page_has_a_hundred(client: AsyncClient) -> None:
    await store_all(client, [pattern() for _ in range(101)])
    assert [len(page) for page in await follow(client, {})] == [100, 1]


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_what_is_there_throughout_appears_once_whatever_is_written(
    client: AsyncClient, order: str
) -> None:
    await store_all(client, CORPUS)
    steps = 0

    async def write() -> None:
        nonlocal steps
        steps += 1
        for day in ("2025-12-31", "2026-01-03", "2026-01-05T00:00:00Z", "2026-02-01"):
            await store(client, pattern(timestamp=day))
        await client.patch(f"/v1/patterns/{IDS[steps]}", json={"data": {"retry_count": steps}})
        await client.put(
            "/v1/patterns/p08", json=CORPUS[8] | {"data": pattern(data={"x": steps})["data"]}
        )
        if steps == 2:
            await client.delete("/v1/patterns/p07")

    pages = await follow(client, {"order": order, "limit": 3}, write)
    seen = [name for page in pages for name in page if name in IDS]
    stayed = [name for name in IDS if name != "p07"]
    assert [name for name in seen if name != "p07"] == (
        stayed if order == "oldest" else stayed[::-1]
    )
    assert seen.count("p07") <= 1


async def test_a_cursor_goes_on_after_its_pattern_is_deleted(client: AsyncClient) -> None:
    await store_all(client, CORPUS)
    first = (await client.get("/v1/patterns", params={"limit": 4, "order": "oldest"})).json()
    await client.delete(f"/v1/patterns/{first['items'][-1]['pattern_id']}")
    rest = await client.get(
        "/v1/patterns", params={"order": "oldest", "cursor": first["next_cursor"]}
    )
    assert [item["pattern_id"] for item in rest.json()["items"]] == IDS[4:]


async def test_a_page_of_large_patterns_holds_fewer(client: AsyncClient) -> None:
    large = [
        pattern(pattern_id=f"p{n}", data={"blob": "x" * 3_000_000}, timestamp=f"2026-01-0{n}")
        for n in range(1, 6)
    ]
    for posted in large:
        await store(client, posted)
    await store_all(client, [pattern(pattern_id=f"q{n}", timestamp="2025-01-01") for n in range(9)])
    pages = await follow(client, {"limit": 1000})
    assert len(pages) > 1
    assert all(len(page) >= 1 for page in pages)
    assert sorted(name for page in pages for name in page) == [
        *(f"p{n}" for n in range(1, 6)),
        *(f"q{n}" for n in range(9)),
    ]
