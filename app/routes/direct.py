"""Routes that hand the request over as it is, and say by themselves what they take and answer.

FastAPI would read each body and parameter by its own rules and its own errors; the API's are
stricter, and reading the body once, as bytes, is also the faster way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response

from app.errors import InsufficientScope, Overloaded, PatternStoreError
from app.keys.key import Caller, Scope
from app.problems import domain_error
from app.routes.components import refs, security
from app.routes.refusals import ANY_CALL, KEYED, refusals
from app.schemas.json_schema import JsonSchema

UNLIMITED = "health"
"""The tag of calls that are answered however many requests are under way."""


class DirectRoute(APIRoute):
    """A route whose endpoint takes the request and returns the response.

    `scope` is what the caller's key must allow, None where no key is needed: the same that the
    OpenAPI document says.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        needed = (self.openapi_extra or {}).get("security")
        self.scope = Scope(*next(iter(needed[0].values()))) if needed else None

    def get_route_handler(self) -> Callable[[Request], Any]:
        return self.answer

    async def answer(self, request: Request) -> Response:
        """What the endpoint answers, or the problem that the request ends in."""
        try:
            caller: Caller = request.scope["caller"]
            if self.scope is not None and self.scope not in caller.scopes:
                raise InsufficientScope(f"This takes a key of the scope {self.scope}.")
            response: Response = await self.endpoint(request)
        except PatternStoreError as error:
            return domain_error(error, request.scope["path"])
        return response


def direct_routes(routers: Iterable[APIRouter]) -> list[DirectRoute]:
    """The direct routes of some routers."""
    return [
        route for router in routers for route in router.routes if isinstance(route, DirectRoute)
    ]


def operation(
    operation_id: str,
    summary: str,
    description: str,
    *,
    tag: str,
    scope: Scope | None,
    answers: Mapping[int, Mapping[str, Any]],
    problems: Sequence[type[Exception]] = (),
    parameters: Sequence[Mapping[str, Any] | type[BaseModel]] = (),
    body: Mapping[str, Any] | None = None,
    body_description: str = "",
    bodyless: bool = False,
) -> dict[str, Any]:
    """What a route's decorator is told, so that the OpenAPI document says all of it.

    `scope` is what the caller's key must allow, None for a call that needs no key.
    `answers` are OpenAPI's response objects, the usual one first; `problems` the errors it can
    end in beside those of every call, told of where `answers` has no word on their status. A
    model among the `parameters` is left to be told of by `complete_parameters`, since that
    takes longer than all else at the service's start.
    """
    told = {
        str(status): {
            **answer,
            "headers": {**refs("headers", "X-Request-ID"), **answer.get("headers", {})},
        }
        for status, answer in answers.items()
    }
    ends = [*problems, *ANY_CALL]
    if scope is not None:
        ends += KEYED
    if tag != UNLIMITED:
        ends.append(Overloaded)
    responses = refusals(ends, bodyless=bodyless) | told
    extra: dict[str, Any] = {"responses": dict(sorted(responses.items()))}
    if scope is not None:
        extra["security"] = security(scope)
    if parameters:
        extra["parameters"] = list(parameters)
    if body is not None:
        extra["requestBody"] = {
            "description": body_description,
            "required": True,
            "content": dict(body),
        }
    usual, *_ = answers
    return {
        "operation_id": operation_id,
        "summary": summary,
        "description": description,
        "tags": [tag],
        "status_code": usual,
        "response_class": Response,
        "response_description": answers[usual]["description"],
        "openapi_extra": extra,
    }


def complete_parameters(routes: Iterable[DirectRoute]) -> None:
    """Have routes tell of each parameter that a model among theirs stands for."""
    for route in routes:
        extra = route.openapi_extra or {}
        if "parameters" in extra:
            extra["parameters"] = [
                parameter
                for entry in extra["parameters"]
                for parameter in ([entry] if isinstance(entry, dict) else _query_parameters(entry))
            ]


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(schema_generator=JsonSchema)
    return [
        _parameter(name, "query", required=name in schema.get("required", ()), **entry)
        for name, entry in schema["properties"].items()
    ]


def header_parameter(name: str, description: str, example: str, **schema: Any) -> dict[str, Any]:
    """A request header that may be left out; `schema` says more than that it is a string."""
    return _parameter(
        name, "header", description=description, type="string", examples=[example], **schema
    )


def _parameter(
    name: str, place: str, *, description: str, required: bool = False, **schema: Any
) -> dict[str, Any]:
    """A parameter object.

    Its example stays in its schema: one beside that would be filled in on the page that shows
    the document, and be sent with every call tried there.
    """
    match schema:  # a query leaves a value out; it cannot say null
        case {"anyOf": [kept, {"type": "null"}], **rest}:
            schema = kept | rest
        case {"anyOf": [*kept, {"type": "null"}], **rest}:
            schema = {"anyOf": kept, **rest}
    if schema.get("default") in (None, []):
        schema.pop("default", None)  # nothing, which is what leaving it out means
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": description,
        "schema": schema,
    }
