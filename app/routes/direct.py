"""Routes that hand the request over as it is, and say by themselves what they take and answer.

FastAPI would read each body and parameter by its own rules and its own errors; the API's are
stricter, and reading the body once, as bytes, is also the faster way.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response

from app.problems import MEDIA_TYPE

Endpoint = Callable[[Request], Awaitable[Response]]

JSON = "application/json"
NDJSON = "application/x-ndjson"

_DESCRIPTIONS = {
    400: "The body is no JSON, or an encoding is broken.",
    403: "Refused: a web page of another origin, or a Host the service does not answer to.",
    404: "It is not there.",
    409: "The id holds another content.",
    410: "Deletions that old are forgotten: start again at `after_seq=0`.",
    412: "The precondition does not hold.",
    413: "Larger than the service takes.",
    415: "The body comes as a type or in a coding that the call does not take.",
    422: "The request breaks the rules named in `errors`.",
    500: "The service failed.",
    503: "The storage does not answer, or the service stops; try again.",
}


class DirectRoute(APIRoute):
    """A route whose endpoint takes the request and returns the response, with nothing between."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        return self.endpoint


def ref(name: str) -> dict[str, str]:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def content(schema: str, media_type: str = JSON, **more: Any) -> dict[str, Any]:
    """A body of one media type with a named schema."""
    return {media_type: {"schema": ref(schema), **more}}


def stream(schema: str, example: str) -> dict[str, Any]:
    """A body of JSON lines, each of a named schema.

    `schema` stands beside OpenAPI 3.2's `itemSchema` for generators that do not know the
    latter: it says what the lines are, taken together.
    """
    return {"schema": {"type": "array", "items": ref(schema)}, "itemSchema": ref(schema),
            "example": example}  # fmt: skip


def header(description: str, example: str, *, required: bool = True) -> dict[str, Any]:
    """A response header that is a string; unless required, some answers do without it."""
    schema = {"type": "string"}
    return {"description": description, "required": required, "schema": schema, "example": example}


def operation(
    operation_id: str,
    summary: str,
    description: str,
    *,
    tag: str,
    answers: Mapping[int, Mapping[str, Any]],
    problems: Sequence[int] = (),
    parameters: Sequence[Mapping[str, Any]] = (),
    body: Mapping[str, Any] | None = None,
    body_description: str = "",
) -> dict[str, Any]:
    """What a route's decorator is told, so that the OpenAPI document says all of it.

    `answers` are OpenAPI's response objects for successes; `problems` the statuses that come
    as problems, beside those which every call can answer.
    """
    responses: dict[str, Any] = {
        str(status): {**answer, "headers": {**answer.get("headers", {}), **_EVERY_ANSWER}}
        for status, answer in answers.items()
    }
    for status in sorted({*problems, 403, 500} - set(answers)):
        responses[str(status)] = {
            "description": _DESCRIPTIONS[status],
            "headers": _EVERY_ANSWER,
            "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
        }
    extra: dict[str, Any] = {"responses": responses}
    if parameters:
        extra["parameters"] = list(parameters)
    if body is not None:
        extra["requestBody"] = {
            "description": body_description,
            "required": True,
            "content": dict(body),
        }
    return {
        "operation_id": operation_id,
        "summary": summary,
        "description": description,
        "tags": [tag],
        "status_code": min(answers),
        "response_class": Response,
        "response_description": answers[min(answers)]["description"],
        "openapi_extra": extra,
    }


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """A parameter model as OpenAPI's parameter objects."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    parameters = []
    for name, entry in schema["properties"].items():
        described = {key: value for key, value in entry.items() if key != "title"}
        match described:  # a query leaves a value out; it cannot say null
            case {"anyOf": [kept, {"type": "null"}], **rest}:
                described = kept | rest
        description = described.pop("description")
        examples = described.pop("examples", [])
        parameter = {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": description,
            "schema": described,
        }
        parameters.append(parameter | ({"example": examples[0]} if examples else {}))
    return parameters


def header_parameter(name: str, description: str, example: str, **schema: Any) -> dict[str, Any]:
    """A request header that may be left out; `schema` says more than that it is a string."""
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", **schema},
        "example": example,
    }


_EVERY_ANSWER = {
    "X-Request-ID": header(
        "The request's id in the service's log: the client's own, or made for it.",
        "0197c2f0-5f0e-7c2a-9a35-2f4a8c3f1b7d",
    )
}
