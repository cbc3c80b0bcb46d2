"""An export: every match in the order of `seq`, to go on from, and deletions if asked for."""

import json
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import LINES, problem, store, store_all
from tests.patterns import DATA, pattern


async def export(client: AsyncClient, **params: Any) -> list[dict[str, Any]]:
    response = await client.get("/v1/export", params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/x-ndjson")
    assert response.text == "" or response.text.endswith("\n")
    return [json.loads(line) for line in response.text.splitlines()]


def seqs(lines: list[dict[str, Any]]) -> list[int]:
    return [line["seq"] if line.get("deleted") else line["stored"]["seq"] for line in lines]


async def test_an_empty_store_exports_nothing(client: AsyncClient) -> None:
    assert await export(client) == []
    assert await export(client, after_seq=0, deletes="true") == []


async def test_every_pattern_comes_once_in_the_order_of_its_latest_change(
    client: AsyncClient,
) -> None:
    for name in "abcd":
        await store(client, pattern(pattern_id=name, timestamp=f"2025-01-0{ord('e') - ord(name)}"))
    await client.patch("/v1/patterns/b", json={"x": 1})
    lines = await export(client)
    assert [line["pattern_id"] for line in lines] == ["a", "c", "d", "b"]
    assert seqs(lines) == [1, 3, 4, 5]
    for line in lines:
        assert line == (await client.get(f"/v1/patterns/{line['pattern_id']}")).json()


async def test_more_than_one_step_of_them(client: AsyncClient) -> None:
    number = 1234
    await store_all(client, [pattern(data={"retry_count": n}) for n in range(number)])
    lines = await export(client)
    assert [line["data"]["retry_count"] for line in lines] == list(range(number))
    assert seqs(lines) == sorted(set(seqs(lines)))


async def test_an_export_goes_on_after_a_seq(client: AsyncClient) -> None:
    await store_all(client, [pattern(pattern_id=name) for name in "abc"])
    whole = await export(client)
    for place, line in enumerate(whole):
        rest = await export(client, after_seq=line["stored"]["seq"])
        assert rest == whole[place + 1 :]
    assert await export(client, after_seq=10**6) == []
    await client.patch("/v1/patterns/a", json={"x": 1})
    changed = await export(client, after_seq=whole[-1]["stored"]["seq"])
    assert [line["pattern_id"] for line in changed] == ["a"]


async def test_deletions_leave_tombstones_with_a_seq(client: AsyncClient) -> None:
    await store_all(client, [pattern(pattern_id=name) for name in "abc"])
    await client.delete("/v1/patterns/b")
    await store(client, pattern(pattern_id="d"))
    assert [line["pattern_id"] for line in await export(client)] == ["a", "c", "d"]
    lines = await export(client, deletes="true")
    assert lines[2] == {"pattern_id": "b", "deleted": True, "seq": 4}
    assert [line["pattern_id"] for line in lines] == ["a", "c", "b", "d"]
    assert await export(client, after_seq=3, deletes="true") == lines[2:]
    assert await export(client, deletes="false") == await export(client)


async def test_a_copy_kept_up_by_resuming_is_the_store(client: AsyncClient) -> None:
    copy: dict[str, Any] = {}
    last = 0

    async def catch_up() -> None:
        nonlocal last
        for line in await export(client, after_seq=last, deletes="true"):
            if line.get("deleted"):
                copy.pop(line["pattern_id"], None)
            else:
                copy[line["pattern_id"]] = line
            (last,) = seqs([line])

    for round_ in range(6):
        await store_all(client, [pattern(pattern_id=f"r{round_}-{n}") for n in range(5)])
        await catch_up()
        await client.patch(f"/v1/patterns/r{round_}-1", json={"x": round_})
        await client.delete(f"/v1/patterns/r{round_}-2")
        await client.delete("/v1/patterns", params={"pattern_id": f"r{round_}-3"})
        if round_ % 2:
            await store(client, pattern(pattern_id=f"r{round_}-2", again=True))
            await catch_up()
    await catch_up()
    assert copy == {line["pattern_id"]: line for line in await export(client)}


async def test_a_pattern_stored_again_after_its_deletion_ends_up_there(
    client: AsyncClient,
) -> None:
    await store(client, pattern(pattern_id="a"))
    await client.delete("/v1/patterns/a")
    await store(client, pattern(pattern_id="a", x=2))
    lines = await export(client, deletes="true")
    assert [line.get("deleted", False) for line in lines] == [True, False]
    assert seqs(lines) == [2, 3]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"pattern_type": "agent_usage"}, ["agent_usage"]),
        ({"q": "decimal"}, ["user_correction"]),
        ({"agent": "developer"}, ["task_completion", "user_correction"]),
        ({"success": "true", "after_seq": 1}, ["agent_usage"]),
        ({"tags": "none"}, []),
    ],
)
async def test_filters_choose_patterns(
    client: AsyncClient, filters: dict[str, Any], expected: list[str]
) -> None:
    await store_all(client, [pattern(name, pattern_id=name) for name in DATA])
    assert [line["pattern_id"] for line in await export(client, **filters)] == expected


async def test_filters_do_not_hide_deletions(client: AsyncClient) -> None:
    await store_all(client, [pattern(pattern_id="a"), pattern("agent_usage", pattern_id="b")])
    await client.delete("/v1/patterns/a")
    lines = await export(client, pattern_type="agent_usage", deletes="true")
    assert [line["pattern_id"] for line in lines] == ["b", "a"]


async def test_an_export_can_be_sent_back_as_it_is(client: AsyncClient) -> None:
    await store_all(client, [pattern(name, pattern_id=name, x={"y": [1.0]}) for name in DATA])
    await client.patch("/v1/patterns/agent_usage", json={"x": None})
    exported = (await client.get("/v1/export")).content
    again = await client.post("/v1/patterns/batch", content=exported, headers=LINES)
    assert again.json()["duplicates"] == 4
    await client.delete("/v1/patterns", params={"start_date": "0001-01-01"})
    afresh = await client.post("/v1/patterns/batch", content=exported, headers=LINES)
    assert afresh.json()["stored"] == 4
    for line in map(json.loads, exported.splitlines()):
        found = (await client.get(f"/v1/patterns/{line['pattern_id']}")).json()
        assert found | {"stored": 0} == line | {"stored": 0}


async def test_tombstones_in_a_batch_are_no_patterns(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="a"))
    await client.delete("/v1/patterns/a")
    exported = (await client.get("/v1/export", params={"deletes": "true"})).content
    answer = await client.post("/v1/patterns/batch", content=exported, headers=LINES)
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["pattern_id"] == "a"
    problem(await client.get("/v1/patterns/a"), 404)
