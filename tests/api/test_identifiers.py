"""Ids: 1-128 letters, digits and `._:@+-`, beginning with a letter or a digit."""

from urllib.parse import quote

import pytest
from httpx import AsyncClient

from tests.api.answers import found, places, problem, store, total
from tests.patterns import pattern

GOOD = [
    "a",
    "0",
    "pat-20251129-100000-001",
    "trace:span",
    "0197c2f0-5f0e-7c2a-9a35-2f4a8c3f1b7d",
    "A.b_c:d@e+f-g",
    "a..b",
    "batch",
    "x" * 128,
]

BAD = [
    "",
    " ",
    ".",
    "..",
    ".hidden",
    "_a",
    "-a",
    ":a",
    "@a",
    "+a",
    "a/b",
    "a/",
    "/a",
    "../../etc/passwd",
    "a\\b",
    "a%2Fb",
    "%61",
    "a b",
    " a",
    "a ",
    "a\n",
    "a\x00",
    "a?b",
    "a#b",
    "a*",
    "a,b",
    "a~b",
    'a"b',
    "ä",
    "٣",
    "ａ",
    "🙂",
    "x" * 129,
    "x" * 200,
]


@pytest.mark.parametrize("pattern_id", GOOD)
async def test_a_good_id_works_in_every_place(client: AsyncClient, pattern_id: str) -> None:
    created = await client.post("/v1/patterns", json=pattern(pattern_id=pattern_id))
    assert created.status_code == 201
    path = created.headers["location"]
    assert path == f"/v1/patterns/{pattern_id}", "safe in a URL as it is"
    assert (await client.get(path)).json() == created.json()
    assert (await client.get(f"/v1/patterns/{quote(pattern_id, safe='')}")).status_code == 200
    assert (await client.head(path)).status_code == 200
    assert await found(client, pattern_id=pattern_id) == [pattern_id]
    patched = await client.patch(path, json={"context": {"session_id": "s"}})
    assert patched.status_code == 200
    assert (await client.put(path, json=patched.json())).json() == patched.json()
    assert (await client.delete(path)).status_code == 204
    assert (await client.put(path, json=pattern())).status_code == 201


@pytest.mark.parametrize("pattern_id", BAD)
async def test_a_bad_id_is_refused_in_a_body(client: AsyncClient, pattern_id: str) -> None:
    refused = await client.post("/v1/patterns", json=pattern(pattern_id=pattern_id))
    assert places(refused) == ["/pattern_id"]
    batch = (await client.post("/v1/patterns/batch", json=[pattern(pattern_id=pattern_id)])).json()
    assert batch["rejected"] == 1
    assert batch["errors"][0]["pattern_id"] == pattern_id
    assert await total(client) == 0


@pytest.mark.parametrize("pattern_id", [bad for bad in BAD if bad])
async def test_a_bad_id_in_a_path_stores_nothing_and_finds_nothing(
    client: AsyncClient, pattern_id: str
) -> None:
    path = f"/v1/patterns/{quote(pattern_id, safe='').replace('.', '%2E')}"
    put = await client.put(path, json=pattern())
    if "/" in pattern_id:  # another path, where nothing is
        problem(put, 404)
    else:
        assert places(put) == ["pattern_id"]
    for method in ("GET", "DELETE"):
        problem(await client.request(method, path), 404)
    problem(await client.patch(path, json={}), 404)
    assert await total(client) == 0


async def test_an_id_made_by_the_server_sorts_by_the_time_it_was_made(client: AsyncClient) -> None:
    made = [(await store(client, pattern()))["pattern_id"] for _ in range(5)]
    assert made == sorted(made)
    assert len(set(made)) == 5


async def test_letters_differ_by_their_case(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="Case"))
    await store(client, pattern(pattern_id="case"))
    assert await found(client, pattern_id="case") == ["case"]
    problem(await client.get("/v1/patterns/CASE"), 404)
