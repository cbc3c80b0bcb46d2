"""Each field of the vocabulary takes values of its type, within its limits, and no others."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import exactly, places, problem, store, total
from tests.api.vocabulary import FIELDS, Field
from tests.patterns import pattern

EVERY_FIELD = pytest.mark.parametrize("field", FIELDS, ids=str)


def holding(field: Field, value: Any) -> dict[str, Any]:
    """A pattern that is valid if that value is valid for that field."""
    if field.place == "context":
        return pattern("agent_usage", context={field.name: value})
    return pattern(field.place, data={field.name: value})


def pointer(field: Field) -> str:
    return f"/context/{field.name}" if field.place == "context" else f"/data/{field.name}"


@EVERY_FIELD
async def test_values_that_break_a_fields_rule_are_refused_by_its_pointer(
    client: AsyncClient, field: Field
) -> None:
    for value in field.bad_values():
        refused = await client.post("/v1/patterns", json=holding(field, value))
        assert places(refused) == [pointer(field)], value
    assert await total(client) == 0


@EVERY_FIELD
async def test_values_a_field_allows_come_back_as_they_were_sent(
    client: AsyncClient, field: Field
) -> None:
    for value in field.good_values():
        posted = holding(field, value)
        stored = await store(client, posted)
        found = (await client.get(f"/v1/patterns/{stored['pattern_id']}")).json()
        for answer in (stored, found):
            assert exactly(answer["data"]) == exactly(posted["data"]), value
            assert exactly(answer["context"]) == exactly(posted.get("context", {})), value


@EVERY_FIELD
async def test_only_required_fields_must_be_there(client: AsyncClient, field: Field) -> None:
    posted = pattern("agent_usage" if field.place == "context" else field.place)
    posted["data"].pop(field.name, None)
    response = await client.post("/v1/patterns", json=posted)
    if field.required:
        assert places(response) == [pointer(field)]
        assert problem(response, 422)["errors"][0]["code"] == "required"
    else:
        assert response.status_code == 201
        assert response.json()["data"] == posted["data"]


@pytest.mark.parametrize("field", [field for field in FIELDS if "list" in field.kind], ids=str)
@pytest.mark.parametrize("item", [1, 1.5, True, None, [], {}])
async def test_a_list_of_strings_holds_nothing_else(
    client: AsyncClient, field: Field, item: object
) -> None:
    refused = await client.post("/v1/patterns", json=holding(field, ["a", item]))
    assert places(refused) == [f"{pointer(field)}/1"]


async def test_all_that_is_wrong_is_told_at_once(client: AsyncClient) -> None:
    wrong = {
        "pattern_id": "no/slash",
        "pattern_type": "task_completion",
        "data": {"agent": "", "duration_ms": "2500", "success": 1},
        "context": {"tags": [1]},
        "version": 1.0,
    }
    refused = await client.post("/v1/patterns", json=wrong)
    assert set(places(refused)) == {
        "/pattern_id",
        "/data/task_type",
        "/data/agent",
        "/data/duration_ms",
        "/data/success",
        "/context/tags/0",
        "/version",
    }


async def test_a_field_of_one_type_is_an_unknown_one_in_another(client: AsyncClient) -> None:
    posted = pattern("error_occurrence", data={"duration_ms": "not a number here"})
    assert (await store(client, posted))["data"] == posted["data"]
