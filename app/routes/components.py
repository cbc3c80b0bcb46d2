"""What the OpenAPI document names once, and how its calls refer to it."""

from functools import cache
from typing import Any

from app.keys.key import Scope
from app.schemas.patterns import SHAPES

JSON = "application/json"
NDJSON = "application/x-ndjson"


@cache
def ref(name: str, kind: str = "schemas") -> dict[str, str]:
    """A reference to a named schema, or to another kind of component: one object for all."""
    return {"$ref": f"#/components/{kind}/{name}"}


def refs(kind: str, *names: str) -> dict[str, Any]:
    """References to components of one kind, by their names."""
    return {name: ref(name, kind) for name in names}


def content(schema: str, media_type: str = JSON, *, example: str = "") -> dict[str, Any]:
    """A body of one media type with a named schema and its examples, or another one."""
    return {media_type: {"schema": ref(schema), "examples": examples(example or schema)}}


def many(schema: str) -> dict[str, Any]:
    """A JSON array of a named schema."""
    return {
        "schema": {"type": "array", "items": ref(schema)},
        "examples": refs("examples", f"{schema}s"),
    }


def stream(schema: str) -> dict[str, Any]:
    """JSON lines, each of a named schema.

    The array beside OpenAPI 3.2's `itemSchema` is for generators that do not know the latter:
    it says what the lines are, taken together.
    """
    return {**many(schema), "itemSchema": ref(schema)}


def examples(schema: str) -> dict[str, Any]:
    """References to the examples of a named schema; for a pattern, one of each type."""
    if schema not in ("Pattern", "StoredPattern"):
        return refs("examples", schema)
    prefix = schema.removesuffix("Pattern")
    return {str(kind): ref(prefix + shape.__name__, "examples") for kind, shape in SHAPES.items()}


def header(description: str, example: str, *, required: bool = True) -> dict[str, Any]:
    """A response header that is a string; unless required, some answers do without it."""
    schema = {"type": "string"}
    return {"description": description, "required": required, "schema": schema, "example": example}


HEADERS = {
    "X-Request-ID": header(
        "The request's id in the service's log: the client's own, or made for it.",
        "0197c2f0-5f0e-7c2a-9a35-2f4a8c3f1b7d",
    ),
    "WWW-Authenticate": header("How to send a key (RFC 6750).", "Bearer"),
    "Retry-After": header("How many seconds to wait before trying again.", "1"),
    "ETag": header('The state of the pattern: `"revision-seq"`.', '"1-42"'),
    "Location": header("Where the pattern is.", "/v1/patterns/pat-20251129-100000-001"),
}
"""Headers that several calls answer with, by name."""

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key that `pattern-store keys create` printed. Its scope is `read`, "
        "`write` or `admin`, each including those before it; calls name the one they take. "
        "Where the service has no keys, none is needed.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, for clients that cannot send `Authorization`.",
    },
}
"""The ways to send a key."""


def security(scope: Scope) -> list[dict[str, list[str]]]:
    """What a call takes: a key of a scope, sent in one way or the other."""
    return [{name: [scope.value]} for name in SECURITY_SCHEMES]
