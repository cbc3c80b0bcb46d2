"""In a batch one bad item costs only itself: the answer says which, and why."""

import json

import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, LINES, found, places, post_batch, store, total
from tests.conftest import Clock
from tests.patterns import ndjson, pattern

BATCH = "/v1/patterns/batch"
GOOD = json.dumps(pattern()).encode()


BAD_VALUES = {
    "a wrong type": (b'{"pattern_type":"agent_usage","data":[]}', "/data"),
    "an unknown type": (b'{"pattern_type":"other","data":{}}', "/pattern_type"),
    "a number": (b"1", ""),
    "null": (b"null", ""),
    "an array": (b"[]", ""),
    "NaN": (GOOD[:-1] + b',"x":NaN}', "/x"),
    "beyond a double": (GOOD[:-1] + b',"x":[1e400]}', "/x/0"),
    "a lone surrogate": (GOOD[:-1] + rb',"x":"\ud800"}', "/x"),
    "a bad id": (GOOD[:-1] + b',"pattern_id":"../x"}', "/pattern_id"),
    "a leap second": (GOOD[:-1] + b',"timestamp":"2016-12-31T23:59:60Z"}', "/timestamp"),
}


@pytest.mark.parametrize(("bad", "pointer"), BAD_VALUES.values(), ids=BAD_VALUES)
@pytest.mark.parametrize("headers", [JSON, LINES], ids=["array", "lines"])
async def test_a_bad_item_among_good_ones_is_named(
    client: AsyncClient, headers: dict[str, str], bad: bytes, pointer: str
) -> None:
    items = [GOOD, bad, GOOD]
    body = b"[" + b",".join(items) + b"]" if headers == JSON else b"\n".join(items)
    counts = await post_batch(client, body, headers)
    assert (counts["received"], counts["stored"], counts["rejected"]) == (3, 2, 1)
    (error,) = counts["errors"]
    assert error.keys() == {"index", "pattern_id", "status", "detail", "errors"}
    assert (error["index"], error["status"]) == (1, 422)
    assert [place["pointer"] for place in error["errors"]] == [pointer]
    assert error["detail"]
    assert await total(client) == 2


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"pattern",
        GOOD[:-1],
        GOOD + GOOD,
        GOOD + b",",
        b"\xff",
        b'{"a":"\x00"}',
        b"\xef\xbb\xbf" + GOOD,
        b"[" + GOOD,
        b"\x00",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
    ],
    ids=repr,
)
async def test_a_line_that_is_no_json_costs_only_that_line(client: AsyncClient, bad: bytes) -> None:
    counts = await post_batch(client, b"\n".join([GOOD, bad, GOOD]), LINES)
    assert (counts["stored"], counts["rejected"]) == (2, 1)
    (error,) = counts["errors"]
    assert (error["index"], error["pattern_id"], error["status"]) == (1, None, 400)
    assert error["errors"] == []


async def test_line_separators_of_unicode_do_not_end_a_line(client: AsyncClient) -> None:
    text = "a\u2028b\u2029c\u0085d"
    line = json.dumps(pattern(pattern_id="p", x=text), ensure_ascii=False).encode()
    assert (await post_batch(client, line, LINES))["stored"] == 1
    assert (await client.get("/v1/patterns/p")).json()["x"] == text


@pytest.mark.parametrize("depth", [300, 100_000])
async def test_a_line_nested_without_end_costs_only_that_line(
    client: AsyncClient, depth: int
) -> None:
    nested = b"[" * depth + b"]" * depth
    counts = await post_batch(client, b"\n".join([GOOD, nested, GOOD]), LINES)
    assert (counts["stored"], counts["errors"][0]["status"]) == (2, 422)


async def test_blank_lines_do_not_count_as_items(client: AsyncClient) -> None:
    counts = await post_batch(client, b"\n\n" + GOOD + b"\n\r\n \n{}\n", LINES)
    assert counts["received"] == 2
    assert counts["errors"][0]["index"] == 1


async def test_errors_name_the_id_and_all_that_is_wrong(client: AsyncClient) -> None:
    bad = pattern("agent_usage", pattern_id="bad-1", data={"duration_ms": -1}, context=[])
    (error,) = (await post_batch(client, ndjson([bad]), LINES))["errors"]
    assert error["pattern_id"] == "bad-1"
    assert {place["pointer"] for place in error["errors"]} == {"/data/duration_ms", "/context"}
    for place in error["errors"]:
        assert place.keys() == {"pointer", "code", "detail"}


async def test_a_conflict_is_named_and_the_others_stored(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="taken"))
    batch = [pattern(pattern_id="a"), pattern(pattern_id="taken", x=1), pattern(pattern_id="b")]
    counts = await post_batch(client, ndjson(batch), LINES)
    (error,) = counts["errors"]
    assert (error["index"], error["pattern_id"], error["status"]) == (1, "taken", 409)
    assert sorted(await found(client)) == ["a", "b", "taken"]


async def test_items_of_one_batch_may_share_an_id(client: AsyncClient) -> None:
    batch = [pattern(pattern_id="a"), pattern(pattern_id="a"), pattern(pattern_id="a", x=1)]
    counts = await post_batch(client, ndjson(batch), LINES)
    assert (counts["stored"], counts["duplicates"], counts["rejected"]) == (1, 1, 1)
    assert counts["errors"][0]["index"] == 2


async def test_errors_are_capped_and_the_rest_counted(client: AsyncClient) -> None:
    lines = [b"{}" if n % 3 else GOOD for n in range(2400)]
    counts = await post_batch(client, b"\n".join(lines), LINES)
    assert (counts["received"], counts["stored"], counts["rejected"]) == (2400, 800, 1600)
    assert len(counts["errors"]) == 1000
    assert counts["errors_omitted"] == 600
    indexes = [error["index"] for error in counts["errors"]]
    assert indexes == [n for n in range(2400) if n % 3][:1000]


async def test_a_thousand_errors_fit(client: AsyncClient) -> None:
    counts = await post_batch(client, b"{}\n" * 1000, LINES)
    assert (len(counts["errors"]), counts["errors_omitted"]) == (1000, 0)


@pytest.mark.parametrize(
    ("choice", "expected", "kept"),
    [
        ("reject", {"stored": 1, "duplicates": 1, "rejected": 1}, {"x": 1, "revision": 1}),
        ("skip", {"stored": 1, "duplicates": 2, "rejected": 0}, {"x": 1, "revision": 1}),
        ("replace", {"stored": 2, "duplicates": 1, "rejected": 0}, {"x": 2, "revision": 2}),
    ],
)
async def test_what_becomes_of_an_id_that_holds_another_content(
    client: AsyncClient, choice: str, expected: dict[str, int], kept: dict[str, int]
) -> None:
    await store(client, pattern(pattern_id="taken", x=1))
    await store(client, pattern(pattern_id="same"))
    batch = [
        pattern(pattern_id="new"),
        pattern(pattern_id="same"),
        pattern(pattern_id="taken", x=2),
    ]
    response = await client.post(f"{BATCH}?on_conflict={choice}", json=batch)
    assert response.json() | expected == response.json()
    taken = (await client.get("/v1/patterns/taken")).json()
    assert {"x": taken["x"], "revision": taken["stored"]["revision"]} == kept
    assert await total(client) == 3


async def test_replacing_cannot_change_what_never_changes(client: AsyncClient) -> None:
    stored = await store(client, pattern(pattern_id="a", timestamp="2025-01-01"))
    batch = [
        pattern("agent_usage", pattern_id="a"),
        pattern(pattern_id="a", timestamp="2025-01-02"),
    ]
    response = await client.post(f"{BATCH}?on_conflict=replace", json=batch)
    errors = response.json()["errors"]
    assert [error["status"] for error in errors] == [422, 422]
    assert [error["errors"][0]["pointer"] for error in errors] == ["/pattern_type", "/timestamp"]
    assert (await client.get("/v1/patterns/a")).json() == stored


async def test_a_retried_replacement_changes_nothing(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="a", x=1))
    batch = [pattern(pattern_id="a", x=2)]
    answers = [await client.post(f"{BATCH}?on_conflict=replace", json=batch) for _ in range(2)]
    assert [answer.json()["stored"] for answer in answers] == [1, 0]
    assert answers[1].json()["duplicates"] == 1
    assert (await client.get("/v1/patterns/a")).json()["stored"]["revision"] == 2


async def test_replacing_twice_in_one_batch_leaves_the_last(client: AsyncClient) -> None:
    batch = [pattern(pattern_id="a", x=n) for n in range(3)]
    await client.post(f"{BATCH}?on_conflict=replace", json=batch)
    assert (await client.get("/v1/patterns/a")).json()["x"] == 2


@pytest.mark.parametrize("bad", ["", "Reject", "ignore", "reject&on_conflict=skip"])
async def test_another_choice_is_refused(client: AsyncClient, bad: str) -> None:
    refused = await client.post(f"{BATCH}?on_conflict={bad}", json=[pattern()])
    assert places(refused) == ["on_conflict"]
    assert await total(client) == 0


async def test_the_answer_counts_what_is_past_its_retention(
    client: AsyncClient, clock: Clock
) -> None:
    ages = ["2026-01-15T11:00:00Z", "2025-10-18T12:00:00Z", "2025-10-17T11:59:00Z", "2001-01-01"]
    batch = [pattern(pattern_id=f"p{n}", timestamp=age) for n, age in enumerate(ages)]
    counts = await post_batch(client, ndjson([*batch, pattern()]), LINES)
    assert (counts["stored"], counts["past_retention"]) == (5, 2)
    again = await post_batch(client, ndjson(batch), LINES)
    assert (again["duplicates"], again["past_retention"]) == (4, 0)
