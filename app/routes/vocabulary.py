"""What a pattern may be: checked without storing it, and as JSON Schema."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import TypeAdapter
from pydantic_core import to_json
from starlette.responses import Response

from app.errors import InvalidPattern, NoSuchSchema
from app.keys.key import Scope
from app.problems import field_problems
from app.routes.bodies import JSON_TYPES, media_type, read_body
from app.routes.components import JSON, content, examples, refs
from app.routes.direct import DirectRoute, operation
from app.routes.parameters import Parameters, read_parameters
from app.routes.refusals import BODY, PARAMETERS
from app.routes.state import state_of
from app.schemas.answers import FieldProblem, ValidationResult
from app.schemas.fields import PatternType
from app.schemas.json_schema import JsonSchema
from app.schemas.json_text import read_json
from app.schemas.patterns import SHAPES

router = APIRouter(route_class=DirectRoute)

SCHEMA_TYPE = "application/schema+json"


@router.post(
    "/v1/validate",
    **operation(
        "validatePattern",
        "Check a pattern",
        "Says whether a POST would take the pattern, and stores nothing. 200 for any JSON.",
        tag="vocabulary",
        scope=Scope.READ,
        body={JSON: {"schema": {}, "examples": examples("Pattern")}},
        body_description="Any JSON.",
        answers={200: {"description": "The verdict.", "content": content("ValidationResult")}},
        problems=(*PARAMETERS, *BODY),
    ),
)
async def validate_pattern(request: Request) -> Response:
    read_parameters(request, Parameters)
    media_type(request, JSON_TYPES)
    state = state_of(request)
    body = await read_body(request, state.max_pattern_bytes)
    errors: list[FieldProblem] = []
    try:
        state.service.record(read_json(body))
    except InvalidPattern as error:
        errors = field_problems(error)
    answer: ValidationResult = {"valid": not errors, "errors": errors}
    return Response(to_json(answer), media_type=JSON)


@router.get(
    "/v1/schemas/{pattern_type}",
    **operation(
        "getSchema",
        "Read the JSON Schema of a pattern type",
        "What a client sends, as JSON Schema 2020-12.",
        tag="vocabulary",
        scope=Scope.READ,
        parameters=[
            {
                "name": "pattern_type",
                "in": "path",
                "required": True,
                "description": "The type.",
                "schema": {"type": "string", "enum": list(PatternType)},
                "example": "error_occurrence",
            }
        ],
        answers={
            200: {
                "description": "The schema.",
                "content": {
                    SCHEMA_TYPE: {
                        "schema": {"type": "object", "additionalProperties": True},
                        "examples": refs("examples", "JSONSchema"),
                    }
                },
            }
        },
        problems=(*PARAMETERS, NoSuchSchema),
    ),
)
async def get_schema(request: Request) -> Response:
    read_parameters(request, Parameters)
    name = request.path_params["pattern_type"]
    if name not in set(PatternType):
        raise NoSuchSchema(f"{name!r} is no pattern type; these are: {', '.join(PatternType)}.")
    schema: dict[str, Any] = TypeAdapter(SHAPES[PatternType(name)]).json_schema(
        schema_generator=JsonSchema
    )
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return Response(to_json(dialect | schema), media_type=SCHEMA_TYPE)
