"""What a pattern may be, asked of the service: `POST /v1/validate` and `GET /v1/schemas/…`."""

import json
from typing import Any

import jsonschema_rs
import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, places, problem, total
from tests.api.vocabulary import FIELDS, Field
from tests.patterns import DATA, pattern

TYPES = list(DATA)


async def validate(client: AsyncClient, value: Any) -> dict[str, Any]:
    response = await client.post("/v1/validate", content=json.dumps(value), headers=JSON)
    assert response.status_code == 200
    verdict: dict[str, Any] = response.json()
    return verdict


@pytest.mark.parametrize("pattern_type", TYPES)
async def test_a_valid_pattern_is_said_to_be_valid_and_not_stored(
    client: AsyncClient, pattern_type: str
) -> None:
    assert await validate(client, pattern(pattern_type)) == {"valid": True, "errors": []}
    assert await total(client) == 0


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "text", [], [pattern()], {}])
async def test_any_json_gets_a_verdict(client: AsyncClient, value: object) -> None:
    verdict = await validate(client, value)
    assert verdict["valid"] is False
    assert verdict["errors"]


async def test_a_verdict_names_what_a_post_would_refuse(client: AsyncClient) -> None:
    wrong = pattern(pattern_id="a b", data={"duration_ms": "1"}, context={"tags": "x"})
    verdict = await validate(client, wrong)
    refused = await client.post("/v1/patterns", json=wrong)
    assert verdict["errors"] == problem(refused, 422)["errors"]
    assert set(places(refused)) == {"/pattern_id", "/data/duration_ms", "/context/tags"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"{} {}"])
async def test_what_is_no_json_gets_no_verdict(client: AsyncClient, body: bytes) -> None:
    problem(await client.post("/v1/validate", content=body, headers=JSON), 400)


async def test_an_id_that_is_taken_is_still_valid(client: AsyncClient) -> None:
    await client.post("/v1/patterns", json=pattern(pattern_id="a"))
    assert (await validate(client, pattern(pattern_id="a", data={"agent": "x"})))["valid"] is True


async def schema_of(client: AsyncClient, pattern_type: str) -> jsonschema_rs.Draft202012Validator:
    response = await client.get(f"/v1/schemas/{pattern_type}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/schema+json"
    schema = response.json()
    jsonschema_rs.meta.validate(schema)
    return jsonschema_rs.Draft202012Validator(schema)


@pytest.mark.parametrize("pattern_type", TYPES)
async def test_each_type_has_a_json_schema_that_stands_by_itself(
    client: AsyncClient, pattern_type: str
) -> None:
    schema = await schema_of(client, pattern_type)
    full = pattern(
        pattern_type, pattern_id="a", timestamp="2025-01-01T00:00:00Z", context={}, version="1.0",
        unknown=[None],
    )  # fmt: skip
    assert schema.is_valid(full)
    assert schema.is_valid(pattern(pattern_type))
    assert not schema.is_valid({**full, "pattern_id": "a/b"})
    assert not schema.is_valid({**full, "pattern_type": "other"})


def by_schema(field: Field) -> bool:
    """Whether JSON Schema can say the rule: its formats need not be asserted, 1.0 is an integer."""
    return field.kind != "iso8601"


@pytest.mark.parametrize("field", [field for field in FIELDS if by_schema(field)], ids=str)
async def test_the_schema_allows_what_the_service_takes(client: AsyncClient, field: Field) -> None:
    pattern_type = "agent_usage" if field.place == "context" else field.place
    schema = await schema_of(client, pattern_type)

    def holding(value: object) -> dict[str, Any]:
        members = {field.name: value}
        if field.place == "context":
            return pattern(pattern_type, context=members)
        return pattern(pattern_type, data=members)

    refused = [value for value in field.bad_values() if not is_whole(value)]
    assert [value for value in refused if schema.is_valid(holding(value))] == []
    assert [value for value in field.good_values() if not schema.is_valid(holding(value))] == []
    if field.required:
        posted = holding("any")
        del posted["data"][field.name]
        assert not schema.is_valid(posted)


def is_whole(value: object) -> bool:
    """Whether JSON Schema takes a value for an integer that JSON spells with a fraction."""
    return isinstance(value, float) and value.is_integer()


@pytest.mark.parametrize("name", ["errors", "Task_Completion", "task_completion ", "context"])
async def test_another_name_has_no_schema(client: AsyncClient, name: str) -> None:
    refused = problem(await client.get(f"/v1/schemas/{name}"), 404)
    assert all(pattern_type in json.dumps(refused) for pattern_type in TYPES)
