"""PATCH applies a JSON merge patch (RFC 7396); what comes out must be a valid pattern."""

import asyncio
import json
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, MERGE_PATCH, exactly, places, problem, store
from tests.patterns import pattern

FIRST = pattern(
    "error_occurrence",
    pattern_id="a",
    timestamp="2025-11-29T10:00:00Z",
    data={"resolution": None, "line_number": 7, "unknown": {"keep": 1, "drop": 2}},
    context={"tags": ["x"], "metadata": {"a": {"b": 1}}},
    version="2",
)

RFC_7396_APPENDIX_A: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize("media_type", [JSON, MERGE_PATCH], ids=["json", "merge-patch"])
async def test_an_agent_adds_the_resolution_it_found(
    client: AsyncClient, media_type: dict[str, str]
) -> None:
    stored = await store(client, FIRST)
    patch = json.dumps({"data": {"resolution": "read it as an int"}})
    patched = await client.patch("/v1/patterns/a", content=patch, headers=media_type)
    assert patched.status_code == 200
    now = patched.json()
    assert now["stored"] == stored["stored"] | {"seq": 2, "revision": 2}
    assert patched.headers["etag"] == '"2-2"'
    expected = stored | {"data": stored["data"] | {"resolution": "read it as an int"}}
    assert exactly(now | {"stored": None}) == exactly(expected | {"stored": None})
    assert (await client.get("/v1/patterns/a")).json() == now


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7396_APPENDIX_A)
async def test_the_examples_of_the_rfc(
    client: AsyncClient, target: Any, patch: Any, result: Any
) -> None:
    await store(client, pattern(pattern_id="a", x=target, data={"x": target}))
    patched = await client.patch("/v1/patterns/a", json={"x": patch, "data": {"x": patch}})
    assert exactly(patched.json()["x"]) == exactly(result)
    assert exactly(patched.json()["data"]["x"]) == exactly(result)


async def test_null_removes(client: AsyncClient) -> None:
    await store(client, FIRST | {"beside": 1})
    patch = {"beside": None, "data": {"line_number": None, "unknown": {"drop": None}, "no": None}}
    patched = (await client.patch("/v1/patterns/a", json=patch)).json()
    assert "beside" not in patched
    assert patched["data"] == {
        "error_type": "TypeError",
        "error_message": "cannot add int and str",
        "resolution": None,
        "unknown": {"keep": 1},
    }


async def test_removed_members_get_their_defaults(client: AsyncClient) -> None:
    await store(client, FIRST)
    patched = (await client.patch("/v1/patterns/a", json={"context": None, "version": None})).json()
    assert patched["context"] == {}
    assert patched["version"] == "1.0"


@pytest.mark.parametrize("name", ["pattern_id", "pattern_type", "timestamp"])
@pytest.mark.parametrize("value", ["b", "task_completion", "2025-11-29T10:00:01Z", None, 1, {}])
async def test_id_type_and_time_never_change(client: AsyncClient, name: str, value: object) -> None:
    stored = await store(client, FIRST)
    assert places(await client.patch("/v1/patterns/a", json={name: value})) == [f"/{name}"]
    assert (await client.get("/v1/patterns/a")).json() == stored


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"data": None}, "/data"),
        ({"data": []}, "/data"),
        ({"data": {"error_type": None}}, "/data/error_type"),
        ({"data": {"error_type": ""}}, "/data/error_type"),
        ({"data": {"line_number": "7"}}, "/data/line_number"),
        ({"context": {"tags": {"0": "y"}}}, "/context/tags"),
        ({"context": {"metadata": 1}}, "/context/metadata"),
        ({"version": 2}, "/version"),
        ([], ""),
        ("text", ""),
        (None, ""),
        (1, ""),
    ],
)
async def test_the_result_must_be_valid(client: AsyncClient, patch: Any, pointer: str) -> None:
    stored = await store(client, FIRST)
    refused = await client.patch("/v1/patterns/a", content=json.dumps(patch), headers=JSON)
    assert places(refused) == [pointer]
    assert (await client.get("/v1/patterns/a")).json() == stored


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"data": {}, "context": {}},
        {"data": {"line_number": 7}},
        {"data": {"not_there": None}},
        {"stored": None},
        {"stored": {"revision": 9}},
        {"pattern_id": "a", "pattern_type": "error_occurrence"},
        {"timestamp": "2025-11-29T11:00:00+01:00"},
    ],
)
async def test_a_patch_that_changes_nothing_keeps_revision_and_seq(
    client: AsyncClient, patch: dict[str, Any]
) -> None:
    stored = await store(client, FIRST)
    patched = await client.patch("/v1/patterns/a", json=patch)
    assert patched.status_code == 200
    assert patched.json() == stored


async def test_what_is_not_there_cannot_be_patched(client: AsyncClient) -> None:
    problem(await client.patch("/v1/patterns/a", json={}), 404)


async def test_patches_of_different_fields_at_once_all_survive(client: AsyncClient) -> None:
    await store(client, FIRST)
    patches = [
        client.patch("/v1/patterns/a", json={"context": {"metadata": {f"agent-{n}": n}}})
        for n in range(20)
    ]
    answers = await asyncio.gather(*patches)
    assert {answer.status_code for answer in answers} == {200}
    now = (await client.get("/v1/patterns/a")).json()
    assert now["context"]["metadata"] == {"a": {"b": 1}} | {f"agent-{n}": n for n in range(20)}
    revisions = sorted(answer.json()["stored"]["revision"] for answer in answers)
    assert revisions == list(range(2, 22))
    assert len({answer.headers["etag"] for answer in answers}) == 20


async def test_a_patched_pattern_is_found_by_what_it_holds_now(client: AsyncClient) -> None:
    await store(client, FIRST)
    await client.patch(
        "/v1/patterns/a", json={"data": {"resolution": "Quux"}, "context": {"tags": ["y"]}}
    )
    for filters, expected in (
        ({"q": "quux"}, 1),
        ({"q": "add"}, 1),
        ({"tags": "y"}, 1),
        ({"tags": "x"}, 0),
    ):
        assert (await client.get("/v1/count", params=filters)).json()["count"] == expected, filters
