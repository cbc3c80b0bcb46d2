"""The members of a pattern itself: which must be there, what they may be, what they default to."""

import json
import uuid
from typing import Any

import pytest
from httpx import AsyncClient

from app.schemas.timestamps import format_timestamp, parse_timestamp
from tests.api.answers import places, store, total
from tests.conftest import Clock
from tests.patterns import DATA, pattern

WRONG: dict[str, list[Any]] = {
    "pattern_type": [None, "", "Task_Completion", "task_completion ", "error", 1, True, [], {}],
    "data": [None, "text", 1, True, [], [{}]],
    "context": [None, "text", 1, False, [], [{}]],
    "version": [None, 1, 1.0, True, [], {}],
    "timestamp": [None, "", 0, 1732900000, 1.5, True, [], {}],
    "pattern_id": [None, "", 1, 1.5, True, [], {}],
}


@pytest.mark.parametrize(
    ("member", "wrong"), [(name, value) for name, values in WRONG.items() for value in values]
)
async def test_members_of_a_wrong_kind_are_refused_by_their_pointer(
    client: AsyncClient, member: str, wrong: object
) -> None:
    refused = await client.post("/v1/patterns", json=pattern() | {member: wrong})
    assert places(refused) == [f"/{member}"]
    assert await total(client) == 0


@pytest.mark.parametrize("member", ["pattern_type", "data"])
async def test_type_and_data_must_be_there(client: AsyncClient, member: str) -> None:
    posted = pattern()
    del posted[member]
    assert places(await client.post("/v1/patterns", json=posted)) == [f"/{member}"]


@pytest.mark.parametrize("body", ["[]", "null", '"text"', "1", "1.5", "true", "[{}]"])
async def test_json_that_is_no_object_is_no_pattern(client: AsyncClient, body: str) -> None:
    refused = await client.post(
        "/v1/patterns", content=body, headers={"Content-Type": "application/json"}
    )
    assert places(refused) == [""]


async def test_data_of_another_type_is_refused(client: AsyncClient) -> None:
    posted = {"pattern_type": "user_correction", "data": DATA["task_completion"]}
    missing = {"/data/original_output", "/data/corrected_output", "/data/correction_type"}
    assert set(places(await client.post("/v1/patterns", json=posted))) == missing


async def test_absent_members_get_their_defaults(client: AsyncClient, clock: Clock) -> None:
    before = clock()
    stored = await store(client, pattern())
    after = clock()
    assert stored.keys() == {
        "pattern_id",
        "pattern_type",
        "timestamp",
        "data",
        "context",
        "version",
        "stored",
    }
    assert stored["context"] == {}
    assert stored["version"] == "1.0"
    assert uuid.UUID(stored["pattern_id"]).version == 7
    assert format_timestamp(before) < stored["timestamp"] < format_timestamp(after)
    assert stored["timestamp"] == stored["stored"]["at"]


async def test_what_the_server_adds_stands_in_stored(client: AsyncClient, clock: Clock) -> None:
    posted = pattern(pattern_id="a", timestamp="2020-01-01T00:00:00Z")
    before = clock()
    stored = (await store(client, posted))["stored"]
    assert stored.keys() == {"at", "seq", "revision"}
    assert stored["revision"] == 1
    assert before < parse_timestamp(stored["at"]) < clock()
    assert type(stored["seq"]) is int
    assert (await store(client, pattern()))["stored"]["seq"] > stored["seq"]


@pytest.mark.parametrize(
    "sent_back",
    [
        {"at": "2001-01-01T00:00:00.000000Z", "seq": 900, "revision": 70},
        {"seq": -1, "revision": "x", "more": [1]},
        {},
        None,
        1,
        "text",
        [],
    ],
)
async def test_stored_is_ignored_when_a_client_sends_it(
    client: AsyncClient, sent_back: Any
) -> None:
    first = await store(client, pattern(pattern_id="first"))
    stored = await store(client, pattern(pattern_id="a", stored=sent_back))
    assert stored["stored"]["revision"] == 1
    assert stored["stored"]["seq"] == first["stored"]["seq"] + 1
    assert not stored["stored"]["at"].startswith("2001")
    again = await client.post("/v1/patterns", json=pattern(pattern_id="a"))
    assert again.status_code == 200, "stored is no part of the content"


async def test_the_four_types_are_all_there_is(client: AsyncClient) -> None:
    for pattern_type in DATA:
        await store(client, pattern(pattern_type))
    counted = (await client.get("/v1/count")).json()
    assert counted["by_type"] == dict.fromkeys(DATA, 1)


async def test_a_version_is_any_string(client: AsyncClient) -> None:
    for version in ("2.0", "next", json.dumps({"odd": True})):
        assert (await store(client, pattern(version=version)))["version"] == version
