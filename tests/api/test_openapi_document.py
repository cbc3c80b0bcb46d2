"""The OpenAPI document is exact, complete, and shows examples that hold."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from app.main import create_app
from app.problems import TABLE
from app.routes.refusals import STORAGE
from app.settings import Settings

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"
DOCUMENT: dict[str, Any] = create_app(Settings(_env_file=None)).openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for path in DOCUMENT["paths"].values()
    for operation in path.values()
}
TYPES: dict[str, str] = {
    pattern_type: reference.rpartition("/")[2]
    for pattern_type, reference in SCHEMAS["Pattern"]["discriminator"]["mapping"].items()
}

WITHOUT_STORAGE = {"validatePattern", "getSchema", "getLifecycle", "getHealth", "getMetrics"}
"""What is answered whether the storage can be read or not."""

each_operation = pytest.mark.parametrize("operation_id", OPERATIONS)
each_type = pytest.mark.parametrize("pattern_type", TYPES)


def validator(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """What checks a value by one of the document's schemas."""
    return jsonschema_rs.validator_for(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": {"schemas": SCHEMAS},
            **schema,
        },
        validate_formats=True,
    )


def resolved(node: Any) -> Any:
    """The node itself, or what it refers to."""
    while isinstance(node, dict) and "$ref" in node:
        reference, node = node["$ref"], DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
    return node


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within a value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from nodes(inner)


def media(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body an operation takes or gives, with words on where that is."""
    bodies = {"request": operation.get("requestBody", {})} | operation["responses"]
    for place, body in bodies.items():
        for media_type, described in body.get("content", {}).items():
            yield f"{place} {media_type}", described


def test_the_committed_document_is_the_apps() -> None:
    command = "pattern-store openapi > openapi/openapi.json"
    assert json.loads(COMMITTED.read_text()) == DOCUMENT, f"write it anew: {command}"


async def test_the_service_serves_it(client: httpx.AsyncClient) -> None:
    assert (await client.get("/openapi.json")).json() == DOCUMENT


@each_operation
def test_describes_each_operation(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    known_tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", operation_id)
    assert operation["summary"]
    assert not operation["summary"].endswith(".")
    assert operation["description"].endswith(".")
    assert len(operation["tags"]) == 1
    assert set(operation["tags"]) <= known_tags
    for answer in operation["responses"].values():
        assert answer["description"]
        assert "X-Request-ID" in answer["headers"]


@each_operation
def test_shows_an_example_of_every_parameter_and_body(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    for parameter in operation.get("parameters", []):
        schema = parameter["schema"]
        tells_all = "enum" in schema or schema.get("type") == "boolean"
        assert parameter["description"]
        assert "example" in parameter or "examples" in schema or tells_all, parameter["name"]
    for place, described in media(operation):
        assert described["examples"], place


@each_operation
def test_its_examples_hold(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    for parameter in operation.get("parameters", []):
        check = validator(parameter["schema"])
        for example in [*parameter["schema"].get("examples", []), parameter.get("example")]:
            assert example is None or check.is_valid(example), parameter["name"]
    for place, described in media(operation):
        for name, example in described["examples"].items():
            errors = validator(described["schema"]).iter_errors(resolved(example)["value"])
            assert not list(errors), (place, name)


@each_operation
def test_answers_each_failure_with_an_example_of_its_status(operation_id: str) -> None:
    for status, answer in OPERATIONS[operation_id]["responses"].items():
        problems = answer.get("content", {}).get("application/problem+json", {})
        for example in problems.get("examples", {}).values():
            assert str(resolved(example)["value"]["status"]) == status


@each_operation
def test_whatever_needs_the_storage_tells_of_each_way_in_which_that_fails(
    operation_id: str,
) -> None:
    failure = OPERATIONS[operation_id]["responses"].get("503", {}).get("content", {})
    for answer in failure.values():
        told = {resolved(example)["value"]["type"] for example in answer["examples"].values()}
        ways = {f"urn:pattern-store:problem:{TABLE[error].name}" for error in STORAGE}
        assert told & ways == (set() if operation_id in WITHOUT_STORAGE else ways)


def test_shows_every_kind_of_problem() -> None:
    shown = {
        example["value"]["type"]
        for example in DOCUMENT["components"]["examples"].values()
        if isinstance(example["value"], dict) and "type" in example["value"]
    }
    assert shown >= {f"urn:pattern-store:problem:{kind.name}" for kind in TABLE.values()}


def test_every_reference_leads_somewhere() -> None:
    references = [node for node in nodes(DOCUMENT) if "$ref" in node]
    assert references
    for reference in references:
        assert resolved(reference)


@each_operation
def test_names_the_scope_of_the_key_it_needs_in_every_way_to_send_one(operation_id: str) -> None:
    ways = OPERATIONS[operation_id].get("security")
    if ways is not None:
        assert {name for way in ways for name in way} == set(
            DOCUMENT["components"]["securitySchemes"]
        )
        (scope,) = {scope for way in ways for scopes in way.values() for scope in scopes}
        assert scope in ("read", "write", "admin")
        assert {"401", "403"} <= OPERATIONS[operation_id]["responses"].keys()
    else:
        assert OPERATIONS[operation_id]["tags"] == ["health"]


def test_every_component_is_referred_to() -> None:
    referred = set(re.findall(r'"(#/components/[^"]+)"', json.dumps(DOCUMENT)))
    for operation in OPERATIONS.values():
        for way in operation.get("security", []):
            referred |= {f"#/components/securitySchemes/{name}" for name in way}
    for kind, components in DOCUMENT["components"].items():
        for name in components:
            assert f"#/components/{kind}/{name}" in referred


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_named_schema_is_described_and_its_example_holds(name: str) -> None:
    schema = SCHEMAS[name]
    assert schema["description"]
    is_a_choice = "oneOf" in schema or "anyOf" in schema
    assert is_a_choice or schema["examples"]
    for example in schema.get("examples", []):
        validator({"$ref": f"#/components/schemas/{name}"}).validate(example)


@each_type
def test_names_the_schemas_of_each_type(pattern_type: str) -> None:
    name = TYPES[pattern_type]
    data = {"$ref": f"#/components/schemas/{name}Data"}
    assert SCHEMAS[name]["properties"]["data"] == data
    assert SCHEMAS[f"Stored{name}"]["properties"]["data"] == data
    assert (
        f"#/components/schemas/Stored{name}"
        in SCHEMAS["StoredPattern"]["discriminator"]["mapping"].values()
    )


@each_type
async def test_takes_the_example_of_each_type(client: httpx.AsyncClient, pattern_type: str) -> None:
    example = SCHEMAS[TYPES[pattern_type]]["examples"][0]
    answer = await client.post("/v1/patterns", json=example)
    assert answer.status_code == 201
    assert answer.json()["data"] == example["data"]
    validator({"$ref": "#/components/schemas/StoredPattern"}).validate(answer.json())


@each_type
async def test_publishes_a_json_schema_that_takes_the_example_and_no_other_type(
    client: httpx.AsyncClient, pattern_type: str
) -> None:
    schema = (await client.get(f"/v1/schemas/{pattern_type}")).json()
    published = jsonschema_rs.validator_for(schema, validate_formats=True)
    for name in TYPES.values():
        is_its_own = name == TYPES[pattern_type]
        assert published.is_valid(SCHEMAS[name]["examples"][0]) is is_its_own
