"""What was posted comes back: unknown members, nulls, any text and any number."""

import json
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.api.answers import JSON, exactly, store, without
from tests.patterns import pattern

ANYTHING: dict[str, Any] = {
    "null": None,
    "flags": [True, False],
    "zero": 0,
    "fraction": 1.0,
    "small": 1e-300,
    "large": 1.7976931348623157e308,
    "empty": ["", [], {}],
    "deep": {"a": [{"b": {"c": [None]}}]},
    "~/ \"'\\": "odd key",
    "": "empty key",
    "größe": "🙂 日本語 e\u0301 \u200f \ufeff \uffff \U0010ffff",
    "controls": "\x00\x01\t\n\r\x1f\x7f\u2028\u2029",
}

POSTED = pattern(
    "error_occurrence",
    pattern_id="p1",
    timestamp="2025-11-29T10:00:00.000000Z",
    data={"resolution": None, **ANYTHING},
    context={"user_id": None, "metadata": ANYTHING, **ANYTHING},
    version="1.0",
    **ANYTHING,
)


def raw(member: str) -> bytes:
    """A pattern's JSON text with one member of `data`, spelt as it is."""
    return (
        b'{"pattern_id":"p1","pattern_type":"error_occurrence","timestamp":'
        b'"2025-11-29T10:00:00Z","data":{"error_type":"E","error_message":"","x":%b},'
        b'"context":{"x":%b,"metadata":{"x":%b}},"x":%b}' % ((member.encode(),) * 4)
    )


async def post_raw(client: AsyncClient, body: bytes) -> Response:
    response = await client.post("/v1/patterns", content=body, headers=JSON)
    assert response.status_code == 201, response.text
    return response


async def test_unknown_members_are_kept_wherever_they_stand(client: AsyncClient) -> None:
    stored = await store(client, POSTED)
    assert exactly(without(stored, "stored")) == exactly(POSTED)
    found = (await client.get("/v1/patterns/p1")).json()
    queried = (await client.get("/v1/patterns")).json()["items"][0]
    exported = json.loads((await client.get("/v1/export")).text)
    assert exactly(stored) == exactly(found) == exactly(queried) == exactly(exported)


async def test_nulls_stay_nulls_and_absent_fields_stay_absent(client: AsyncClient) -> None:
    posted = pattern(
        "agent_usage", data={"memory_mb": None}, context={"git_branch": None}, unknown=None
    )
    stored = await store(client, posted)
    assert stored["data"] == posted["data"]
    assert stored["context"] == {"git_branch": None}
    assert stored["unknown"] is None


@pytest.mark.parametrize(
    "number",
    [
        "0",
        "-1",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "1" + "0" * 100,
        "-" + "123456789" * 400,
    ],
    ids=lambda number: number[:24],
)
async def test_integers_of_any_size_come_back_digit_by_digit(
    client: AsyncClient, number: str
) -> None:
    created = await post_raw(client, raw(number))
    found = await client.get("/v1/patterns/p1")
    exported = await client.get("/v1/export")
    for answer in (created, found, exported):
        assert answer.text.count(f'"x":{number}') == 4
    again = await client.post("/v1/patterns", content=raw(number), headers=JSON)
    assert again.status_code == 200
    last = "8" if number.endswith("9") else "9"
    other = await client.post("/v1/patterns", content=raw(number[:-1] + last), headers=JSON)
    assert other.status_code == 409, "the last digit makes it another content"


@pytest.mark.parametrize("number", ["1.0", "0.1", "1e2", "1E+2", "-0.0", "5e-324", "1e308"])
async def test_numbers_with_a_fraction_or_an_exponent_keep_value_and_kind(
    client: AsyncClient, number: str
) -> None:
    await post_raw(client, raw(number))
    found = json.loads((await client.get("/v1/patterns/p1")).text)
    assert exactly(found["data"]["x"]) == exactly(json.loads(number))
    assert exactly(found["context"]["metadata"]["x"]) == exactly(json.loads(number))


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ('"\\u00e4\\ud83d\\ude42"', "ä🙂"),
        ('"\\u0000"', "\x00"),
        ('"\\/\\b\\f"', "/\b\f"),
        ('"\\ufffe\\uffff"', "\ufffe\uffff"),
        (" [ 1 , 2 ]\t\r\n", [1, 2]),
    ],
)
async def test_escapes_and_spaces_are_only_a_way_of_spelling(
    client: AsyncClient, spelt: str, meant: object
) -> None:
    await post_raw(client, raw(spelt))
    found = (await client.get("/v1/patterns/p1")).json()
    assert found["x"] == found["data"]["x"] == found["context"]["metadata"]["x"] == meant


async def test_of_duplicate_keys_the_last_counts_at_every_level(client: AsyncClient) -> None:
    body = (
        b'{"pattern_type":"user_correction","pattern_type":"error_occurrence",'
        b'"data":{},"data":{"error_type":1,"error_type":"E","error_message":"m","a":{"b":1,"b":2}},'
        b'"context":[],"context":{"tags":[],"tags":["x"]},"pattern_id":"a","pattern_id":"b"}'
    )
    stored = (await post_raw(client, body)).json()
    assert stored["pattern_id"] == "b"
    assert stored["pattern_type"] == "error_occurrence"
    assert stored["data"] == {"error_type": "E", "error_message": "m", "a": {"b": 2}}
    assert stored["context"] == {"tags": ["x"]}


@pytest.mark.parametrize("name", ["__proto__", "seq", "stored_at", "pattern id", "data.agent"])
async def test_no_name_of_an_unknown_member_is_special(client: AsyncClient, name: str) -> None:
    stored = await store(client, pattern(data={name: 1}, context={name: 2}, **{name: 3}))
    assert (stored["data"][name], stored["context"][name], stored[name]) == (1, 2, 3)


async def test_stored_inside_data_and_context_is_the_clients_own(client: AsyncClient) -> None:
    posted = pattern(data={"stored": {"seq": "mine"}}, context={"stored": None})
    stored = await store(client, posted)
    assert stored["data"] == posted["data"]
    assert stored["context"] == posted["context"]


async def test_sending_back_what_was_read_changes_nothing(client: AsyncClient) -> None:
    await store(client, POSTED)
    read = await client.get("/v1/patterns/p1")
    put = await client.put("/v1/patterns/p1", content=read.content, headers=JSON)
    posted = await client.post("/v1/patterns", content=read.content, headers=JSON)
    batch = await client.post("/v1/patterns/batch", json=[read.json()])
    assert (put.status_code, posted.status_code) == (200, 200)
    assert put.content == posted.content == read.content
    assert put.headers["etag"] == posted.headers["etag"] == read.headers["etag"]
    assert batch.json()["duplicates"] == 1
